import type { Ports } from './ports.ts'

/** Where the laptop stage's parts answer. */
export interface StageUrls {
  readonly emulator: string
  readonly warehouse: string
  readonly postgres: string
  readonly spark: string
  readonly valkey: string
  /** The HTTP API; missing until it is deployed. */
  readonly api?: string
}

export const urlsOf = (ports: Ports): StageUrls => ({
  emulator: `http://127.0.0.1:${ports.emulator}`,
  warehouse: `http://127.0.0.1:${ports.warehouse}`,
  postgres: `postgresql://tidemark@127.0.0.1:${ports.postgres}/tidemark`,
  spark: `http://127.0.0.1:${ports.spark}`,
  valkey: `redis://127.0.0.1:${ports.valkey}`,
})

/** The emulator knows any region and one account; nothing real is ever named by these. */
export const localRegion = 'us-east-1'
export const localAccount = '000000000000'

/** This process's environment without any word of a real account, pointed at the laptop stage. */
export const localEnvironment = (ports: Ports): NodeJS.ProcessEnv => {
  const urls = urlsOf(ports)
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_') && !name.startsWith('CDK_'))
  return {
    ...Object.fromEntries(inherited),
    TIDEMARK_PORT: String(ports.emulator),
    AWS_REGION: localRegion,
    AWS_DEFAULT_REGION: localRegion,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    AWS_ENDPOINT_URL: urls.emulator,
    AWS_ENDPOINT_URL_REDSHIFT_DATA: urls.warehouse,
    AWS_ENDPOINT_URL_EMR_SERVERLESS: urls.spark,
  }
}
