import type { LineUp } from '../../core/line-up.ts'

/** How far a shard's window is, and since when it holds what. Kept and moved with the states, in one commit. */
export interface WindowPosition {
  /** The last sequence number whose contributions are in, padded to 64 digits. */
  readonly position: string
  /** Commits since the epoch began. */
  readonly revision: number
  /** The models that it was counted by last. */
  readonly lineUp: LineUp
  /** A random name, new whenever a shard begins with nothing stored, or with less than its writer had seen stored. */
  readonly epoch: string
  /** Epoch ms; null while no record was an event. */
  readonly newestEventTime: number | null
  /**
   * How far the shard's data is, epoch ms: the newest event time, but never ahead of what has arrived, and never back. What lies so far
   * before it that no window holds it is deleted, or late. null: no event was seen, or an older version of this code wrote the position.
   */
  readonly horizon: number | null
  /** The arrival of the epoch's first record, epoch ms, but no earlier than the epoch's before it. */
  readonly startedAt: number
  /** The store was emptied (or never marked as begun) or set back before the epoch: earlier records are missing. */
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
  readonly expected: Pick<WindowPosition, 'epoch' | 'revision' | 'position'> | null
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

/** What a writer puts into one commit, unless a single Kinesis record asks for more writes. */
export const commitLimits = { writes: 5000, deletes: 5000 } as const

/** One script takes at most so many arguments, keys and all (ElastiCache Serverless; it also ends one after 5 s). */
const scriptArguments = 39_999

/** The command, the script, how many keys; two keys and five arguments of each commit. */
const ownArguments = 10
/** A chunk's key, value, ttlMs and goneAt. */
const argumentsPerWrite = 4

/** More chunks can't be written in one commit, so no single Kinesis record may touch more. */
const mostWrites = Math.floor((scriptArguments - ownArguments) / argumentsPerWrite)

/** How many chunks a commit may delete beside what it writes: the rest is for a later one. */
export const deletesBeside = (writes: number): number =>
  Math.max(0, Math.min(commitLimits.deletes, scriptArguments - ownArguments - argumentsPerWrite * writes))

/** @throws where a store can't take the commit whole: it is too large, or deletes what it writes */
export const checkCommit = ({ shardId, writes, deletes }: WindowCommit): void => {
  if (writes.length > mostWrites || deletes.length > deletesBeside(writes.length))
    throw new Error(
      `A commit of ${writes.length} window chunks, with ${deletes.length} to delete, is too large for one script: it takes ${mostWrites}, and ${deletesBeside(writes.length)} to delete beside these. Of one Kinesis record of ${shardId} all goes into one commit.`,
    )
  const written = new Set(writes.map(({ name }) => name))
  const both = deletes.find((name) => written.has(name))
  if (both !== undefined) throw new Error(`A window commit writes ${both} and deletes it.`)
}

/** The sliding windows, one line of commits a shard. */
export interface WindowStore {
  /** Reads what a writer starts from, and makes the shard known to readers. */
  open(shardId: string): Promise<WindowShard>
  readChunks(shardId: string, names: readonly string[]): Promise<(string | null)[]>
  /**
   * All of it or nothing, and the shard is known to readers again where its name was lost. `conflict`: it is not where `expected`
   * says, and nothing was changed; or this commit had moved it, and was sent again where its answer was lost.
   */
  commit(commit: WindowCommit): Promise<'committed' | 'conflict'>
  /** The shards ever opened or committed, in text order. */
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
