import { createHash } from 'node:crypto'

/** What one user record of an aggregate holds; indices that are left out point to the first key, or to none. */
export interface AggregatedUserRecord {
  readonly data: string | Uint8Array
  readonly partitionKeyIndex?: number
  readonly explicitHashKeyIndex?: number
}

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 0x80))]

/** A length-delimited field. */
export const field = (number: number, content: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(content)
  return Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes])
}

export const numberField = (number: number, value: number): Buffer =>
  Buffer.from([...varint(number * 8), ...varint(value)])

/** Any bytes, as if they were the message of an aggregate. */
export const sealed = (message: Uint8Array): Buffer =>
  Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, createHash('md5').update(message).digest()])

/** A Kinesis record as the Kinesis Producer Library aggregates it. */
export const aggregateOf = (
  records: readonly (AggregatedUserRecord | string)[],
  partitionKeys: readonly string[] = ['k'],
  explicitHashKeys: readonly string[] = [],
): Buffer =>
  sealed(
    Buffer.concat([
      ...partitionKeys.map((key) => field(1, key)),
      ...explicitHashKeys.map((key) => field(2, key)),
      ...records.map((record) => field(3, userRecord(typeof record === 'string' ? { data: record } : record))),
    ]),
  )

const userRecord = ({ data, partitionKeyIndex = 0, explicitHashKeyIndex }: AggregatedUserRecord): Buffer =>
  Buffer.concat([
    numberField(1, partitionKeyIndex),
    ...(explicitHashKeyIndex === undefined ? [] : [numberField(2, explicitHashKeyIndex)]),
    field(3, data),
  ])
