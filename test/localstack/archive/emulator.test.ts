import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { decodeRawLine, rawObjectKey } from '../../../core/raw-archive.ts'
import { archiveEvent } from '../../../lambdas/archive/archive.ts'
import { startEmulator } from '../../../localstack/emulator.ts'
import { anyFreePort } from '../../../localstack/port-check.ts'
import type { Running } from '../../../localstack/running.ts'
import { S3Archive, s3Client } from '../../../stores/archive/s3.ts'
import { KinesisStream, kinesisClient } from '../../../stores/stream/kinesis.ts'
import { archiveContract } from '../../stores/archive/contract.ts'
import { FaultyConnection, type HttpFate } from '../faulty-connection.ts'

let emulator: Running
let emulatorPort: number
let stateDir: string
let kinesis: KinesisClient
let s3: S3Client
const before = { ...process.env }

beforeAll(async () => {
  const port = await anyFreePort()
  emulatorPort = port
  const endpoint = `http://127.0.0.1:${port}`
  const local = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' }
  Object.assign(process.env, local, { AWS_ENDPOINT_URL: endpoint })
  stateDir = mkdtempSync(join(tmpdir(), 'tidemark-emulator-'))
  const lines: string[] = []
  emulator = await startEmulator({ port, stateDir, log: (line) => lines.push(line) })
  kinesis = kinesisClient()
  s3 = s3Client(endpoint)
})

afterAll(async () => {
  kinesis.destroy()
  s3.destroy()
  await emulator.stop()
  rmSync(stateDir, { recursive: true })
  process.env = before
})

let buckets = 0
const emptyArchive = async (): Promise<S3Archive> => {
  buckets += 1
  await s3.send(new CreateBucketCommand({ Bucket: `data-${buckets}` }))
  return new S3Archive(s3, `data-${buckets}`)
}

describe('the archive in S3', () => {
  archiveContract(emptyArchive)

  it('lists more objects than one page holds', async () => {
    const archive = await emptyArchive()
    const key = (index: number) => rawObjectKey('s', String(index * 10), String(index * 10 + 9))
    for (let index = 0; index < 1050; index += 50)
      await Promise.all(Array.from({ length: 50 }, (_, at) => archive.putObject(key(index + at), Uint8Array.from([1]))))
    const listed: string[] = []
    for await (const object of archive.listRaw('s', '95'.padStart(64, '0'))) listed.push(object.key)
    expect(listed).toEqual(Array.from({ length: 1041 }, (_, index) => key(index + 9)))
  })
})

describe('the archive where a PUT fails, or its answer is lost', () => {
  let faulty: FaultyConnection
  let faultyS3: S3Client
  beforeAll(async () => {
    faulty = await FaultyConnection.to(emulatorPort, ({ method }) => method === 'PUT')
    faultyS3 = new S3Client({ endpoint: faulty.url, forcePathStyle: true })
  })
  afterAll(async () => {
    faultyS3.destroy()
    await faulty.stop()
  })

  const shardId = 'shardId-000000000000'
  const event = (from: number, to: number) => ({
    Records: Array.from({ length: to - from + 1 }, (_, at) => ({
      eventID: `${shardId}:${from + at}`,
      kinesis: {
        sequenceNumber: String(from + at),
        partitionKey: 'k',
        approximateArrivalTimestamp: 1_384_000_000 + at,
        data: Buffer.from(`{"n":${from + at},"text":"${'x'.repeat(500)}"}`).toString('base64'),
      },
    })),
  })
  const meeting = async (...fates: readonly HttpFate[]) => {
    await emptyArchive()
    faulty.fates.meet(...fates)
    const bucket = `data-${buckets}`
    return { archive: new S3Archive(faultyS3, bucket), direct: new S3Archive(s3, bucket) }
  }
  const objects = async (archive: S3Archive): Promise<Record<string, string>> => {
    const found: Record<string, string> = {}
    for await (const { key } of archive.listKeys('raw/'))
      found[key] = Buffer.from((await archive.getObject(key)) ?? []).toString('base64')
    return found
  }
  const whole = async (): Promise<Record<string, string>> => {
    const { archive, direct } = await meeting('through')
    await archiveEvent(event(1, 9), archive)
    return objects(direct)
  }

  it.each<HttpFate>(['cut before', 'cut halfway', 'busy'])(
    'fails the batch where each try is met by: %s; nothing is there, and the batch that comes again is kept',
    async (fate) => {
      const { archive, direct } = await meeting(fate)
      await expect(archiveEvent(event(1, 9), archive)).rejects.toThrow()
      expect(faulty.fates.met).toBeGreaterThan(1)
      expect(await objects(direct)).toEqual({})
      faulty.fates.meet('through')
      await archiveEvent(event(1, 9), archive)
      expect(await objects(direct)).toEqual(await whole())
    },
  )

  it('keeps one object of the same bytes where an answer is lost, and the client puts it again', async () => {
    const { archive, direct } = await meeting('answer lost', 'cut halfway', 'through')
    await archiveEvent(event(1, 9), archive)
    expect(faulty.fates.met).toBe(3)
    expect(await objects(direct)).toEqual(await whole())
  })

  it('fails the batch where every answer is lost; it comes again, and leaves one object of the same bytes', async () => {
    const { archive, direct } = await meeting('answer lost')
    await expect(archiveEvent(event(1, 9), archive)).rejects.toThrow()
    const kept = await objects(direct)
    faulty.fates.meet('through')
    await archiveEvent(event(1, 9), archive)
    expect(await objects(direct)).toEqual(kept)
    expect(kept).toEqual(await whole())
  })

  it('tells what is newest once where the answer is lost, and the client puts it again', async () => {
    const { archive, direct } = await meeting('answer lost', 'through')
    await direct.putNewest('latest', { revision: 1 })
    await archive.putNewest('latest', { revision: 2 })
    expect(faulty.fates.met).toBe(2)
    expect(await direct.getJson('latest')).toEqual({ revision: 2 })
  })

  it('fails to tell what is newest where no try gets through, and leaves what stood there', async () => {
    const { archive, direct } = await meeting('cut before')
    await direct.putNewest('latest', { revision: 1 })
    await expect(archive.putNewest('latest', { revision: 2 })).rejects.toThrow()
    expect(await direct.getJson('latest')).toEqual({ revision: 1 })
  })
})

