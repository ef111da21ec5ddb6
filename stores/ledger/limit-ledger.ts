import type { Crossing } from '../../core/crossing.ts'
import type { LimitQuery } from '../../sql/limits.ts'

/** How far the watching of a limit is. */
export interface LimitWatch {
  readonly limitName: string
  /** The first period watched, as buckets are told: epoch ms. */
  readonly since: number
  /** Grows with each look that was written. */
  readonly revision: number
}

/** With its limit's name this names a crossing, and orders what was found. */
export interface CrossingPlace {
  readonly revision: number
  readonly place: number
}

/** A crossing as it is kept. Never changed, but for that it was told. */
export interface KeptCrossing extends Crossing, CrossingPlace {
  readonly isTold: boolean
}

/** What one look at a limit came to. */
export interface Looked {
  readonly servingVersion: string
  /** How often the answer would have had a hole; then nothing was written. */
  readonly gaps: number
  /** How many crossings were written. */
  readonly found: number
}

/** What of the limits was crossed, each once: the outbox that events are told from. */
export interface LimitLedger {
  /** A text that is another one once any answer may be another one. */
  facts(): Promise<string>
  /** Begins to watch a limit where nobody does. @param since the first period that will be */
  watch(limitName: string, since: number): Promise<LimitWatch>
  /**
   * Writes, in one transaction and by one snapshot of both sides, all that crossed since the last look.
   * @throws TransactionFailed where somebody else looked since the watch was read: nothing was written
   */
  look(watch: LimitWatch, query: Omit<LimitQuery, 'since'>, foundAt: number): Promise<Looked>
  /** The crossings not told yet, in the order in which they were found. */
  untold(limit: number): Promise<KeptCrossing[]>
  /** Notes that a limit's crossings were told: those that one look found, up to a place. */
  told(limitName: string, revision: number, place: number): Promise<void>
  /** The newest first. @param key of this one alone; null: of all. @param page `before`: those older than it; null: all */
  crossings(
    limitName: string,
    key: string | null,
    page: { readonly limit: number; readonly before: CrossingPlace | null },
  ): Promise<KeptCrossing[]>
}
