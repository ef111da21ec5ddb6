import { CfnCustomResource, FileSystem } from 'aws-cdk-lib'
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events'
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets'
import { Grant } from 'aws-cdk-lib/aws-iam'
import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Asset } from 'aws-cdk-lib/aws-s3-assets'
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler'
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets'
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions'
import { Construct } from 'constructs'
import type { Assets } from '../assets.ts'
import type { SparkEngine } from '../backing/spark.ts'
import { type Warehouse, warehouseEnvironment } from '../backing/warehouse.ts'
import { RecomputeMachine } from '../recompute-machine.ts'
import type { Stage } from '../stages.ts'
import { TidemarkFunction } from '../tidemark-function.ts'

interface BatchProps {
  readonly stage: Stage
  readonly assets: Assets
  readonly stream: IStream
  readonly bucket: IBucket
  readonly warehouse: Warehouse
  readonly spark: SparkEngine
}

/** Recomputes the exact answer from the archive, and brings the warehouse to the model's shape. */
export class Batch extends Construct {
  /** Done once the warehouse has the model's tables and views. */
  readonly migration: CfnCustomResource
  readonly stateMachine: StateMachine
  readonly function: TidemarkFunction

  constructor(scope: Construct, id: string, props: BatchProps) {
    super(scope, id)
    const { stage } = props
    this.migration = this.addMigration(props)
    this.function = this.addFunction(props)
    this.function.node.addDependency(this.migration)
    this.stateMachine = new RecomputeMachine(this, 'Recompute', { stage, batch: this.function }).machine
    this.addStoppedRule()
    this.addSchedule(stage)
  }

  /** The function speaks CloudFormation's custom resource protocol itself. A new model, or new code, makes it run again. */
  private addMigration({ stage, assets, bucket, warehouse }: BatchProps): CfnCustomResource {
    const name = 'migrate'
    const migrate = new TidemarkFunction(this, 'Migrate', {
      stage,
      assets,
      name,
      size: stage.migrate,
      environment: {
        DATA_BUCKET: bucket.bucketName,
        ...warehouseEnvironment(warehouse),
        WAREHOUSE_DIALECT: stage.warehouseDialect,
      },
    })
    bucket.grantRead(migrate, 'models/*')
    bucket.grantPut(migrate, 'models/*')
    warehouse.grantStatements(migrate)
    const migration = new CfnCustomResource(this, 'Migration', {
      serviceToken: migrate.functionArn,
      serviceTimeout: stage.migrate.timeout.toSeconds(),
    })
    migration.addPropertyOverride('ModelVersion', assets.modelVersion)
    migration.addPropertyOverride('CodeHash', FileSystem.fingerprint(assets.lambda(name)))
    // Its rights too: without them the first deploy could run it too early.
    if (migrate.role) migration.node.addDependency(migrate.role)
    return migration
  }

  private addFunction(props: BatchProps): TidemarkFunction {
    const { stage, assets, stream, bucket, warehouse, spark } = props
    const job = new Asset(this, 'SparkJob', { path: assets.sparkJob })
    const worker = new Asset(this, 'SparkWorker', { path: assets.sparkWorker })
    if (spark.jobRole) for (const asset of [job, worker]) asset.grantRead(spark.jobRole)
    const batch = new TidemarkFunction(this, 'Function', {
      stage,
      assets,
      name: 'batch',
      size: stage.batch,
      environment: {
        DATA_BUCKET: bucket.bucketName,
        STREAM_NAME: stream.streamName,
        WAREHOUSE_COPY_ROLE_ARN: warehouse.copyRoleArn,
        WAREHOUSE_DIALECT: stage.warehouseDialect,
        ...warehouseEnvironment(warehouse),
        SPARK_APPLICATION_ID: spark.applicationId,
        SPARK_ROLE_ARN: spark.jobRoleArn,
        SPARK_JOB_URI: job.s3ObjectUrl,
        SPARK_WORKER_URI: worker.s3ObjectUrl,
        SPARK_SUBMIT_PARAMETERS: stage.spark.submitParameters,
        RECOMPUTE_LIMIT_MINUTES: String(stage.recompute.timeLimit.toMinutes()),
        RECOMPUTE_SILENT_MINUTES: String(stage.recompute.silentAfter.toMinutes()),
        SPARK_TIMEOUT_MINUTES: String(stage.spark.timeLimit.toMinutes()),
        SPEED_RETENTION_HOURS: String(stage.recompute.speedRetention.toHours()),
        DUPLICATES_WINDOW_SECONDS: String(stage.duplicatesWindow.toSeconds()),
        MAX_DRIFT: String(stage.recompute.maxDrift),
      },
    })
    bucket.grantRead(batch)
    for (const written of ['jobs/*', 'manifests/*', 'staging/*', 'exclusions/*', 'models/*'])
      bucket.grantPut(batch, written)
    bucket.grantDelete(batch, 'staging/*')
    Grant.addToPrincipal({
      grantee: batch,
      actions: ['kinesis:ListShards', 'kinesis:DescribeStreamSummary'],
      resourceArns: [stream.streamArn],
    })
    warehouse.grantStatements(batch)
    spark.grantJobs(batch)
    return batch
  }

  /** An execution stopped from outside runs no step of its own, so its job would go on. */
  private addStoppedRule(): void {
    const status = EventField.fromPath('$.detail.status')
    new Rule(this, 'Stopped', {
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [this.stateMachine.stateMachineArn], status: ['ABORTED', 'TIMED_OUT', 'FAILED'] },
      },
      targets: [
        new LambdaFunction(this.function, {
          event: RuleTargetInput.fromObject({
            step: 'recordFailure',
            executionName: EventField.fromPath('$.detail.name'),
            // The event's own cause is null for an execution that was aborted or timed out.
            error: { Error: status, Cause: `The execution ended as ${status}.` },
          }),
        }),
      ],
    })
  }

  private addSchedule({ recompute }: Stage): void {
    new Schedule(this, 'Schedule', {
      schedule: ScheduleExpression.rate(recompute.every),
      enabled: recompute.scheduled,
      target: new StepFunctionsStartExecution(this.stateMachine, {
        input: ScheduleTargetInput.fromText(JSON.stringify({ full: false, promote: true, reloadDatasetId: null })),
      }),
    })
  }
}
