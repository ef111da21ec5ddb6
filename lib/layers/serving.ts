import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { Grant } from 'aws-cdk-lib/aws-iam'
import type { IStream } from 'aws-cdk-lib/aws-kinesis'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Construct, type IDependable } from 'constructs'
import type { Assets } from '../assets.ts'
import { type Cache, cacheEnvironment } from '../backing/cache.ts'
import { type Warehouse, warehouseEnvironment } from '../backing/warehouse.ts'
import type { Stage } from '../stages.ts'
import { TidemarkFunction } from '../tidemark-function.ts'

interface ServingProps {
  readonly stage: Stage
  readonly assets: Assets
  readonly stream: IStream
  readonly bucket: IBucket
  readonly warehouse: Warehouse
  readonly cache: Cache
  /** What must have happened before a new model asks the warehouse. */
  readonly migration: IDependable
}

const paths = [
  '/v1/metrics',
  '/v1/metrics/{name}',
  '/v1/windows/{name}',
  '/v1/entities',
  '/v1/entities/{name}/{ref}',
  '/v1/profiles',
  '/v1/profiles/{name}/{key+}',
  '/v1/sessions',
  '/v1/sessions/{name}/{key+}',
  '/v1/scores',
  '/v1/limits',
  '/v1/limits/{name}',
  '/v1/status',
]

/** What takes an event, and keeps nothing of it. */
const postPaths = ['/v1/scores/{name}']

/** The HTTP API: one answer from both layers. */
export class Serving extends Construct {
  /** Without a slash at its end. */
  readonly apiUrl: string

  constructor(scope: Construct, id: string, props: ServingProps) {
    super(scope, id)
    const answerer = this.addFunction(props)
    const api = new HttpApi(this, 'Api', {
      apiName: `tidemark-${props.stage.name}`,
      ...(props.stage.api.authorization === 'iam' ? { defaultAuthorizer: new HttpIamAuthorizer() } : {}),
    })
    const integration = new HttpLambdaIntegration('Answer', answerer)
    for (const path of paths) api.addRoutes({ path, methods: [HttpMethod.GET], integration })
    for (const path of postPaths) api.addRoutes({ path, methods: [HttpMethod.POST], integration })
    const { baseUrl } = props.stage.api
    this.apiUrl = baseUrl === null ? api.apiEndpoint : `${baseUrl}/${api.apiId}`
  }

  private addFunction({ stage, assets, stream, bucket, warehouse, cache, migration }: ServingProps): TidemarkFunction {
    const answerer = new TidemarkFunction(this, 'Function', {
      stage,
      assets,
      name: 'serving',
      size: stage.serving,
      environment: {
        DATA_BUCKET: bucket.bucketName,
        STREAM_NAME: stream.streamName,
        SPEED_RETENTION_HOURS: String(stage.recompute.speedRetention.toHours()),
        ENTITY_OVERLAP_HOURS: String(stage.entityOverlap.toHours()),
        ...warehouseEnvironment(warehouse),
        ...cacheEnvironment(cache),
      },
      network: cache.network,
    })
    // Status compares the archive's position with the stream's shards, and reads how long the oldest record waits.
    bucket.grantRead(answerer, 'raw/*')
    // The served model may be an older one than the function's own.
    bucket.grantRead(answerer, 'models/*')
    grantReading(stream, answerer)
    warehouse.grantStatements(answerer)
    answerer.node.addDependency(migration)
    return answerer
  }
}

const grantReading = (stream: IStream, grantee: TidemarkFunction): void => {
  Grant.addToPrincipal({
    grantee,
    actions: ['kinesis:ListShards', 'kinesis:DescribeStreamSummary', 'kinesis:GetShardIterator', 'kinesis:GetRecords'],
    resourceArns: [stream.streamArn],
  })
}
