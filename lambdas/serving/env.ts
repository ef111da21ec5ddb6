import type { WarehouseTarget } from '../../stores/warehouse/redshift-data.ts'

/** What the serving function is told by its stage. */
export interface ServingEnvironment {
  readonly dataBucket: string
  readonly streamName: string
  readonly warehouse: WarehouseTarget
  /** host:port */
  readonly cacheEndpoint: string
  readonly cacheTls: boolean
  readonly endpointUrl: string | undefined
}

/** @throws where a variable is missing: the function must not start half configured. */
export const readEnvironment = (env: NodeJS.ProcessEnv): ServingEnvironment => {
  const needed = (name: string): string => {
    const value = env[name]
    if (!value) throw new Error(`The serving function needs ${name}.`)
    return value
  }
  return {
    dataBucket: needed('DATA_BUCKET'),
    streamName: needed('STREAM_NAME'),
    warehouse: {
      workgroup: needed('WAREHOUSE_WORKGROUP'),
      database: needed('WAREHOUSE_DATABASE'),
      secretArn: env.WAREHOUSE_SECRET_ARN ?? null,
    },
    cacheEndpoint: needed('CACHE_ENDPOINT'),
    cacheTls: needed('CACHE_TLS') === 'true',
    endpointUrl: env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL,
  }
}
