import { join } from 'node:path'
import { CreateStreamCommand, DescribeStreamSummaryCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { Redis } from 'iovalkey'
import { EmulatorWentBack, startEmulator } from '../../../localstack/emulator.ts'
import { anyFreePort } from '../../../localstack/port-check.ts'
import { startValkey } from '../../../localstack/valkey.ts'
import { silent, temporaryHome } from './temporary-home.ts'

const home = temporaryHome()

describe('Valkey', () => {
  const options = { port: 0, stateDir: join(home, 'valkey'), log: silent }
  beforeAll(async () => {
    options.port = await anyFreePort()
  })

  it('is a cluster of one node, and keeps its keys over a restart', async () => {
    const first = await startValkey(options)
    const client = new Redis(options.port)
    await client.set('a', '1')
    await expect(client.mset('a', '1', 'b', '2')).rejects.toThrow('CROSSSLOT')
    expect(await client.cluster('SLOTS')).toEqual([[0, 16_383, ['127.0.0.1', options.port, expect.any(String), []]]])
    client.disconnect()
    await first.stop()

    const second = await startValkey(options)
    const again = new Redis(options.port)
    expect(await again.get('a')).toBe('1')
    again.disconnect()
    await second.stop()
  })

  it('does not take another server on its port for itself', async () => {
    const running = await startValkey(options)
    await expect(startValkey({ ...options, stateDir: join(home, 'other') })).rejects.toThrow(
      `Port ${options.port}, which Valkey needs, is in use`,
    )
    await running.stop()
  })
})

describe('AWS emulator', () => {
  it('keeps objects and streams over a clean stop, and refuses to start after it was cut off', async () => {
    const options = { port: await anyFreePort(), stateDir: join(home, 'emulator'), log: silent }
    const settings = {
      endpoint: `http://127.0.0.1:${options.port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }
    const s3 = new S3Client({ ...settings, forcePathStyle: true })
    const kinesis = new KinesisClient({ ...settings, requestHandler: new NodeHttpHandler() })
    const first = await startEmulator(options)
    await s3.send(new CreateBucketCommand({ Bucket: 'data' }))
    await s3.send(new PutObjectCommand({ Bucket: 'data', Key: 'incarnation', Body: 'one' }))
    await kinesis.send(new CreateStreamCommand({ StreamName: 'events', ShardCount: 2 }))
    await first.stop()

    const second = await startEmulator(options)
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'incarnation' }))
    expect(await Body?.transformToString()).toBe('one')
    const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: 'events' }))
    expect(StreamDescriptionSummary?.OpenShardCount).toBe(2)
    process.kill(second.pid, 'SIGKILL')
    await second.stop()

    await expect(startEmulator(options)).rejects.toThrow(EmulatorWentBack)
  })
})
