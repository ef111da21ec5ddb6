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
  readonly endpointUrl: string | undefined
}

/** @throws where a variable is missing: the function must not start half configured. */
export const readEnvironment = (env: NodeJS.ProcessEnv): ServingEnvironment => {
  const { needed, oneOf, warehouse, s3Endpoint } = environmentOf('serving', env)
  return {
    dataBucket: needed('DATA_BUCKET'),
    streamName: needed('STREAM_NAME'),
    warehouse: warehouse(),
    cacheEndpoint: needed('CACHE_ENDPOINT'),
    cacheTls: oneOf('CACHE_TLS', ['true', 'false']) === 'true',
    endpointUrl: s3Endpoint,
  }
}
