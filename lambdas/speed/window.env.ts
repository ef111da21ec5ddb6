/** What the speed-window function is told by its stage. */
export interface WindowEnvironment {
  /** host:port */
  readonly cacheEndpoint: string
  readonly cacheTls: boolean
}

/** @throws where a variable is missing or says neither true nor false. */
export const readEnvironment = (env: NodeJS.ProcessEnv): WindowEnvironment => {
  const { CACHE_ENDPOINT, CACHE_TLS } = env
  if (!CACHE_ENDPOINT) throw new Error('The speed-window function needs CACHE_ENDPOINT, the host:port of Valkey.')
  if (CACHE_TLS !== 'true' && CACHE_TLS !== 'false')
    throw new Error(`The speed-window function needs CACHE_TLS, true or false; it is ${CACHE_TLS ?? 'missing'}.`)
  return { cacheEndpoint: CACHE_ENDPOINT, cacheTls: CACHE_TLS === 'true' }
}
