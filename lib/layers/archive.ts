import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct } from 'constructs'
import type { Assets } from '../assets.ts'
import type { Stage } from '../stages.ts'
import { StreamConsumer } from '../stream-consumer.ts'
import { TidemarkFunction } from '../tidemark-function.ts'

interface ArchiveProps {
  readonly stage: Stage
  readonly assets: Assets
  readonly stream: IStream
  readonly bucket: IBucket
}

/** Keeps every record's bytes, in stream order. */
export class Archive extends Construct {
  readonly function: TidemarkFunction

  constructor(scope: Construct, id: string, { stage, assets, stream, bucket }: ArchiveProps) {
    super(scope, id)
    this.function = new TidemarkFunction(this, 'Function', {
      stage,
      assets,
      name: 'archive',
      size: stage.archive,
      environment: { DATA_BUCKET: bucket.bucketName },
    })
    bucket.grantPut(this.function, 'raw/*')
    new StreamConsumer(this, 'Mapping', { stage, stream, consumer: this.function, settings: stage.archive })
  }
}
