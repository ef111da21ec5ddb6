import { type Dialect, dialects } from '../../sql/table.ts'
import type { SparkApplication } from '../../stores/jobs/emr-serverless.ts'
import type { WarehouseTarget } from '../../stores/warehouse/redshift-data.ts'
import { environmentOf } from '../environment.ts'

/** What the batch function is told by its stage. */
export interface BatchEnvironment {
  readonly dataBucket: string
  readonly streamName: string
  readonly warehouse: WarehouseTarget
  readonly dialect: Dialect
  readonly copyRoleArn: string
  readonly spark: SparkApplication
  readonly executionLimitMs: number
  readonly silentAfterMs: number
  readonly speedRetentionMs: number
  readonly duplicatesWindowMs: number
  readonly maxDrift: number
  readonly endpointUrl: string | undefined
}

/** @throws where a variable is missing or no number: the function must not start half configured. */
export const readEnvironment = (env: NodeJS.ProcessEnv): BatchEnvironment => {
  const { needed, number, oneOf, warehouse, s3Endpoint } = environmentOf('batch', env)
  return {
    dataBucket: needed('DATA_BUCKET'),
    streamName: needed('STREAM_NAME'),
    warehouse: warehouse(),
    dialect: oneOf('WAREHOUSE_DIALECT', dialects),
    copyRoleArn: needed('WAREHOUSE_COPY_ROLE_ARN'),
    spark: {
      applicationId: needed('SPARK_APPLICATION_ID'),
      roleArn: needed('SPARK_ROLE_ARN'),
      jobUri: needed('SPARK_JOB_URI'),
      workerUri: needed('SPARK_WORKER_URI'),
      submitParameters: env.SPARK_SUBMIT_PARAMETERS ?? '',
      timeoutMinutes: number('SPARK_TIMEOUT_MINUTES'),
    },
    executionLimitMs: number('RECOMPUTE_LIMIT_MINUTES') * 60_000,
    silentAfterMs: number('RECOMPUTE_SILENT_MINUTES') * 60_000,
    speedRetentionMs: number('SPEED_RETENTION_HOURS') * 3_600_000,
    duplicatesWindowMs: Math.round(number('DUPLICATES_WINDOW_SECONDS') * 1000),
    maxDrift: number('MAX_DRIFT'),
    endpointUrl: s3Endpoint,
  }
}
