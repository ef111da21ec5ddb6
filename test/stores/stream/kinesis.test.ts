import type { KinesisClient, PutRecordsCommand, PutRecordsOutput } from '@aws-sdk/client-kinesis'
import fc from 'fast-check'
import { KinesisStream } from '../../../stores/stream/kinesis.ts'
import { recordBytes, requestLimits, splitIntoRequests } from '../../../stores/stream/requests.ts'
import { RecordsNotAccepted, type StreamRecord } from '../../../stores/stream/stream.ts'

const record = (bytes: number, partitionKey = 'k'): StreamRecord => ({ data: new Uint8Array(bytes), partitionKey })

describe('requests', () => {
  it('hold all records in order, within the quotas', () => {
    const sizes = fc.oneof(fc.nat({ max: 100 }), fc.integer({ min: 500_000, max: 3_000_000 }))
    fc.assert(
      fc.property(fc.array(sizes, { maxLength: 1200 }), (bytes) => {
        const records = bytes.map((size) => record(size))
        const requests = splitIntoRequests(records)
        expect(requests.flat()).toEqual(records)
        for (const request of requests) {
          expect(request.length).toBeGreaterThan(0)
          expect(request.length).toBeLessThanOrEqual(500)
          const total = request.reduce((sum, each) => sum + recordBytes(each), 0)
          expect(total <= requestLimits.bytes || request.length === 1).toBe(true)
        }
      }),
      { numRuns: 20 },
    )
    expect(recordBytes(record(3, 'é'))).toBe(5)
  })
})

/** A Kinesis that refuses on demand: the local one never throttles. */
class ThrottlingKinesis {
  readonly taken: string[] = []
  #sequence = 0
  readonly #refuses: (key: string, request: number) => boolean
  #requests = 0

  constructor(refuses: (key: string, request: number) => boolean) {
    this.#refuses = refuses
  }

  async send(command: PutRecordsCommand): Promise<PutRecordsOutput> {
    this.#requests += 1
    const Records = (command.input.Records ?? []).map(({ PartitionKey = '' }) => {
      if (this.#refuses(PartitionKey, this.#requests))
        return { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded' }
      this.taken.push(PartitionKey)
      this.#sequence += 1
      return { ShardId: `shard-${PartitionKey.length % 2}`, SequenceNumber: String(this.#sequence) }
    })
    return { Records }
  }
}

const streamOf = (kinesis: ThrottlingKinesis, pauses: number[] = []) =>
  new KinesisStream(kinesis as unknown as KinesisClient, 's', {
    attempts: 4,
    sleep: async (ms) => pauses.push(ms),
    random: () => 1,
  })

describe('the Kinesis stream', () => {
  it('sends again only what was refused, more slowly each time', async () => {
    const kinesis = new ThrottlingKinesis((key, request) => key === 'bb' && request < 4)
    const pauses: number[] = []
    const outcome = await streamOf(kinesis, pauses).put([record(1, 'a'), record(1, 'bb'), record(1, 'ccc')])
    expect(kinesis.taken).toEqual(['a', 'ccc', 'bb'])
    expect(outcome).toEqual({
      accepted: 3,
      retried: 3,
      lastSequenceNumbers: { 'shard-0': '3'.padStart(64, '0'), 'shard-1': '2'.padStart(64, '0') },
    })
    expect(pauses).toEqual([100, 200, 400])
  })

  it('names what stayed refused, and what was accepted all the same', async () => {
    const kinesis = new ThrottlingKinesis((key) => key === 'bb')
    const records = [...Array.from({ length: 499 }, () => record(1, 'a')), record(1, 'bb'), record(1, 'unsent')]
    const failure = await streamOf(kinesis)
      .put(records)
      .catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(RecordsNotAccepted)
    if (!(failure instanceof RecordsNotAccepted)) return
    expect(failure.outcome.accepted).toBe(499)
    expect(failure.refused.map(({ partitionKey }) => partitionKey)).toEqual(['bb', 'unsent'])
    expect(failure.message).toContain('ProvisionedThroughputExceededException')
  })

  it('puts nothing where one record is too large', async () => {
    const kinesis = new ThrottlingKinesis(() => false)
    await expect(streamOf(kinesis).put([record(1), record(1024 * 1024)])).rejects.toThrow('Record 1 has 1048577 bytes')
    expect(kinesis.taken).toEqual([])
  })
})
