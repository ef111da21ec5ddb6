import { streamStart } from './speed-ledger.ts'

/** One exclusion as the ledger keeps it; what it leaves out stands in S3, under `requestKey`. */
export interface ExclusionEntry {
  /** The revision of the set that it came in at. */
  readonly id: number
  readonly requestId: string
  readonly eventType: string
  /** What it leaves out, as JSON text to read: ids are counted here, not listed. */
  readonly definition: string
  readonly reason: string
  readonly by: string
  /** `YYYY-MM-DD HH:MM:SS[.ffffff]`, UTC. */
  readonly madeAt: string
  /** null: it is meant to stand. */
  readonly undone: {
    readonly revision: number
    readonly reason: string
    readonly by: string
    readonly at: string
  } | null
}

export interface NewExclusion {
  /** Names the request: tried again, it makes no second exclusion. */
  readonly requestId: string
  readonly eventType: string
  readonly definition: string
  readonly reason: string
  readonly by: string
  /** Epoch ms. */
  readonly madeAt: number
}

export interface Undoing {
  readonly reason: string
  readonly by: string
  /** Epoch ms. */
  readonly at: number
}

/** Speed counts the shard's records above `above`, up to the shard's next stretch, under `revision`. */
export interface ExclusionStretch {
  readonly shardId: string
  /** Padded. */
  readonly above: string
  readonly revision: number
}

/** The stretches of one shard once all above `from` ('': its start) and up to `to` is counted under a revision. */
export const restretched = (
  own: readonly ExclusionStretch[],
  { shardId, from, to }: { readonly shardId: string; readonly from: string; readonly to: string },
  revision: number,
): ExclusionStretch[] => {
  const start = from === '' ? streamStart : from
  const after = own.findLast(({ above }) => above <= to)?.revision ?? 0
  const all = [
    ...own.filter(({ above }) => above < start),
    { shardId, above: start, revision },
    { shardId, above: to, revision: after },
    ...own.filter(({ above }) => above > to),
  ]
  return all.filter((stretch, at) => stretch.revision !== (all[at - 1]?.revision ?? 0))
}

/**
 * The revision that a shard's rows up to `to` are to be counted by. Rows above may go on without a register that one
 * below holds, as long as both are counted alike: so it is the revision of the rows right above. At the shard's
 * position there are none, and who writes the next will have forgotten; there it is the shard's own.
 */
export const revisionBelow = (
  to: string,
  {
    shardId,
    position,
    exclusions,
  }: { readonly shardId: string; readonly position: string; readonly exclusions: number },
  stretches: readonly ExclusionStretch[],
): number => {
  if (to >= position) return exclusions
  const below = stretches.filter((stretch) => stretch.shardId === shardId && stretch.above <= to)
  return below.sort((a, b) => (a.above < b.above ? -1 : 1)).at(-1)?.revision ?? 0
}

/** Which exclusions there were, and which revision of their set is in force. A shard without a stretch is by revision 0. */
export interface ExclusionLedger {
  /** All exclusions, oldest first. */
  entries(): Promise<ExclusionEntry[]>
  /** Registers an exclusion under the next revision, once. @returns its id */
  add(exclusion: NewExclusion): Promise<number>
  /** Takes an exclusion back, once, at the next revision. @returns that revision; null where there is no such exclusion */
  undo(id: number, undoing: Undoing): Promise<number | null>
  /** The revision that new shards and datasets begin with; 0: none. */
  inForce(): Promise<number>
  /** Makes a revision the one in force, unless a later one is. What it leaves out must stand in S3 before. */
  enforce(revision: number): Promise<void>
  /** By shard, in stream order. */
  stretches(): Promise<ExclusionStretch[]>
}

/** The newest revision that the entries came to; 0: none. */
export const newestRevision = (entries: readonly ExclusionEntry[]): number =>
  Math.max(0, ...entries.map(({ id, undone }) => Math.max(id, undone?.revision ?? 0)))

/** Those that a revision leaves out by. */
export const entriesAt = (entries: readonly ExclusionEntry[], revision: number): ExclusionEntry[] =>
  entries.filter(({ id, undone }) => id <= revision && (undone === null || undone.revision > revision))
