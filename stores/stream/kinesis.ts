import { setTimeout as sleep } from 'node:timers/promises'
import {
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { padSequenceNumber } from '../../core/sequence-number.ts'
import { assertRecordSizes, defaultMaxRecordBytes, splitIntoRequests } from './requests.ts'
import { type PutOutcome, RecordsNotAccepted, type Stream, type StreamRecord, type StreamShard } from './stream.ts'

export interface KinesisStreamOptions {
  readonly maxRecordBytes?: number
  /** How often one record is sent before it counts as refused. */
  readonly attempts?: number
  readonly sleep?: (ms: number) => Promise<unknown>
  readonly random?: () => number
}

/**
 * Over HTTP/1.1: local endpoints fail large requests over the SDK's default, HTTP/2.
 * @param bound how long a request may take, tried once only; left out: the SDK's own ways
 */
export const kinesisClient = (bound?: { readonly answerWithinMs: number }): KinesisClient => {
  if (bound === undefined) return new KinesisClient({ requestHandler: new NodeHttpHandler() })
  const { answerWithinMs } = bound
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: answerWithinMs,
    requestTimeout: answerWithinMs,
    throwOnRequestTimeout: true,
  })
  return new KinesisClient({ requestHandler, maxAttempts: 1 })
}

const defaultAttempts = 12
/** A page may be empty though records follow; a shard is read at most five times a second, and Lambda reads it too. */
const maxEmptyPages = 3
const firstPauseMs = 50
const longestPauseMs = 5000

/** Exponential backoff with full jitter. */
const pauseMs = (attempt: number, random: () => number): number =>
  Math.ceil(random() * Math.min(longestPauseMs, firstPauseMs * 2 ** attempt))

class Tally {
  accepted = 0
  retried = 0
  readonly lastSequenceNumbers: Record<string, string> = {}

  accept(shardId: string, sequenceNumber: string): void {
    const padded = padSequenceNumber(sequenceNumber)
    this.accepted += 1
    if (padded > (this.lastSequenceNumbers[shardId] ?? '')) this.lastSequenceNumbers[shardId] = padded
  }

  outcome(): PutOutcome {
    return { accepted: this.accepted, retried: this.retried, lastSequenceNumbers: this.lastSequenceNumbers }
  }
}

export class KinesisStream implements Stream {
  readonly #client: KinesisClient
  readonly #streamName: string
  readonly #maxRecordBytes: number
  readonly #attempts: number
  readonly #sleep: (ms: number) => Promise<unknown>
  readonly #random: () => number
  /** How many digits the sequence numbers of each shard have. */
  readonly #digits = new Map<string, number>()

  constructor(client: KinesisClient, streamName: string, options: KinesisStreamOptions = {}) {
    this.#client = client
    this.#streamName = streamName
    this.#maxRecordBytes = options.maxRecordBytes ?? defaultMaxRecordBytes
    this.#attempts = options.attempts ?? defaultAttempts
    this.#sleep = options.sleep ?? sleep
    this.#random = options.random ?? Math.random
  }

  async put(records: readonly StreamRecord[]): Promise<PutOutcome> {
    assertRecordSizes(records, this.#maxRecordBytes)
    const tally = new Tally()
    const requests = splitIntoRequests(records)
    for (const [index, request] of requests.entries()) {
      const { refused, lastError } = await this.#putRequest(request, tally)
      if (refused.length === 0) continue
      const unsent = requests.slice(index + 1).flat()
      throw new RecordsNotAccepted(tally.outcome(), [...refused, ...unsent], this.#attempts, lastError)
    }
    return tally.outcome()
  }

  async #putRequest(records: StreamRecord[], tally: Tally): Promise<{ refused: StreamRecord[]; lastError: string }> {
    let refused = records
    let lastError = ''
    for (let attempt = 0; attempt < this.#attempts && refused.length > 0; attempt += 1) {
      if (attempt > 0) {
        await this.#sleep(pauseMs(attempt, this.#random))
        tally.retried += refused.length
      }
      ;({ refused, lastError } = await this.#putOnce(refused, tally))
    }
    return { refused, lastError }
  }

  /** One PutRecords: some records may be accepted and others refused; the answer names each in the request's order. */
  async #putOnce(records: StreamRecord[], tally: Tally): Promise<{ refused: StreamRecord[]; lastError: string }> {
    const answer = await this.#client.send(
      new PutRecordsCommand({
        StreamName: this.#streamName,
        Records: records.map(({ data, partitionKey }) => ({ Data: data, PartitionKey: partitionKey })),
      }),
    )
    const refused: StreamRecord[] = []
    let lastError = ''
    for (const [index, record] of records.entries()) {
      const result = answer.Records?.[index]
      if (result?.ShardId !== undefined && result.SequenceNumber !== undefined && !result.ErrorCode) {
        tally.accept(result.ShardId, result.SequenceNumber)
        continue
      }
      refused.push(record)
      lastError = `${result?.ErrorCode ?? 'no answer'}: ${result?.ErrorMessage ?? ''}`
    }
    return { refused, lastError }
  }

  async oldestAfter(shardId: string, sequenceNumber: string): Promise<number | null> {
    const digits = sequenceNumber.replace(/^0+/, '')
    const start =
      digits === ''
        ? ({ ShardIteratorType: 'TRIM_HORIZON' } as const)
        : ({
            ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
            StartingSequenceNumber: digits.padStart(await this.#digitsIn(shardId), '0'),
          } as const)
    let { ShardIterator: iterator } = await this.#client.send(
      new GetShardIteratorCommand({ StreamName: this.#streamName, ShardId: shardId, ...start }),
    )
    for (let page = 0; page < maxEmptyPages && iterator !== undefined; page++) {
      const answer: GetRecordsCommandOutput = await this.#client.send(
        new GetRecordsCommand({ ShardIterator: iterator, Limit: 1 }),
      )
      const arrivedAt = answer.Records?.[0]?.ApproximateArrivalTimestamp
      if (arrivedAt !== undefined) return arrivedAt.getTime()
      if (answer.MillisBehindLatest === 0) return null
      iterator = answer.NextShardIterator
    }
    return null
  }

  /** Kinesis's numbers begin with no zero; the emulator's do, and it compares them as texts: as long as the shard's first. */
  async #digitsIn(shardId: string): Promise<number> {
    if (!this.#digits.has(shardId)) await this.shards()
    return this.#digits.get(shardId) ?? 0
  }

  async shards(): Promise<StreamShard[]> {
    const shards: StreamShard[] = []
    let nextToken: string | undefined
    do {
      const page: { NextToken?: string } | { StreamName: string } =
        nextToken === undefined ? { StreamName: this.#streamName } : { NextToken: nextToken }
      const answer = await this.#client.send(new ListShardsCommand(page))
      for (const { ShardId, ParentShardId, AdjacentParentShardId, SequenceNumberRange: range } of answer.Shards ?? []) {
        if (ShardId === undefined) continue
        this.#digits.set(ShardId, range?.StartingSequenceNumber?.length ?? 0)
        const parents = [ParentShardId, AdjacentParentShardId].filter((parent) => parent !== undefined)
        shards.push({ shardId: ShardId, parentShardIds: parents })
      }
      nextToken = answer.NextToken
    } while (nextToken !== undefined)
    return shards
  }
}
