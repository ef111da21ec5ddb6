import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Ports, portsFrom } from '../localstack/ports.ts'

export type Environment = Record<string, string | undefined>

export const localStage = 'local'
/** The laptop stage's emulator knows any region; this one is in every test and example of AWS. */
const localRegion = 'us-east-1'

/** Where the laptop stage keeps its state. */
export const homeOf = (env: Environment, cwd: string): string => resolve(cwd, env.TIDEMARK_HOME ?? '.tidemark')

/** The ports of the stage that is up in `home`, else those that are configured. */
export const portsOf = (env: Environment, home: string): Ports => {
  if (env.TIDEMARK_PORT !== undefined) return portsFrom(env.TIDEMARK_PORT)
  const running = readStageFile(home)
  return running === null ? portsFrom(undefined) : running
}

const readStageFile = (home: string): Ports | null => {
  const path = join(home, 'stage.json')
  try {
    const { ports } = JSON.parse(readFileSync(path, 'utf8')) as { ports?: Ports }
    return ports?.emulator === undefined ? null : ports
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Error(`${path} can't be read; \`tidemark local down\` and \`local up\` write it anew.`, { cause: error })
  }
}

/**
 * Points the SDK at the laptop stage, with credentials that mean nothing anywhere else. Whatever else the environment
 * names (a profile, a session) is taken out of it, so that no command for the laptop ever reaches an account.
 */
export const localAwsEnvironment = (ports: Ports): Environment => ({
  AWS_REGION: localRegion,
  AWS_DEFAULT_REGION: localRegion,
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_ENDPOINT_URL: `http://127.0.0.1:${ports.emulator}`,
  AWS_ENDPOINT_URL_REDSHIFT_DATA: `http://127.0.0.1:${ports.warehouse}`,
  AWS_ENDPOINT_URL_EMR_SERVERLESS: `http://127.0.0.1:${ports.spark}`,
})

export const applyEnvironment = (target: Environment, changes: Environment): void => {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete target[name]
    else target[name] = value
  }
}
