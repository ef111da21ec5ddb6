import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct, type IDependable } from 'constructs'
import type { Assets } from '../assets.ts'
import { type Cache, cacheEnvironment } from '../backing/cache.ts'
import { type Warehouse, warehouseEnvironment } from '../backing/warehouse.ts'
import type { Stage } from '../stages.ts'
import { StreamConsumer } from '../stream-consumer.ts'
import { TidemarkFunction } from '../tidemark-function.ts'

interface SpeedProps {
  readonly stage: Stage
  readonly assets: Assets
  readonly stream: IStream
  readonly bucket: IBucket
  readonly warehouse: Warehouse
  readonly cache: Cache
  /** What must have happened before a new model writes to the warehouse. */
  readonly migration: IDependable
}

/** Keeps the answers to the last records: in the warehouse's speed rows, and in the cache's windows. */
export class Speed extends Construct {
  readonly table: TidemarkFunction
  readonly window: TidemarkFunction

  constructor(scope: Construct, id: string, props: SpeedProps) {
    super(scope, id)
    this.table = this.addTable(props)
    this.window = this.addWindow(props)
  }

  private addTable({ stage, assets, stream, bucket, warehouse, cache, migration }: SpeedProps): TidemarkFunction {
    const consumer = new TidemarkFunction(this, 'Table', {
      stage,
      assets,
      name: 'speed-table',
      size: stage.speedTable,
      environment: {
        DATA_BUCKET: bucket.bucketName,
        WAREHOUSE_COPY_ROLE_ARN: warehouse.copyRoleArn,
        ...warehouseEnvironment(warehouse),
        ...duplicatesEnvironment(stage, stream, cache),
      },
      network: cache.network,
    })
    bucket.grantPut(consumer, 'staging/*')
    bucket.grantDelete(consumer, 'staging/*')
    for (const read of ['exclusions/*', 'models/*']) bucket.grantRead(consumer, read)
    warehouse.grantStatements(consumer)
    consumer.node.addDependency(migration)
    new StreamConsumer(this, 'TableMapping', { stage, stream, consumer, settings: stage.speedTable })
    return consumer
  }

  private addWindow({ stage, assets, stream, bucket, cache }: SpeedProps): TidemarkFunction {
    const consumer = new TidemarkFunction(this, 'Window', {
      stage,
      assets,
      name: 'speed-window',
      size: stage.speedWindow,
      environment: { DATA_BUCKET: bucket.bucketName, ...duplicatesEnvironment(stage, stream, cache) },
      network: cache.network,
    })
    for (const read of ['exclusions/*', 'models/*']) bucket.grantRead(consumer, read)
    new StreamConsumer(this, 'WindowMapping', { stage, stream, consumer, settings: stage.speedWindow })
    return consumer
  }
}

/** What both functions need to tell records that producers sent again. */
const duplicatesEnvironment = (stage: Stage, stream: IStream, cache: Cache): Record<string, string> => ({
  ...cacheEnvironment(cache),
  STREAM_NAME: stream.streamName,
  DUPLICATES_WINDOW_SECONDS: String(stage.duplicatesWindow.toSeconds()),
})
