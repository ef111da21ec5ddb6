import { environmentOf } from '../environment.ts'

/** What the speed-window function is told by its stage. */
export interface WindowEnvironment {
  /** host:port */
  readonly cacheEndpoint: string
  readonly cacheTls: boolean
}

/** @throws where a variable is missing or says neither true nor false. */
export const readEnvironment = (env: NodeJS.ProcessEnv): WindowEnvironment => {
  const { needed, oneOf } = environmentOf('speed-window', env)
  return { cacheEndpoint: needed('CACHE_ENDPOINT'), cacheTls: oneOf('CACHE_TLS', ['true', 'false']) === 'true' }
}
