import type { WarehouseTarget } from '../../stores/warehouse/redshift-data.ts'
import { environmentOf } from '../environment.ts'

/** What the serving function is told by its stage. */
export interface ServingEnvironment {
  readonly dataBucket: string
  readonly streamName: string
  readonly warehouse: WarehouseTarget
  /** host:port */
  readonly cacheEndpoint: string
  readonly cacheTls: boolean
  /** How long speed rows are kept at least, and how much further back than the live dataset's age they are asked for. */
  readonly speedRetentionMs: number
  readonly entityOverlapMs: number
  readonly endpointUrl: string | undefined
}

/** @throws where a variable is missing: the function must not start half configured. */
export const readEnvironment = (env: NodeJS.ProcessEnv): ServingEnvironment => {
  const { needed, number, oneOf, warehouse, s3Endpoint } = environmentOf('serving', env)
  return {
    dataBucket: needed('DATA_BUCKET'),
    streamName: needed('STREAM_NAME'),
    warehouse: warehouse(),
    cacheEndpoint: needed('CACHE_ENDPOINT'),
    cacheTls: oneOf('CACHE_TLS', ['true', 'false']) === 'true',
    speedRetentionMs: number('SPEED_RETENTION_HOURS') * 3_600_000,
    entityOverlapMs: number('ENTITY_OVERLAP_HOURS') * 3_600_000,
    endpointUrl: s3Endpoint,
  }
}
