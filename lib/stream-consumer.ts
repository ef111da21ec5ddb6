import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import { CfnEventSourceMapping, type IFunction } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import type { ConsumerSettings, Stage } from './stages.ts'

interface StreamConsumerProps {
  readonly stage: Stage
  readonly stream: IStream
  readonly consumer: IFunction
  readonly settings: ConsumerSettings
}

/**
 * Feeds a function one shard's records in order, from the oldest. Nothing is ever given up: a record skipped after
 * so many tries, or for its age, would be missing below a mark; so a shard that can't go on stands still.
 */
export class StreamConsumer extends CfnEventSourceMapping {
  constructor(scope: Construct, id: string, { stage, stream, consumer, settings }: StreamConsumerProps) {
    super(scope, id, {
      eventSourceArn: stream.streamArn,
      functionName: consumer.functionArn,
      enabled: stage.mappingsEnabled,
      startingPosition: 'TRIM_HORIZON',
      batchSize: settings.batchSize,
      maximumBatchingWindowInSeconds: settings.batchWindow.toSeconds(),
      parallelizationFactor: 1,
      maximumRetryAttempts: -1,
      maximumRecordAgeInSeconds: -1,
      bisectBatchOnFunctionError: false,
      functionResponseTypes: ['ReportBatchItemFailures'],
    })
    // Lambda refuses a mapping whose function may not read the stream yet.
    stream.grantRead(consumer).applyBefore(this)
  }
}
