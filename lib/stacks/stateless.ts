import { CfnOutput, Stack } from 'aws-cdk-lib'
import type { Construct } from 'constructs'
import type { Assets } from '../assets.ts'
import { outsideSpark, ServerlessSpark } from '../backing/spark.ts'
import { Alarms } from '../layers/alarms.ts'
import { Archive } from '../layers/archive.ts'
import { Batch } from '../layers/batch.ts'
import { Limits } from '../layers/limits.ts'
import { Serving } from '../layers/serving.ts'
import { Speed } from '../layers/speed.ts'
import type { Stage } from '../stages.ts'
import type { StatefulStack } from './stateful.ts'

interface StatelessProps {
  readonly stage: Stage
  readonly stateful: StatefulStack
  readonly assets: Assets
}

/** All that runs: it can be deleted and deployed again without losing anything. */
export class StatelessStack extends Stack {
  constructor(scope: Construct, id: string, { stage, stateful, assets }: StatelessProps) {
    super(scope, id, {
      stackName: `tidemark-${stage.name}-stateless`,
      description: 'Tidemark: the functions, the recompute and the API',
    })
    const { stream, bucket, warehouse, cache } = stateful
    const spark =
      stage.spark.kind === 'outside'
        ? outsideSpark(stage.spark)
        : new ServerlessSpark(this, 'Spark', { stage, settings: stage.spark, bucket })
    const archive = new Archive(this, 'Archive', { stage, assets, stream, bucket })
    const batch = new Batch(this, 'Batch', { stage, assets, stream, bucket, warehouse, spark })
    const { migration } = batch
    const speed = new Speed(this, 'Speed', { stage, assets, stream, bucket, warehouse, cache, migration })
    const serving = new Serving(this, 'Serving', { stage, assets, stream, bucket, warehouse, cache, migration })
    const limits = assets.hasLimits
      ? new Limits(this, 'Limits', { stage, assets, bucket, warehouse, migration }).function
      : null
    if (stage.alarms !== null) {
      const consumers = { Archive: archive.function, SpeedTable: speed.table, SpeedWindow: speed.window }
      const { stateMachine } = batch
      const batchLog = batch.function.logGroup
      const settings = stage.alarms
      const { topic } = new Alarms(this, 'Alarms', {
        stage,
        settings,
        stream,
        consumers,
        stateMachine,
        batchLog,
        limits,
      })
      this.addOutputs({ AlarmTopicArn: topic.topicArn })
    }
    this.addOutputs({
      ApiUrl: serving.apiUrl,
      StreamName: stream.streamName,
      DataBucketName: bucket.bucketName,
      StateMachineArn: batch.stateMachine.stateMachineArn,
      BatchFunctionName: batch.function.functionName,
      WarehouseWorkgroup: warehouse.workgroup,
      WarehouseDatabase: warehouse.database,
      ModelVersion: assets.modelVersion,
      DuplicatesWindowSeconds: String(stage.duplicatesWindow.toSeconds()),
    })
  }

  /** The command line reads these. */
  private addOutputs(outputs: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value })
  }
}
