import type { WarehouseTarget } from '../../stores/warehouse/redshift-data.ts'
import { environmentOf } from '../environment.ts'

/** What the speed-table function is told by its stage. */
export interface TableEnvironment {
  readonly dataBucket: string
  readonly warehouse: WarehouseTarget
  readonly copyRoleArn: string
  readonly endpointUrl: string | undefined
}

/** @throws where a variable is missing: the function must not start half configured. */
export const readEnvironment = (env: NodeJS.ProcessEnv): TableEnvironment => {
  const { needed, warehouse, s3Endpoint } = environmentOf('speed-table', env)
  return {
    dataBucket: needed('DATA_BUCKET'),
    warehouse: warehouse(),
    copyRoleArn: needed('WAREHOUSE_COPY_ROLE_ARN'),
    endpointUrl: s3Endpoint,
  }
}
