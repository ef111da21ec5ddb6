import type { Archive } from '../stores/archive/archive.ts'
import type { Executions } from '../stores/executions/executions.ts'
import type { StageOutputs } from '../stores/stack/outputs.ts'
import type { Stream } from '../stores/stream/stream.ts'
import type { Warehouse } from '../stores/warehouse/warehouse.ts'
import { type Api, apiAt } from './api.ts'
import { applyEnvironment, type Environment, homeOf, localAwsEnvironment, localStage, portsOf } from './environment.ts'
import { CommandError, messageOf } from './exit.ts'

/** A deployed stage's parts, found by its stack's outputs. Each client is made when first asked for. */
export interface Connection {
  readonly stage: string
  readonly outputs: StageOutputs
  readonly api: Api
  stream(): Promise<Stream>
  archive(): Promise<Archive>
  /** As the caller's own user of the warehouse. */
  warehouse(): Promise<Warehouse>
  executions(): Promise<Executions>
  /** Invokes the batch function; answers what it answers. */
  batch(payload: unknown): Promise<unknown>
}

/** @throws a CommandError where there is no such stage, or nothing answers. */
export const connect = async (stage: string, env: Environment, cwd: string): Promise<Connection> => {
  if (stage === localStage) applyEnvironment(env, localAwsEnvironment(portsOf(env, homeOf(env, cwd))))
  const outputs = await findStage(stage)
  return {
    stage,
    outputs,
    api: apiAt(outputs.apiUrl),
    stream: async () => {
      const { KinesisStream, kinesisClient } = await import('../stores/stream/kinesis.ts')
      return new KinesisStream(kinesisClient(), outputs.streamName)
    },
    archive: async () => {
      const { S3Archive, s3Client } = await import('../stores/archive/s3.ts')
      return new S3Archive(s3Client(env.AWS_ENDPOINT_URL), outputs.dataBucketName)
    },
    warehouse: async () => {
      const { RedshiftDataWarehouse, warehouseClient } = await import('../stores/warehouse/redshift-data.ts')
      const { warehouseWorkgroup: workgroup, warehouseDatabase: database } = outputs
      return new RedshiftDataWarehouse(warehouseClient(), { workgroup, database, secretArn: null })
    },
    executions: async () => {
      const { StepFunctionsExecutions, stepFunctionsClient } = await import('../stores/executions/step-functions.ts')
      return new StepFunctionsExecutions(stepFunctionsClient(), outputs.stateMachineArn)
    },
    batch: async (payload) => {
      const { invokeBy, lambdaClient } = await import('../stores/functions/invoke.ts')
      return invokeBy(lambdaClient())(outputs.batchFunctionName, payload)
    },
  }
}

const findStage = async (stage: string): Promise<StageOutputs> => {
  const { cloudFormationClient, StackMissing, stageOutputs } = await import('../stores/stack/outputs.ts')
  try {
    return await stageOutputs(cloudFormationClient(), stage)
  } catch (error) {
    const wayOut =
      stage === localStage
        ? '`tidemark local up` starts the laptop stage.'
        : `Check the account and region, or deploy it: npx cdk deploy --all -c stage=${stage}.`
    if (error instanceof StackMissing) throw new CommandError(`${error.message} ${wayOut}`)
    throw new CommandError(`Stage ${stage} can't be reached: ${messageOf(error)}. ${wayOut}`)
  }
}
