import { backoffMs } from '../../../localstack/poller/backoff.ts'
import { type BatchLimits, dueBatch } from '../../../localstack/poller/batch.ts'
import { type EventRecord, eventJson, eventRecordFrom } from '../../../localstack/poller/event.ts'
import { startableShards } from '../../../localstack/poller/lineage.ts'
import { isOurs, mappingFrom } from '../../../localstack/poller/mapping.ts'
import { readOutcome } from '../../../localstack/poller/response.ts'

const recordOf = (sequenceNumber: string, bytes = 10): EventRecord => {
  const json = `"${'x'.repeat(bytes - 2)}"`
  return { sequenceNumber, json, bytes }
}
const records = (count: number, bytes?: number) =>
  Array.from({ length: count }, (_, index) => recordOf(String(index + 1), bytes))

describe('a batch', () => {
  const limits: BatchLimits = { batchSize: 5, batchingWindowMs: 1000, payloadBytes: 1000 }
  const at = { now: 0, firstReadAt: 0, ended: false }

  it('waits for nothing where there is no record', () => {
    expect(dueBatch([], limits, { ...at, now: 9999 })).toEqual({ waitMs: Number.POSITIVE_INFINITY })
  })
  it('is due when it is full', () => expect(dueBatch(records(7), limits, at)).toEqual({ take: 5 }))
  it('waits for the rest of its window', () =>
    expect(dueBatch(records(3), limits, { ...at, now: 400 })).toEqual({ waitMs: 600 }))
  it('is due when its window has passed', () =>
    expect(dueBatch(records(3), limits, { ...at, now: 1000 })).toEqual({ take: 3 }))
  it('is due at once without a window', () =>
    expect(dueBatch(records(1), { ...limits, batchingWindowMs: 0 }, at)).toEqual({ take: 1 }))
  it('is due when its shard has ended', () =>
    expect(dueBatch(records(2), limits, { ...at, ended: true })).toEqual({ take: 2 }))
  it('never makes an event larger than the payload limit, and comes as near to it as whole records can', () => {
    const due = dueBatch(records(5, 300), limits, at)
    expect(due).toEqual({ take: 3 })
    expect(Buffer.byteLength(eventJson(records(3, 300)))).toBeLessThanOrEqual(1000)
    expect(Buffer.byteLength(eventJson(records(4, 300)))).toBeGreaterThan(1000)
  })
  it('takes a single record that is larger than the limit', () =>
    expect(dueBatch(records(2, 2000), limits, at)).toEqual({ take: 1 }))
  it('counts the event to the byte', () => {
    const exact = Buffer.byteLength(eventJson(records(4, 100)))
    expect(dueBatch(records(5, 100), { ...limits, payloadBytes: exact }, at)).toEqual({ take: 4 })
    expect(dueBatch(records(5, 100), { ...limits, payloadBytes: exact - 1 }, at)).toEqual({ take: 3 })
  })
})

describe('the wait before a retry', () => {
  const bounds = { firstMs: 100, longestMs: 30_000 }
  it('doubles up to the longest', () => {
    const waits = [1, 2, 3, 9, 10, 100, 5000].map((failures) => backoffMs(failures, bounds, () => 1))
    expect(waits).toEqual([100, 200, 400, 25_600, 30_000, 30_000, 30_000])
  })
  it('is half chance', () => expect(backoffMs(1, bounds, () => 0)).toBe(50))
})

describe('the answer to a batch', () => {
  const batch = records(4)
  const answer = (payload: unknown) =>
    readOutcome({ payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }, batch, true)
  const failing = (...identifiers: unknown[]) => ({
    batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })),
  })

  it.each(['', 'null', '{}', '{"batchItemFailures":null}', '{"batchItemFailures":[]}'])('%j is success', (payload) =>
    expect(answer(payload)).toEqual({ done: 4 }),
  )
  it('begins again at the lowest sequence number reported', () =>
    expect(answer(failing('4', '2', '3'))).toMatchObject({ done: 1 }))
  it.each([
    failing(''),
    failing(null),
    failing('99'),
    failing('3', ''),
    { batchItemFailures: [{ itemIdentifer: '2' }] },
    { batchItemFailures: [null] },
    { batchItemFailures: 'none' },
    'no JSON',
    '"text"',
    '[]',
  ])('%j fails the batch as a whole', (payload) => {
    expect(answer(payload)).toMatchObject({ done: 0, reason: expect.any(String) })
  })
  it('is not read where the mapping does not ask for it', () =>
    expect(readOutcome({ payload: JSON.stringify(failing('2')) }, batch, false)).toEqual({ done: 4 }))
  it('is failure where the function threw, whatever it reads', () =>
    expect(readOutcome({ functionError: 'Unhandled', payload: 'null' }, batch, true)).toEqual({
      done: 0,
      reason: 'Unhandled: null',
    }))
})

