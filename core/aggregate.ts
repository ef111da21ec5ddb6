import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import type { ReceivedRecord } from './kinesis-record.ts'
import { readMessage, type WireField } from './protobuf.ts'
import { maxSubSequence } from './record.ts'

/**
 * The format in which the Kinesis Producer Library puts many user records into one Kinesis record: four magic bytes, the
 * protobuf message AggregatedRecord, the MD5 of that message (github.com/awslabs/amazon-kinesis-producer,
 * aggregation-format.md). The magic bytes are never UTF-8, so no text is taken for an aggregate.
 */
const magic = Buffer.from([0xf3, 0x89, 0x9a, 0xc2])
const md5Bytes = 16

/** Fields of AggregatedRecord. */
const partitionKeyTable = 1
const explicitHashKeyTable = 2
const userRecords = 3
/** Fields of its Record. */
const partitionKeyIndex = 1
const explicitHashKeyIndex = 2
const recordData = 3

interface UserRecord {
  readonly partitionKey: Uint8Array
  readonly data: Uint8Array
}

/**
 * Kinesis records with each aggregate replaced by the user records in it, in their order, which share its place and are
 * told apart by `subSequence`. What is no sound aggregate stays what it is; so does one inside another, and one that
 * holds nothing, which would vanish. User records are kept whatever shard their hash key belongs to
 * (docs/decisions, "taken whole").
 */
export const expandAggregates = (records: readonly ReceivedRecord[]): ReceivedRecord[] =>
  records.flatMap((record) => (record.text === null ? (expanded(record) ?? [record]) : [record]))

const expanded = (record: ReceivedRecord): ReceivedRecord[] | null =>
  readAggregate(record.bytes)?.map(({ partitionKey, data }, subSequence) => ({
    shardId: record.shardId,
    sequenceNumber: record.sequenceNumber,
    subSequence,
    arrivalTime: record.arrivalTime,
    text: isUtf8(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8') : null,
    partitionKey: Buffer.from(partitionKey).toString('utf8'),
    bytes: data,
  })) ?? null

/** null where the bytes are no aggregate of at least one user record. */
const readAggregate = (bytes: Uint8Array): UserRecord[] | null => {
  const end = bytes.length - md5Bytes
  if (end <= magic.length || !magic.equals(bytes.subarray(0, magic.length))) return null
  const message = bytes.subarray(magic.length, end)
  if (!createHash('md5').update(message).digest().equals(bytes.subarray(end))) return null
  const fields = readMessage(message)
  if (fields === null) return null
  const partitionKeys = bytesOf(fields, partitionKeyTable)
  const hashKeys = bytesOf(fields, explicitHashKeyTable)
  const messages = bytesOf(fields, userRecords)
  if (messages.length === 0 || messages.length > maxSubSequence + 1) return null
  const read: UserRecord[] = []
  for (const one of messages) {
    const record = readUserRecord(one, partitionKeys, hashKeys.length)
    if (record === null) return null
    read.push(record)
  }
  return read
}

const readUserRecord = (
  message: Uint8Array,
  partitionKeys: readonly Uint8Array[],
  hashKeys: number,
): UserRecord | null => {
  const fields = readMessage(message)
  if (fields === null) return null
  const partitionKey = partitionKeys[numbersOf(fields, partitionKeyIndex).at(-1) ?? Number.NaN]
  const data = bytesOf(fields, recordData).at(-1)
  const hasHashKey = numbersOf(fields, explicitHashKeyIndex).every((index) => index < hashKeys)
  return partitionKey === undefined || data === undefined || !hasHashKey ? null : { partitionKey, data }
}

/** A known field of another wire type counts as unknown, as protobuf has it. */
const bytesOf = (fields: readonly WireField[], number: number): Uint8Array[] =>
  fields.flatMap((field) => (field.number === number && field.value instanceof Uint8Array ? [field.value] : []))

const numbersOf = (fields: readonly WireField[], number: number): number[] =>
  fields.flatMap((field) => (field.number === number && typeof field.value === 'number' ? [field.value] : []))
