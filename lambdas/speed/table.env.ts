import type { WarehouseTarget } from '../../stores/warehouse/redshift-data.ts'

/** What the speed-table function is told by its stage. */
export interface TableEnvironment {
  readonly dataBucket: string
  readonly warehouse: WarehouseTarget
  readonly copyRoleArn: string
  readonly endpointUrl: string | undefined
}

/** @throws where a variable is missing: the function must not start half configured. */
export const readEnvironment = (env: NodeJS.ProcessEnv): TableEnvironment => {
  const needed = (name: string): string => {
    const value = env[name]
    if (!value) throw new Error(`The speed-table function needs ${name}.`)
    return value
  }
  return {
    dataBucket: needed('DATA_BUCKET'),
    warehouse: {
      workgroup: needed('WAREHOUSE_WORKGROUP'),
      database: needed('WAREHOUSE_DATABASE'),
      secretArn: env.WAREHOUSE_SECRET_ARN ?? null,
    },
    copyRoleArn: needed('WAREHOUSE_COPY_ROLE_ARN'),
    endpointUrl: env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL,
  }
}
