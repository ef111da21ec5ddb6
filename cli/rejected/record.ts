import type { RejectionReason } from '../../core/record.ts'

/** A record that was rejected, with why and by which side. */
export interface RejectedRecord {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly subSequence: number
  /** Epoch ms. */
  readonly arrivalTime: number
  readonly reason: RejectionReason
  readonly detail: string
  /** The type that it claims, where it is a known one. */
  readonly eventType: string | null
  /** null: its bytes are not UTF-8, and stand in `dataBase64`. */
  readonly data: string | null
  readonly dataBase64: string | null
  /** batch: the live dataset's lake holds it; speed: it lies above the tidemark, in the raw archive alone. */
  readonly side: 'batch' | 'speed'
  /** The definitions deployed now would take it: what was rejected under earlier ones is so until a recompute. */
  readonly takenNow: boolean
}

/** Which records are meant. */
export interface RejectedFilter {
  readonly reason: RejectionReason | null
  readonly type: string | null
  /** By arrival, half-open, epoch ms; null: unbounded. */
  readonly from: number | null
  readonly to: number | null
}

export const isMeant = (filter: RejectedFilter, { reason, eventType, arrivalTime }: RejectedRecord): boolean =>
  (filter.reason === null || filter.reason === reason) &&
  (filter.type === null || filter.type === eventType) &&
  (filter.from === null || arrivalTime >= filter.from) &&
  (filter.to === null || arrivalTime < filter.to)
