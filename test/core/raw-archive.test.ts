import fc from 'fast-check'
import { type KinesisEventRecord, readKinesisEvent, toRawRecord } from '../../core/kinesis-record.ts'
import {
  decodeRawLine,
  encodeRawLine,
  firstOutside,
  parseRawObjectKey,
  parseRawShardPrefix,
  rawObjectKey,
} from '../../core/raw-archive.ts'
import { padSequenceNumber } from '../../core/sequence-number.ts'

const shardId = 'shardId-000000000007'

const eventRecord = (sequenceNumber: string, bytes: Uint8Array, partitionKey = 'k'): KinesisEventRecord => ({
  eventID: `${shardId}:${sequenceNumber}`,
  kinesis: {
    sequenceNumber,
    partitionKey,
    approximateArrivalTimestamp: 1_384_000_000.123,
    data: Buffer.from(bytes).toString('base64'),
  },
})

const sequenceNumbers = fc.bigInt({ min: 0n, max: 10n ** 64n - 1n }).map(String)

describe('a sequence number', () => {
  it('keeps the stream order as text', () => {
    fc.assert(
      fc.property(sequenceNumbers, sequenceNumbers, (a, b) => {
        expect(padSequenceNumber(a) < padSequenceNumber(b)).toBe(BigInt(a) < BigInt(b))
        expect(padSequenceNumber(a)).toHaveLength(64)
      }),
    )
  })

  it('is named where it is too long or none', () => {
    const long = '9'.repeat(65)
    expect(() => padSequenceNumber(long)).toThrow(`${long} has 65 digits`)
    for (const none of ['', 'LATEST', '-1', '1.5', ' 1'])
      expect(() => padSequenceNumber(none)).toThrow('no sequence number')
  })
})

describe('a raw object key', () => {
  it('is parsed back to what it was built from', () => {
    fc.assert(
      fc.property(sequenceNumbers, sequenceNumbers, (a, b) => {
        const [first, last] = [padSequenceNumber(a), padSequenceNumber(b)].sort()
        const key = rawObjectKey(shardId, first ?? '', last ?? '')
        expect(parseRawObjectKey(key)).toEqual({ key, shardId, first, last })
      }),
    )
  })

  it('is refused where it is another key or ends before it starts', () => {
    expect(() => parseRawObjectKey('raw/shard=a/1-2.ndjson.gz')).toThrow('no raw object')
    expect(() => rawObjectKey(shardId, '2', '1')).toThrow("can't end at 1")
    expect(parseRawShardPrefix('raw/shard=a/')).toBe('a')
    expect(() => parseRawShardPrefix('raw/x/')).toThrow('no shard')
  })
})

describe('a raw line', () => {
  it('is one line and loses no byte, whatever the bytes are', () => {
    const texts = fc.string({ unit: 'binary' }).map((text) => Buffer.from(text, 'utf8'))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), texts), fc.string({ unit: 'binary' }), (bytes, partitionKey) => {
        const record = toRawRecord(eventRecord('12', bytes, partitionKey))
        const line = encodeRawLine(record)
        expect(line).not.toMatch(/[\n\r]/)
        const read = decodeRawLine(line)
        expect({ ...read, bytes: Buffer.from(read.bytes) }).toEqual({ ...record, bytes: Buffer.from(bytes) })
        expect(encodeRawLine(read)).toBe(line)
      }),
    )
  })

  it('holds data as text, or as base64 where it is no UTF-8', () => {
    expect(JSON.parse(encodeRawLine(toRawRecord(eventRecord('5', Buffer.from('{"a":"é"}')))))).toEqual({
      shardId,
      sequenceNumber: '5'.padStart(64, '0'),
      arrivalTime: 1_384_000_000_123,
      partitionKey: 'k',
      data: '{"a":"é"}',
    })
    expect(JSON.parse(encodeRawLine(toRawRecord(eventRecord('5', Buffer.from([0xff])))))).toMatchObject({
      dataBase64: '/w==',
    })
  })

  it('is refused without data, or with base64 of a text', () => {
    expect(() => decodeRawLine('{"shardId":"s","sequenceNumber":"1"}')).toThrow('neither data nor dataBase64')
    expect(() => decodeRawLine('{"shardId":"s","sequenceNumber":"1","dataBase64":"YQ=="}')).toThrow('is UTF-8')
  })
})

describe('a Kinesis event', () => {
  const record = (sequenceNumber: string) => eventRecord(sequenceNumber, Buffer.from('{}'))

  it('gives its shard and its records in order', () => {
    const { shardId: shard, records } = readKinesisEvent({ Records: [record('9'), record('10')] })
    expect(shard).toBe(shardId)
    expect(records.map((each) => BigInt(each.sequenceNumber))).toEqual([9n, 10n])
  })

  it('is refused where it is empty, of two shards, or out of order', () => {
    expect(() => readKinesisEvent({ Records: [] })).toThrow('no record')
    expect(() => readKinesisEvent({ Records: [record('1'), { ...record('2'), eventID: 'shardId-1:2' }] })).toThrow(
      'two shards',
    )
    expect(() => readKinesisEvent({ Records: [record('10'), record('9')] })).toThrow('stands after')
    expect(() => readKinesisEvent({ Records: [{ ...record('1'), eventID: '1' }] })).toThrow('eventID')
  })
})

describe('a record that no object holds', () => {
  const object = (first: number, last: number) => ({
    first: padSequenceNumber(String(first)),
    last: padSequenceNumber(String(last)),
  })
  const outside = (numbers: readonly number[], ...objects: readonly [number, number][]): number | null => {
    const found = firstOutside(
      numbers.map((number) => padSequenceNumber(String(number))),
      objects.map(([first, last]) => object(first, last)),
    )
    return found === null ? null : Number(found)
  }

  it('is the first between two of them', () => {
    expect(outside([1, 5, 9], [1, 5], [6, 9])).toBeNull()
    expect(outside([1, 5, 7, 8, 9], [1, 5], [9, 12])).toBe(7)
    expect(outside([1], [2, 3])).toBe(1)
    expect(outside([4], [2, 3])).toBe(4)
    expect(outside([], [2, 3])).toBeNull()
    expect(outside([1])).toBe(1)
  })

  it('is what looking into every object finds, whatever overlaps', () => {
    const place = fc.integer({ min: 1, max: 40 })
    const ranges = fc.array(fc.tuple(place, place).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]))
    fc.assert(
      fc.property(fc.uniqueArray(place), ranges, (numbers, objects) => {
        const ascending = numbers.sort((a, b) => a - b)
        const one = ascending.find((number) => !objects.some(([first, last]) => first <= number && number <= last))
        expect(outside(ascending, ...objects)).toBe(one ?? null)
      }),
    )
  })
})
