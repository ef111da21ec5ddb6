/** One Kinesis record as the archive keeps it and every layer decodes it. */
export interface RawRecord {
  readonly shardId: string
  /** Zero-padded to 64 digits, so that text order is stream order. */
  readonly sequenceNumber: string
  /** Among the user records that one Kinesis record aggregates: 0 to `maxSubSequence`. None: 0. */
  readonly subSequence?: number
  /** Kinesis's approximate arrival time, epoch ms. */
  readonly arrivalTime: number
  /** The record's bytes as text; null where they are not UTF-8. */
  readonly text: string | null
  /** Read from the lake, which holds no secrets (`core/lake-text.ts`): they are not asked for. */
  readonly fromLake?: boolean
}

/** A Kinesis record holds at most 10 MiB, hence fewer user records than this, unless they are all but empty. */
export const maxSubSequence = 999_999

/**
 * A record's place in its shard, as a text whose order is the stream's: records that one Kinesis record aggregates share
 * its sequence number.
 */
export const placeInShard = ({
  sequenceNumber,
  subSequence = 0,
}: Pick<RawRecord, 'sequenceNumber' | 'subSequence'>): string =>
  subSequence === 0 ? sequenceNumber : `${sequenceNumber}.${String(subSequence).padStart(6, '0')}`

/** The same over all shards, for where two records must be told apart in one order: the shard decides last. */
export const placeInStream = (record: Pick<RawRecord, 'sequenceNumber' | 'subSequence' | 'shardId'>): string =>
  `${record.sequenceNumber}.${String(record.subSequence ?? 0).padStart(6, '0')}.${record.shardId}`

/** An event's values by field, decoded: decimals scaled to integers, instants epoch ms. */
export type Row = Readonly<Record<string, unknown>>

export const rejectionReasons = [
  'not_utf8',
  'not_json',
  'not_an_object',
  'unknown_type',
  'invalid',
  'too_late',
  'too_early',
] as const
export type RejectionReason = (typeof rejectionReasons)[number]

/**
 * What one record says. Identity is `(type, id, eventTime)`. A rejected record has type `_rejected`, its place in the
 * stream as id, and its arrival as event time, so that it goes the way of every other event.
 */
export interface Decoded {
  readonly type: string
  readonly id: string
  /** Epoch ms UTC. */
  readonly eventTime: number
  readonly row: Row
  /** Where it stands in the stream, as a text whose order is the stream's: sequence number, place in an aggregate, shard. */
  readonly place: string
  /** What it says of an entity, as JSON (`core/entity.ts`); left out where its event is no entity's change. */
  readonly body?: string
  readonly rejection: { readonly reason: RejectionReason; readonly detail: string } | null
}

export const rejectedType = '_rejected'
