/** One Kinesis record as the archive keeps it and every layer decodes it. */
export interface RawRecord {
  readonly shardId: string
  /** Zero-padded to 64 digits, so that text order is stream order. */
  readonly sequenceNumber: string
  /** Kinesis's approximate arrival time, epoch ms. */
  readonly arrivalTime: number
  /** The record's bytes as text; null where they are not UTF-8. */
  readonly text: string | null
}

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
  readonly rejection: { readonly reason: RejectionReason; readonly detail: string } | null
}

export const rejectedType = '_rejected'
