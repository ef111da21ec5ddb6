import type { environmentOf } from '../environment.ts'

/** What both speed functions need to tell duplicates. */
export interface DuplicatesEnvironment {
  /** host:port */
  readonly cacheEndpoint: string
  readonly cacheTls: boolean
  /** Its shards' parents hold what came before. */
  readonly streamName: string
  readonly duplicatesWindowMs: number
}

/** @throws where a variable is missing, or no number, or neither true nor false */
export const duplicatesEnvironment = ({
  needed,
  oneOf,
  number,
}: ReturnType<typeof environmentOf>): DuplicatesEnvironment => {
  const seconds = number('DUPLICATES_WINDOW_SECONDS')
  if (seconds < 1) throw new Error(`DUPLICATES_WINDOW_SECONDS is ${seconds}; it must be 1 at least.`)
  return {
    cacheEndpoint: needed('CACHE_ENDPOINT'),
    cacheTls: oneOf('CACHE_TLS', ['true', 'false']) === 'true',
    streamName: needed('STREAM_NAME'),
    duplicatesWindowMs: Math.round(seconds * 1000),
  }
}
