import type { WarehouseTarget } from '../../stores/warehouse/redshift-data.ts'
import { environmentOf } from '../environment.ts'
import { type DuplicatesEnvironment, duplicatesEnvironment } from './duplicates.env.ts'

/** What the speed-table function is told by its stage. */
export interface TableEnvironment extends DuplicatesEnvironment {
  readonly dataBucket: string
  readonly warehouse: WarehouseTarget
  readonly copyRoleArn: string
  readonly endpointUrl: string | undefined
}

/** @throws where a variable is missing: the function must not start half configured. */
export const readEnvironment = (env: NodeJS.ProcessEnv): TableEnvironment => {
  const from = environmentOf('speed-table', env)
  const { needed, warehouse, s3Endpoint } = from
  return {
    ...duplicatesEnvironment(from),
    dataBucket: needed('DATA_BUCKET'),
    warehouse: warehouse(),
    copyRoleArn: needed('WAREHOUSE_COPY_ROLE_ARN'),
    endpointUrl: s3Endpoint,
  }
}
