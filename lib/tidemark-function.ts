import { RemovalPolicy } from 'aws-cdk-lib'
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { Assets } from './assets.ts'
import type { Network } from './backing/network.ts'
import { retentionOf } from './log-retention.ts'
import type { FunctionSize, Stage } from './stages.ts'

interface TidemarkFunctionProps {
  readonly stage: Stage
  readonly assets: Assets
  /** Its asset's name, and the end of its own. */
  readonly name: string
  readonly size: FunctionSize
  readonly environment: Readonly<Record<string, string>>
  /** Where it must lie; null: anywhere. */
  readonly network?: Network | null
}

/** A function as the build left it, called `tidemark-STAGE-NAME`. */
export class TidemarkFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: TidemarkFunctionProps) {
    const { stage, assets, name, size, environment, network } = props
    const functionName = `tidemark-${stage.name}-${name}`
    super(scope, id, {
      functionName,
      runtime: Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: Code.fromAsset(assets.lambda(name)),
      memorySize: size.memory.toMebibytes(),
      timeout: size.timeout,
      environment: { TIDEMARK_STAGE: stage.name, ...stage.environment, ...environment },
      logGroup: new LogGroup(scope, `${id}Log`, {
        logGroupName: `/aws/lambda/${functionName}`,
        retention: retentionOf(stage.logRetention),
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      ...(network ? { vpc: network.vpc, vpcSubnets: network.subnets, securityGroups: [network.clients] } : {}),
    })
  }
}