describe('the shards to start', () => {
  const shard = (shardId: string, ...parents: string[]) => ({ shardId, parents })
  const none: ReadonlySet<string> = new Set()

  it('are all that have no parent', () =>
    expect(startableShards([shard('a'), shard('b')], none, none)).toEqual(['a', 'b']))
  it('leave out those at work and those ended', () =>
    expect(startableShards([shard('a'), shard('b'), shard('c')], new Set(['a']), new Set(['b']))).toEqual(['c']))
  it('hold a merged shard back until both parents have ended', () => {
    const listed = [shard('a'), shard('b'), shard('c', 'a', 'b')]
    expect(startableShards(listed, new Set(['b']), new Set(['a']))).toEqual([])
    expect(startableShards(listed, none, new Set(['a', 'b']))).toEqual(['c'])
  })
  it('hold a child back while a parent that the stream has forgotten is still at work', () => {
    expect(startableShards([shard('b', 'a')], new Set(['a']), none)).toEqual([])
    expect(startableShards([shard('b', 'a')], none, none)).toEqual(['b'])
  })
})

describe('an event record', () => {
  it('has the shape that Lambda documents', () => {
    const source = {
      shardId: 'shardId-000000000006',
      streamArn: 'arn:aws:kinesis:us-east-1:123456789012:stream/lambda-stream',
      region: 'us-east-1',
      roleArn: 'arn:aws:iam::123456789012:role/lambda-role',
    }
    const record = eventRecordFrom(source, {
      SequenceNumber: '49590338271490256608559692538361571095921575989136588898',
      PartitionKey: 'ключ',
      Data: Buffer.from('Hello, this is a test.'),
      ApproximateArrivalTimestamp: new Date(1545084650987),
    })
    expect(record.bytes).toBe(Buffer.byteLength(record.json))
    expect(JSON.parse(eventJson([record]))).toEqual({
      Records: [
        {
          kinesis: {
            kinesisSchemaVersion: '1.0',
            partitionKey: 'ключ',
            sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
            data: 'SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==',
            approximateArrivalTimestamp: 1545084650.987,
          },
          eventSource: 'aws:kinesis',
          eventVersion: '1.0',
          eventID: 'shardId-000000000006:49590338271490256608559692538361571095921575989136588898',
          eventName: 'aws:kinesis:record',
          invokeIdentityArn: 'arn:aws:iam::123456789012:role/lambda-role',
          awsRegion: 'us-east-1',
          eventSourceARN: 'arn:aws:kinesis:us-east-1:123456789012:stream/lambda-stream',
        },
      ],
    })
  })
})

describe('a mapping', () => {
  const deployed = {
    UUID: 'u-1',
    EventSourceArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s',
    FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:tidemark-local-archive',
    State: 'Disabled',
    BatchSize: 10_000,
    MaximumBatchingWindowInSeconds: 60,
    StartingPosition: 'TRIM_HORIZON' as const,
    FunctionResponseTypes: ['ReportBatchItemFailures' as const],
  }

  it('is read', () => {
    expect(isOurs(deployed)).toBe(true)
    expect(
      mappingFrom({
        ...deployed,
        MaximumRetryAttempts: -1,
        BisectBatchOnFunctionError: false,
        DestinationConfig: { OnFailure: {} },
      }),
    ).toEqual({
      uuid: 'u-1',
      streamArn: deployed.EventSourceArn,
      functionArn: deployed.FunctionArn,
      functionName: 'tidemark-local-archive',
      batchSize: 10_000,
      batchingWindowMs: 60_000,
      reportsItemFailures: true,
    })
  })
  it('is not ours where its source or its function is not', () => {
    expect(isOurs({ ...deployed, EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:tidemark-queue' })).toBe(false)
    expect(isOurs({ ...deployed, FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:other' })).toBe(false)
  })
  it.each([
    { BisectBatchOnFunctionError: true },
    { MaximumRetryAttempts: 3 },
    { MaximumRetryAttempts: 0 },
    { MaximumRecordAgeInSeconds: 60 },
    { ParallelizationFactor: 2 },
    { TumblingWindowInSeconds: 30 },
    { StartingPosition: 'LATEST' as const },
    { StartingPosition: 'AT_TIMESTAMP' as const, StartingPositionTimestamp: new Date(0) },
    { StartingPositionTimestamp: new Date(0) },
    { BatchSize: 10_001 },
    { MaximumBatchingWindowInSeconds: 301 },
    { DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:us-east-1:000000000000:failed' } } },
    { FilterCriteria: { Filters: [{ Pattern: '{}' }] } },
  ])('with %j is refused, naming mapping, setting and value', (setting) => {
    const [name, value] = Object.entries(setting)[0] ?? []
    expect(() => mappingFrom({ ...deployed, ...setting })).toThrow(
      `Event source mapping u-1 of ${deployed.FunctionArn} sets ${name} to ${JSON.stringify(value)}`,
    )
  })
})
