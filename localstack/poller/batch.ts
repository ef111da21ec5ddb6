import type { EventRecord } from './event.ts'

/** What ends a batch. */
export interface BatchLimits {
  readonly batchSize: number
  readonly batchingWindowMs: number
  readonly payloadBytes: number
}

/** Lambda's limit of a synchronous invocation's payload; https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
export const largestPayloadBytes = 6 * 1024 * 1024

const envelopeBytes = Buffer.byteLength('{"Records":[]}')

/** Either a batch of the buffer's first `take` records is due, or one falls due in `waitMs` unless records come before. */
export type Due = { readonly take: number } | { readonly waitMs: number }

const nothingDue: Due = { waitMs: Number.POSITIVE_INFINITY }

/** How many of the first records fit, at least one; `full` says that no further record would. */
const fitting = (records: readonly EventRecord[], limits: BatchLimits): { count: number; full: boolean } => {
  let bytes = envelopeBytes
  for (const [count, record] of records.entries()) {
    if (count === limits.batchSize) return { count, full: true }
    const separatorBytes = count === 0 ? 0 : 1
    bytes += record.bytes + separatorBytes
    if (count > 0 && bytes > limits.payloadBytes) return { count, full: true }
  }
  return { count: records.length, full: records.length >= limits.batchSize }
}

/**
 * Says whether a batch is due: its size or its payload is reached, its window has passed since its first record was read, or
 * no further record will come.
 */
export const dueBatch = (
  records: readonly EventRecord[],
  limits: BatchLimits,
  at: { readonly now: number; readonly firstReadAt: number; readonly ended: boolean },
): Due => {
  if (records.length === 0) return nothingDue
  const { count, full } = fitting(records, limits)
  const waitMs = at.firstReadAt + limits.batchingWindowMs - at.now
  return full || at.ended || waitMs <= 0 ? { take: count } : { waitMs }
}
