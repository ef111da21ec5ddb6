import fc from 'fast-check'
import { expandAggregates } from '../../core/aggregate.ts'
import type { ReceivedRecord } from '../../core/kinesis-record.ts'
import { aggregateOf, field, numberField, sealed } from '../aggregates.ts'

const received = (bytes: Uint8Array): ReceivedRecord => ({
  shardId: 'shardId-000000000000',
  sequenceNumber: '7'.padStart(64, '0'),
  arrivalTime: 5,
  text: null,
  partitionKey: 'of the aggregate',
  bytes,
})
const textsOf = (bytes: Uint8Array): (string | null)[] => expandAggregates([received(bytes)]).map(({ text }) => text)
const staysWhatItIs = (bytes: Uint8Array): void => {
  const record = received(bytes)
  expect(expandAggregates([record])).toEqual([record])
}

describe('an aggregate', () => {
  it('is read as other libraries write it', () => {
    // The aggregate of one record, `data` under `partition_key`, that the documentation of ExKpl 0.2.0 shows.
    const known = Buffer.from(
      'f3899ac20a0d706172746974696f6e5f6b65791a0808001a0464617461d03699da5a222fa32108ad1bd955a14e',
      'hex',
    )
    expect(expandAggregates([received(known)])).toEqual([
      {
        shardId: 'shardId-000000000000',
        sequenceNumber: '7'.padStart(64, '0'),
        subSequence: 0,
        arrivalTime: 5,
        text: 'data',
        partitionKey: 'partition_key',
        bytes: Buffer.from('data'),
      },
    ])
  })

  it('gives its user records in order, each with its own key, whatever they hold', () => {
    const records = [
      { data: '{"a":1}', partitionKeyIndex: 1 },
      { data: '', explicitHashKeyIndex: 0 },
      { data: Buffer.from([0xff]) },
      { data: 'ünï' },
    ]
    const read = expandAggregates([received(aggregateOf(records, ['k', 'other'], ['17']))])
    expect(read.map(({ text, subSequence, partitionKey }) => [text, subSequence, partitionKey])).toEqual([
      ['{"a":1}', 0, 'other'],
      ['', 1, 'k'],
      [null, 2, 'k'],
      ['ünï', 3, 'k'],
    ])
    expect(Buffer.from(read[2]?.bytes ?? []).toString('hex')).toBe('ff')
  })

  it('gives back what was put in', () => {
    const data = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(data, (datas) => {
        const read = expandAggregates([received(aggregateOf(datas.map((one) => ({ data: one }))))])
        expect(read.map(({ bytes }) => Buffer.from(bytes))).toEqual(datas.map((one) => Buffer.from(one)))
      }),
    )
  })

  it('may have its tables last, and fields that nobody knows', () => {
    const unknown = [
      numberField(9, 300),
      field(10, 'tag'),
      Buffer.from([(11 << 3) | 5, 1, 2, 3, 4]),
      Buffer.from([(12 << 3) | 1, 1, 2, 3, 4, 5, 6, 7, 8]),
    ]
    const record = Buffer.concat([field(4, 'tag'), field(3, 'x'), numberField(1, 0)])
    expect(textsOf(sealed(Buffer.concat([...unknown, field(3, record), field(1, 'k')])))).toEqual(['x'])
  })

  it('stands beside plain records, which it leaves as they are', () => {
    const plain = { ...received(Buffer.from('{}')), text: '{}' }
    const records = [plain, received(aggregateOf(['a', 'b'])), plain]
    expect(expandAggregates(records).map(({ text }) => text)).toEqual(['{}', 'a', 'b', '{}'])
  })

  it('is not looked for inside another', () => {
    const inner = aggregateOf(['x'])
    expect(expandAggregates([received(aggregateOf([{ data: inner }]))])).toMatchObject([{ text: null, bytes: inner }])
  })
})

describe('what is no sound aggregate stays what it is', () => {
  const sound = aggregateOf(['{"a":1}', 'b'])
  const userRecord = (content: Buffer): Buffer => sealed(Buffer.concat([field(1, 'k'), field(3, content)]))

  it.each([
    ['without a record', aggregateOf([])],
    ['without a message', sealed(Buffer.alloc(0))],
    ['with nothing but the magic bytes', sound.subarray(0, 4)],
    ['cut off', sound.subarray(0, -1)],
    ['with another MD5', Buffer.concat([sound.subarray(0, -1), Buffer.from([(sound.at(-1) ?? 0) ^ 1])])],
    ['with other magic bytes', Buffer.concat([Buffer.from([0xf3, 0x89, 0x9a, 0xc1]), sound.subarray(4)])],
    ['whose record lacks its key', userRecord(field(3, 'x'))],
    ['whose record lacks its data', userRecord(numberField(1, 0))],
    ['whose record points past the keys', userRecord(Buffer.concat([numberField(1, 1), field(3, 'x')]))],
    [
      'whose record points past the hash keys',
      userRecord(Buffer.concat([numberField(1, 0), numberField(2, 0), field(3, 'x')])),
    ],
    ['whose length is past its end', sealed(Buffer.from([0x0a, 0x7f, 0x6b]))],
    ['with a number that does not end', sealed(Buffer.alloc(12, 0xff))],
    ['with a number of eleven bytes', sealed(Buffer.from([8, ...Array(10).fill(0x80), 1]))],
    ['with field 0', sealed(Buffer.concat([Buffer.from([0, 0]), sound.subarray(4, -16)]))],
    ['with a group', sealed(Buffer.concat([Buffer.from([0x4b, 0x4c]), sound.subarray(4, -16)]))],
    ['whose fixed number is cut off', sealed(Buffer.from([0x0d, 1, 2]))],
  ])('%s', (_, bytes) => staysWhatItIs(bytes))

  it('and so does every one of which a byte was changed', () => {
    for (let at = 0; at < sound.length; at++) {
      const damaged = Buffer.from(sound)
      damaged[at] = (damaged[at] ?? 0) ^ 0x10
      staysWhatItIs(damaged)
    }
  })
})
