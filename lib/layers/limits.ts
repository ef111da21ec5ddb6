import { Stack } from 'aws-cdk-lib'
import { Grant } from 'aws-cdk-lib/aws-iam'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import { Schedule, ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets'
import { Construct, type IDependable } from 'constructs'
import type { Assets } from '../assets.ts'
import { type Warehouse, warehouseEnvironment } from '../backing/warehouse.ts'
import type { Stage } from '../stages.ts'
import { TidemarkFunction } from '../tidemark-function.ts'

interface LimitsProps {
  readonly stage: Stage
  readonly assets: Assets
  readonly bucket: IBucket
  readonly warehouse: Warehouse
  /** What must have happened before a new model asks the warehouse. */
  readonly migration: IDependable
}

/** Watches the limits that the definitions declare, and puts what crossed on the account's default event bus. */
export class Limits extends Construct {
  readonly function: TidemarkFunction

  constructor(scope: Construct, id: string, { stage, assets, bucket, warehouse, migration }: LimitsProps) {
    super(scope, id)
    this.function = new TidemarkFunction(this, 'Function', {
      stage,
      assets,
      name: 'limits',
      size: stage.limits,
      environment: {
        DATA_BUCKET: bucket.bucketName,
        ...warehouseEnvironment(warehouse),
        WAREHOUSE_DIALECT: stage.warehouseDialect,
      },
    })
    // The served model may be an older one than the function's own.
    bucket.grantRead(this.function, 'models/*')
    warehouse.grantStatements(this.function)
    Grant.addToPrincipal({
      grantee: this.function,
      actions: ['events:PutEvents'],
      resourceArns: [Stack.of(this).formatArn({ service: 'events', resource: 'event-bus', resourceName: 'default' })],
    })
    this.function.node.addDependency(migration)
    new Schedule(this, 'Schedule', {
      schedule: ScheduleExpression.rate(stage.limits.every),
      target: new LambdaInvoke(this.function),
    })
  }
}
