import { Agent } from 'node:http'
import {
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  type ListShardsCommandOutput,
} from '@aws-sdk/client-kinesis'
import {
  type EventSourceMappingConfiguration,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  type ListEventSourceMappingsCommandOutput,
} from '@aws-sdk/client-lambda'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { ListedShard } from './lineage.ts'
import type { InvocationResult } from './response.ts'

/** Where in a shard to begin reading. */
export type Start = 'TRIM_HORIZON' | { readonly at: string }

/** All that the poller asks of Kinesis and Lambda. */
export interface Services {
  listMappings(): Promise<readonly EventSourceMappingConfiguration[]>
  roleArn(functionArn: string): Promise<string>
  /** @throws ResourceNotFoundException where the stream is gone */
  listShards(streamArn: string): Promise<readonly ListedShard[]>
  /** @throws ResourceNotFoundException where the shard or the stream is gone */
  iterator(streamArn: string, shardId: string, start: Start): Promise<string>
  records(iterator: string): Promise<GetRecordsCommandOutput>
  invoke(functionArn: string, payload: string, abort: AbortSignal): Promise<InvocationResult>
  close(): void
}

/** A function may run for 15 minutes; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const longestInvocationMs = 16 * 60_000
const longestReadMs = 30_000
const recordsPerRead = 10_000

const listMappings = async (lambda: LambdaClient): Promise<EventSourceMappingConfiguration[]> => {
  const mappings: EventSourceMappingConfiguration[] = []
  let Marker: string | undefined
  do {
    const page: ListEventSourceMappingsCommandOutput = await lambda.send(
      new ListEventSourceMappingsCommand(Marker ? { Marker } : {}),
    )
    mappings.push(...(page.EventSourceMappings ?? []))
    Marker = page.NextMarker || undefined
  } while (Marker)
  return mappings
}

const listShards = async (kinesis: KinesisClient, StreamARN: string): Promise<ListedShard[]> => {
  const shards: ListedShard[] = []
  let NextToken: string | undefined
  do {
    const page: ListShardsCommandOutput = await kinesis.send(
      new ListShardsCommand(NextToken ? { NextToken } : { StreamARN }),
    )
    for (const { ShardId, ParentShardId, AdjacentParentShardId } of page.Shards ?? []) {
      const parents = [ParentShardId, AdjacentParentShardId].filter((parent) => parent !== undefined)
      if (ShardId) shards.push({ shardId: ShardId, parents })
    }
    NextToken = page.NextToken
  } while (NextToken)
  return shards
}

const getIterator = async (
  kinesis: KinesisClient,
  StreamARN: string,
  ShardId: string,
  start: Start,
): Promise<string> => {
  const from =
    start === 'TRIM_HORIZON'
      ? { ShardIteratorType: 'TRIM_HORIZON' as const }
      : { ShardIteratorType: 'AT_SEQUENCE_NUMBER' as const, StartingSequenceNumber: start.at }
  const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand({ StreamARN, ShardId, ...from }))
  if (!ShardIterator) throw new Error(`${StreamARN} gave no iterator for ${ShardId}`)
  return ShardIterator
}

const invoke = async (
  lambda: LambdaClient,
  FunctionName: string,
  Payload: string,
  abortSignal: AbortSignal,
): Promise<InvocationResult> => {
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName, InvocationType: 'RequestResponse', Payload: Buffer.from(Payload) }),
    { abortSignal },
  )
  return { functionError: answer.FunctionError, payload: Buffer.from(answer.Payload ?? []).toString('utf8') }
}

/** The emulator's Kinesis and Lambda. HTTP/1.1 throughout: over the SDK's default HTTP/2 the emulator fails large requests. */
export const connectServices = (endpoint: string, region: string): Services => {
  const httpAgent = new Agent({ keepAlive: true, maxSockets: 256 })
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const handler = (requestTimeout: number) =>
    new NodeHttpHandler({ httpAgent, connectionTimeout: 5000, requestTimeout })
  const options = { endpoint, region, credentials, maxAttempts: 1 }
  const kinesis = new KinesisClient({ ...options, requestHandler: handler(longestReadMs) })
  const lambda = new LambdaClient({ ...options, requestHandler: handler(longestInvocationMs) })
  return {
    listMappings: () => listMappings(lambda),
    roleArn: async (FunctionName) =>
      (await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).Role ?? '',
    listShards: (streamArn) => listShards(kinesis, streamArn),
    iterator: (streamArn, shardId, start) => getIterator(kinesis, streamArn, shardId, start),
    records: (ShardIterator) => kinesis.send(new GetRecordsCommand({ ShardIterator, Limit: recordsPerRead })),
    invoke: (functionArn, payload, abort) => invoke(lambda, functionArn, payload, abort),
    close: () => {
      kinesis.destroy()
      lambda.destroy()
      httpAgent.destroy()
    },
  }
}
