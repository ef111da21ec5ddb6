import type { _Record as StreamRecord } from '@aws-sdk/client-kinesis'

/** One record as it will stand in an event: `json` is its text in `Records`. */
export interface EventRecord {
  readonly sequenceNumber: string
  readonly json: string
  /** Of `json` in UTF-8. */
  readonly bytes: number
}

/** Where an event's records come from, repeated in each record. */
export interface EventSource {
  readonly shardId: string
  readonly streamArn: string
  readonly region: string
  readonly roleArn: string
}

/**
 * A record in the shape that Lambda documents for Kinesis; `approximateArrivalTimestamp` is in seconds, with a fraction.
 * @throws where the stream returned a record without one of its required fields.
 */
export const eventRecordFrom = (source: EventSource, record: StreamRecord): EventRecord => {
  const { SequenceNumber, PartitionKey, Data, ApproximateArrivalTimestamp } = record
  if (SequenceNumber === undefined || PartitionKey === undefined || !Data || !ApproximateArrivalTimestamp)
    throw new Error(
      `${source.streamArn} ${source.shardId} returned a record without one of its fields: ${SequenceNumber}`,
    )
  const json = JSON.stringify({
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: PartitionKey,
      sequenceNumber: SequenceNumber,
      data: Buffer.from(Data.buffer, Data.byteOffset, Data.byteLength).toString('base64'),
      approximateArrivalTimestamp: ApproximateArrivalTimestamp.getTime() / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${source.shardId}:${SequenceNumber}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: source.roleArn,
    awsRegion: source.region,
    eventSourceARN: source.streamArn,
  })
  return { sequenceNumber: SequenceNumber, json, bytes: Buffer.byteLength(json) }
}

/** The text of the event that carries these records. */
export const eventJson = (records: readonly EventRecord[]): string =>
  `{"Records":[${records.map((record) => record.json).join(',')}]}`

/** Orders sequence numbers of one stream, whatever their width. */
export const comparesAfter = (a: string, b: string): boolean => BigInt(a) > BigInt(b)
