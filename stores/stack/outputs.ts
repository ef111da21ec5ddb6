import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'

/** What the stateless stack tells of itself: where a stage's parts are. */
export interface StageOutputs {
  readonly apiUrl: string
  readonly streamName: string
  readonly dataBucketName: string
  readonly stateMachineArn: string
  readonly batchFunctionName: string
  readonly warehouseWorkgroup: string
  readonly warehouseDatabase: string
  readonly modelVersion: string
  readonly duplicatesWindowSeconds: string
}

const outputKeys: Record<keyof StageOutputs, string> = {
  apiUrl: 'ApiUrl',
  streamName: 'StreamName',
  dataBucketName: 'DataBucketName',
  stateMachineArn: 'StateMachineArn',
  batchFunctionName: 'BatchFunctionName',
  warehouseWorkgroup: 'WarehouseWorkgroup',
  warehouseDatabase: 'WarehouseDatabase',
  modelVersion: 'ModelVersion',
  duplicatesWindowSeconds: 'DuplicatesWindowSeconds',
}

/** The stage has no stack: it was never deployed here, or another account or region is meant. */
export class StackMissing extends Error {
  override readonly name = 'StackMissing'
}

/** @throws StackMissing; an error where an output is missing (a stack deployed by another version) */
export const stageOutputs = async (client: CloudFormationClient, stage: string): Promise<StageOutputs> => {
  const stackName = `tidemark-${stage}-stateless`
  const outputs = await stackOutputs(client, stackName)
  const read = (key: string): string => {
    const value = outputs.get(key)
    if (value === undefined)
      throw new Error(
        `Stack ${stackName} has no output ${key}: it was deployed by another version. Deploy it again (on a laptop: \`tidemark local up\`).`,
      )
    return value
  }
  return Object.fromEntries(
    Object.entries(outputKeys).map(([name, key]) => [name, read(key)]),
  ) as unknown as StageOutputs
}

/**
 * Where the stage's records lie, whatever version deployed it; undefined where it never was.
 * @throws StackMissing
 */
export const recordPlaces = async (
  client: CloudFormationClient,
  stage: string,
): Promise<{ readonly dataBucketName: string | undefined; readonly streamName: string | undefined }> => {
  const outputs = await stackOutputs(client, `tidemark-${stage}-stateless`)
  return { dataBucketName: outputs.get(outputKeys.dataBucketName), streamName: outputs.get(outputKeys.streamName) }
}

const stackOutputs = async (client: CloudFormationClient, stackName: string): Promise<Map<string, string>> => {
  try {
    const answer = await client.send(new DescribeStacksCommand({ StackName: stackName }))
    const outputs = answer.Stacks?.[0]?.Outputs ?? []
    return new Map(outputs.map(({ OutputKey, OutputValue }) => [OutputKey ?? '', OutputValue ?? '']))
  } catch (error) {
    // CloudFormation answers ValidationError for a stack that does not exist (API reference, DescribeStacks).
    if (error instanceof Error && error.name === 'ValidationError')
      throw new StackMissing(`There is no stack ${stackName}.`, { cause: error })
    throw error
  }
}

export const cloudFormationClient = (): CloudFormationClient => new CloudFormationClient({})
