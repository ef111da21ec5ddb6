import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis'
import { Construct } from 'constructs'
import type { Stage } from '../stages.ts'

/** Where producers put their records: the one way in. */
export class Ingest extends Construct {
  readonly stream: Stream

  constructor(scope: Construct, id: string, { stage }: { stage: Stage }) {
    super(scope, id)
    this.stream = new Stream(this, 'Stream', {
      streamMode: StreamMode.PROVISIONED,
      shardCount: stage.stream.shards,
      retentionPeriod: stage.stream.retention,
      encryption: StreamEncryption.MANAGED,
      removalPolicy: stage.removalPolicy,
    })
  }
}
