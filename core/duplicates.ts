import type { Decoded, RawRecord } from './record.ts'

/** A record that counts: a later one of its identity, in its shard's line and inside the window, is its duplicate. */
export interface First {
  /** Of `placeInShard`. */
  readonly place: string
  /** Epoch ms. */
  readonly arrivalTime: number
}

/** What the recompute keeps one record of: `(type, id, event time)`, as one text. */
export type Identity = string

/**
 * What a record is told from its twins by; null where it can have none: rejected, or an event without an id. The
 * recompute identifies these by their place in the stream.
 */
export const identityOf = (record: RawRecord, { type, id, eventTime, rejection }: Decoded): Identity | null =>
  rejection !== null || id.startsWith(`${record.shardId}/${record.sequenceNumber}`)
    ? null
    : JSON.stringify([type, id, eventTime])

/**
 * The rule: a first of the same identity stands earlier in the stream, and the two arrived at most the window apart.
 * Kinesis's arrival times do not grow with the stream, so the distance counts whichever way it points.
 */
export const isDuplicateOf = (firsts: readonly First[], { place, arrivalTime }: First, windowMs: number): boolean =>
  firsts.some((first) => first.place < place && Math.abs(first.arrivalTime - arrivalTime) <= windowMs)

/** The spans of arrival time that firsts are kept by, each as long as the window: a twin lies in its own or a neighbour. */
export const spansAround = (arrivalTime: number, windowMs: number): readonly [number, number, number] => {
  const span = Math.floor(arrivalTime / windowMs)
  return [span, span - 1, span + 1]
}

/** How much later than a first its last twin may be read: far more than arrival times ever go back. */
const keptForMs = 3_600_000

/** One shard's records in the stream's order: which of them are duplicates. */
export class Duplicates {
  readonly #windowMs: number
  readonly #ancestors: readonly Duplicates[]
  readonly #spans = new Map<number, Map<Identity, First[]>>()
  #newestSpan = Number.NEGATIVE_INFINITY

  /**
   * @param windowMs at least 1
   * @param ancestors of the parents that the shard came from, each having seen all of its shard's last records: they
   *   are earlier in the same line
   */
  constructor(windowMs: number, ancestors: readonly Duplicates[] = []) {
    this.#windowMs = windowMs
    this.#ancestors = ancestors
  }

  /** To be asked for every record that has an identity, in order; asked again for one, it answers the same. */
  isDuplicate(identity: Identity, place: string, arrivalTime: number): boolean {
    const one = { place, arrivalTime }
    const isEarlier = this.#ancestors.some((ancestor) => ancestor.#holds(identity, arrivalTime))
    if (isEarlier || isDuplicateOf(this.#firsts(identity, arrivalTime), one, this.#windowMs)) return true
    const [own] = spansAround(arrivalTime, this.#windowMs)
    const span = this.#spans.get(own) ?? new Map<Identity, First[]>()
    const held = span.get(identity) ?? []
    if (!held.some((first) => first.place === place)) span.set(identity, [...held, one])
    this.#spans.set(own, span)
    this.#forget(own)
    return false
  }

  /** Whether this line, all of which is earlier, holds a first inside the window. */
  #holds(identity: Identity, arrivalTime: number): boolean {
    return (
      this.#firsts(identity, arrivalTime).some(
        (first) => Math.abs(first.arrivalTime - arrivalTime) <= this.#windowMs,
      ) || this.#ancestors.some((ancestor) => ancestor.#holds(identity, arrivalTime))
    )
  }

  #firsts(identity: Identity, arrivalTime: number): First[] {
    return spansAround(arrivalTime, this.#windowMs).flatMap((span) => this.#spans.get(span)?.get(identity) ?? [])
  }

  #forget(span: number): void {
    if (span <= this.#newestSpan) return
    this.#newestSpan = span
    const oldest = span - 1 - Math.ceil(keptForMs / this.#windowMs)
    for (const held of this.#spans.keys()) if (held < oldest) this.#spans.delete(held)
  }
}
