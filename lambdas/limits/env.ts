import { type Dialect, dialects } from '../../sql/table.ts'
import type { WarehouseTarget } from '../../stores/warehouse/redshift-data.ts'
import { environmentOf } from '../environment.ts'

/** What the limits function is told by its stage. */
export interface LimitsEnvironment {
  readonly stage: string
  readonly dataBucket: string
  readonly warehouse: WarehouseTarget
  readonly dialect: Dialect
  readonly endpointUrl: string | undefined
}

/** @throws where a variable is missing: the function must not start half configured. */
export const readEnvironment = (env: NodeJS.ProcessEnv): LimitsEnvironment => {
  const { needed, oneOf, warehouse, s3Endpoint } = environmentOf('limits', env)
  return {
    stage: needed('TIDEMARK_STAGE'),
    dataBucket: needed('DATA_BUCKET'),
    warehouse: warehouse(),
    dialect: oneOf('WAREHOUSE_DIALECT', dialects),
    endpointUrl: s3Endpoint,
  }
}
