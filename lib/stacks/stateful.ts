import { Stack } from 'aws-cdk-lib'
import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import { type Cache, outsideCache, ServerlessCache } from '../backing/cache.ts'
import { DataBucket } from '../backing/data-bucket.ts'
import { Network } from '../backing/network.ts'
import { outsideWarehouse, ServerlessWarehouse, type Warehouse } from '../backing/warehouse.ts'
import { Ingest } from '../layers/ingest.ts'
import type { Stage } from '../stages.ts'

/** All that holds data. Nothing here is renamed or replaced lightly. */
export class StatefulStack extends Stack {
  readonly stream: IStream
  readonly bucket: IBucket
  readonly warehouse: Warehouse
  readonly cache: Cache

  constructor(scope: Construct, id: string, { stage }: { stage: Stage }) {
    super(scope, id, {
      stackName: `tidemark-${stage.name}-stateful`,
      description: 'Tidemark: the stream, the data bucket, the warehouse and the cache',
      terminationProtection: stage.name === 'prod',
    })
    this.stream = new Ingest(this, 'Ingest', { stage }).stream
    this.bucket = new DataBucket(this, 'Data', { stage }) as IBucket
    const backing = this.addBacking(stage)
    this.warehouse = backing.warehouse
    this.cache = backing.cache
  }

  private addBacking(stage: Stage): { warehouse: Warehouse; cache: Cache } {
    const { warehouse, cache } = stage
    const inside = warehouse.kind === 'serverless' || cache.kind === 'serverless'
    const network = inside ? new Network(this, 'Network') : null
    const within = (): Network => {
      if (network === null) throw new Error(`Stage ${stage.name} has no network.`)
      return network
    }
    return {
      warehouse:
        warehouse.kind === 'outside'
          ? outsideWarehouse(warehouse)
          : new ServerlessWarehouse(this, 'Warehouse', {
              stage,
              settings: warehouse,
              network: within(),
              bucket: this.bucket,
            }),
      cache:
        cache.kind === 'outside'
          ? outsideCache(cache)
          : new ServerlessCache(this, 'Cache', { stage, settings: cache, network: within() }),
    }
  }
}
