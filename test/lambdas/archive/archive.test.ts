import { gunzipSync } from 'node:zlib'
import { decodeRawLine, rawObjectKey } from '../../../core/raw-archive.ts'
import { archiveEvent } from '../../../lambdas/archive/archive.ts'
import { readEnvironment } from '../../../lambdas/archive/env.ts'
import { MemoryArchive } from '../../../stores/archive/memory.ts'

const shardId = 'shardId-000000000000'
const event = (payloads: readonly (string | Uint8Array)[]) => ({
  Records: payloads.map((payload, index) => ({
    eventID: `${shardId}:${100 + index}`,
    kinesis: {
      sequenceNumber: String(100 + index),
      partitionKey: `key-${index}`,
      approximateArrivalTimestamp: 1_384_000_000 + index,
      data: Buffer.from(payload).toString('base64'),
    },
  })),
})

describe('archiveEvent', () => {
  const payloads = ['{"type":"order"}', 'no json at all', Buffer.from([0xc3, 0x28]), '', 'two\nlines\u2028three']

  it('keeps every byte of every record in one object', async () => {
    const archive = new MemoryArchive()
    const archived = await archiveEvent(event(payloads), archive)
    expect(archived).toMatchObject({ key: rawObjectKey(shardId, '100', '104'), shardId, records: 5 })
    const lines: string[] = []
    for await (const line of archive.readLines(archived.key)) lines.push(line)
    const read = lines.map((line) => Buffer.from(decodeRawLine(line).bytes))
    expect(read).toEqual(payloads.map((payload) => Buffer.from(payload)))
  })

  it('gives the same key and the same bytes for the same batch', async () => {
    const [once, again] = [new MemoryArchive(), new MemoryArchive()]
    const { key, bytes } = await archiveEvent(event(payloads), once)
    await archiveEvent(event(payloads), again)
    await archiveEvent(event(payloads), again)
    const object = await once.getObject(key)
    expect(object).toEqual(await again.getObject(key))
    expect(object?.byteLength).toBe(bytes)
    expect(object?.subarray(4, 8)).toEqual(Uint8Array.from([0, 0, 0, 0]))
    expect(gunzipSync(object ?? new Uint8Array()).toString()).toMatch(/\n$/)
  })

  it('fails the batch where the PUT fails', async () => {
    const putObject = async () => {
      throw new Error('SlowDown')
    }
    await expect(archiveEvent(event(['{}']), { putObject })).rejects.toThrow('SlowDown')
  })

  it('does not start without its bucket', () => {
    expect(() => readEnvironment({})).toThrow('DATA_BUCKET')
    expect(readEnvironment({ DATA_BUCKET: 'b', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' })).toEqual({
      dataBucket: 'b',
      endpointUrl: 'http://127.0.0.1:1',
    })
  })
})
