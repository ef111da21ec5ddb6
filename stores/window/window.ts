import type { LineUp } from '../../core/line-up.ts'

/** How far a shard's window is, and since when it holds what. Kept and moved with the states, in one commit. */
export interface WindowPosition {
  /** The last sequence number whose contributions are in, padded to 64 digits. */
  readonly position: string
  /** Commits since the epoch began. */
  readonly revision: number
  /** The models that it was counted by last. */
  readonly lineUp: LineUp
  /** A random name, new whenever a shard begins with nothing stored. */
  readonly epoch: string
  /** Epoch ms; null while no record was an event. */
  readonly newestEventTime: number | null
  /**
   * How far the shard's data is, epoch ms: the newest event time, but never ahead of what has arrived, and never back. What lies so far
   * before it that no window holds it is deleted, or late. null: no event was seen, or an older version of this code wrote the position.
   */
  readonly horizon: number | null
  /** The arrival of the epoch's first record, epoch ms. */
  readonly startedAt: number
  /** The store was emptied (or never marked as begun) before the epoch: earlier records are missing. */
  readonly restarted: boolean
  /** By metric key: the arrival (epoch ms) from which on the epoch's events are in; 0: from the epoch's start. */
  readonly since: Readonly<Record<string, number>>
}

export interface ChunkWrite {
  readonly name: string
  readonly value: string
  /** The horizon from which on the chunk is in no window: what `index` holds. */
  readonly goneAt: number
  /** The store drops the chunk by itself after this time, ms. */
  readonly ttlMs: number
}

export interface WindowCommit {
  readonly shardId: string
  /** What the writer read: it fails where the shard moved since. null: nothing was stored. */
  readonly expected: Pick<WindowPosition, 'epoch' | 'revision'> | null
  readonly next: WindowPosition
  readonly writes: readonly ChunkWrite[]
  /** The names of the chunks to delete. */
  readonly deletes: readonly string[]
}

/** What a writer knows of its shard before it commits. */
export interface WindowShard {
  readonly position: WindowPosition | null
  /** Every chunk stored, by name: its `goneAt`. */
  readonly index: Map<string, number>
}

/** One shard's part of an answer: position and chunks of the same instant. */
export interface ShardWindow {
  readonly shardId: string
  readonly position: WindowPosition | null
  /** In the order asked for; null where nothing is stored. */
  readonly chunks: readonly (string | null)[]
  /** Of the names asked for, those that were stored once, are not deleted, and are gone: evicted or expired. */
  readonly lost: readonly string[]
}

/** A commit may not be larger: one script takes at most 39,999 arguments and 5 s (ElastiCache Serverless). */
export const commitLimits = { writes: 5000, deletes: 5000 } as const

/** The sliding windows, one line of commits a shard. */
export interface WindowStore {
  /** Reads what a writer starts from, and makes the shard known to readers. */
  open(shardId: string): Promise<WindowShard>
  readChunks(shardId: string, names: readonly string[]): Promise<(string | null)[]>
  /** All of it or nothing. `conflict`: the shard is not where `expected` says, and nothing was changed. */
  commit(commit: WindowCommit): Promise<'committed' | 'conflict'>
  /** The shards ever opened, in text order. */
  shards(): Promise<string[]>
  /** One snapshot for each shard. */
  read(shardIds: readonly string[], names: readonly string[]): Promise<ShardWindow[]>
  /**
   * null: the store was marked as begun, and not emptied since. Else an instant (epoch ms) before which it was emptied, or never
   * marked: that of the first question to find it so, remembered until it is emptied again.
   */
  emptiedBefore(): Promise<number | null>
  /** Marks an empty store as begun, before the stage's first record: windows from here on are whole from the start. */
  mark(): Promise<void>
  close(): Promise<void>
}
