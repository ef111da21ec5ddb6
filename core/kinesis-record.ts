import { isUtf8 } from 'node:buffer'
import type { RawRecord } from './record.ts'
import { padSequenceNumber } from './sequence-number.ts'

/** The part of a Lambda Kinesis event's record that Tidemark reads. */
export interface KinesisEventRecord {
  /** `SHARD:SEQUENCE_NUMBER`: the only place where the event names the shard. */
  readonly eventID: string
  readonly kinesis: {
    readonly sequenceNumber: string
    readonly partitionKey: string
    /** Epoch seconds, with decimals. */
    readonly approximateArrivalTimestamp: number
    /** Base64. */
    readonly data: string
  }
}

/** A record as it came: what every layer decodes, and what only the archive keeps. */
export interface ReceivedRecord extends RawRecord {
  readonly partitionKey: string
  readonly bytes: Uint8Array
}

const shardOf = (eventID: string): string => {
  const end = eventID.indexOf(':')
  if (end < 1) throw new Error(`A Kinesis record has the eventID "${eventID}"; it must be SHARD:SEQUENCE_NUMBER.`)
  return eventID.slice(0, end)
}

/** @throws where the record names no shard, or its sequence number is none. */
export const toRawRecord = (record: KinesisEventRecord): ReceivedRecord => {
  const bytes = Buffer.from(record.kinesis.data, 'base64')
  return {
    shardId: shardOf(record.eventID),
    sequenceNumber: padSequenceNumber(record.kinesis.sequenceNumber),
    arrivalTime: Math.round(record.kinesis.approximateArrivalTimestamp * 1000),
    text: isUtf8(bytes) ? bytes.toString('utf8') : null,
    partitionKey: record.kinesis.partitionKey,
    bytes,
  }
}

/**
 * The records of one event, all of one shard, in the stream's order.
 * @throws where there are none, or two shards, or the order is another: Lambda promises one shard's records in order
 * for each invocation, and every position rests on it.
 */
export const readKinesisEvent = (event: {
  readonly Records: readonly KinesisEventRecord[]
}): { shardId: string; records: ReceivedRecord[] } => {
  const records = event.Records.map(toRawRecord)
  const [first] = records
  if (first === undefined) throw new Error('A Kinesis event holds no record.')
  let before = ''
  for (const { shardId, sequenceNumber } of records) {
    if (shardId !== first.shardId)
      throw new Error(`A Kinesis event holds records of two shards, ${first.shardId} and ${shardId}.`)
    if (sequenceNumber <= before)
      throw new Error(`In a Kinesis event of ${shardId}, ${sequenceNumber} stands after ${before}.`)
    before = sequenceNumber
  }
  return { shardId: first.shardId, records }
}