describe('the stream in Kinesis', () => {
  const streamName = 'orders'
  const createStream = async (StreamName: string): Promise<void> => {
    await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))
    const describe = () => kinesis.send(new DescribeStreamSummaryCommand({ StreamName }))
    while ((await describe()).StreamDescriptionSummary?.StreamStatus !== 'ACTIVE') await sleep(50)
  }

  /** All records of a shard, as Lambda would hand them over. */
  const eventOf = async (ShardId: string) => {
    const from = { StreamName: streamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const
    const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(from))
    const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator, Limit: 10_000 }))
    return {
      Records: Records.map(({ SequenceNumber = '', PartitionKey = '', ApproximateArrivalTimestamp, Data }) => ({
        eventID: `${ShardId}:${SequenceNumber}`,
        kinesis: {
          sequenceNumber: SequenceNumber,
          partitionKey: PartitionKey,
          approximateArrivalTimestamp: (ApproximateArrivalTimestamp?.getTime() ?? 0) / 1000,
          data: Buffer.from(Data ?? []).toString('base64'),
        },
      })),
    }
  }

  it('takes records of any number and size, and the archive keeps each once', async () => {
    await createStream(streamName)
    const stream = new KinesisStream(kinesis, streamName)
    const small = Array.from({ length: 1200 }, (_, index) => Buffer.from(`{"n":${index}}`))
    const large = Array.from({ length: 8 }, (_, index) => Buffer.alloc(1_000_000, index))
    const records = [...small, ...large].map((data, index) => ({ data, partitionKey: `key ${index}` }))
    const outcome = await stream.put(records)
    expect(outcome).toMatchObject({ accepted: 1208, retried: 0 })

    const shards = await stream.shards()
    expect(shards.map(({ parentShardIds }) => parentShardIds)).toEqual([[], []])
    const archive = await emptyArchive()
    const kept: Buffer[] = []
    for (const { shardId } of shards) {
      const { key } = await archiveEvent(await eventOf(shardId), archive)
      expect(key).toContain(`/${outcome.lastSequenceNumbers[shardId]}-`)
      for await (const line of archive.readLines(key)) kept.push(Buffer.from(decodeRawLine(line).bytes))
    }
    const sorted = (all: readonly Buffer[]) => all.map((bytes) => bytes.toString('base64')).sort()
    expect(sorted(kept)).toEqual(sorted(records.map(({ data }) => data)))
    expect(await archive.listRawShards()).toEqual(shards.map(({ shardId }) => shardId))
  })

  it('names when the first record after another arrived', async () => {
    await createStream('waiting')
    const stream = new KinesisStream(kinesis, 'waiting')
    const put = async (text: string) => {
      const { lastSequenceNumbers } = await stream.put([{ data: Buffer.from(text), partitionKey: 'one' }])
      const [[shardId, sequenceNumber] = ['', '']] = Object.entries(lastSequenceNumbers)
      return { shardId, sequenceNumber }
    }
    const first = await put('first')
    const between = Date.now()
    await sleep(20)
    const second = await put('second')
    expect(await stream.oldestAfter(first.shardId, '')).toBeLessThanOrEqual(between)
    expect(await stream.oldestAfter(first.shardId, first.sequenceNumber)).toBeGreaterThan(between)
    expect(await stream.oldestAfter(first.shardId, second.sequenceNumber)).toBeNull()
  })
})
