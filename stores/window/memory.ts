import {
  checkCommit,
  type ShardWindow,
  type WindowCommit,
  type WindowPosition,
  type WindowShard,
  type WindowStore,
} from './window.ts'

interface StoredShard {
  position: WindowPosition | null
  readonly index: Map<string, number>
  readonly chunks: Map<string, { value: string; expiresAt: number }>
}

/** A failover may take a revision back, and another commit be the next of that number: it moved to another position. */
const isWhere = (held: WindowPosition | null, expected: WindowCommit['expected']): boolean =>
  held?.epoch === expected?.epoch && held?.revision === expected?.revision && held?.position === expected?.position

/** The windows in memory: what the Valkey adapter does, under the same contract tests. */
export class MemoryWindowStore implements WindowStore {
  readonly #shards = new Map<string, StoredShard>()
  readonly #now: () => number
  #marked = false
  #emptiedBefore: number | null = null

  /** @param now wall clock, epoch ms: what chunks expire by, and when a loss was found */
  constructor(now: () => number) {
    this.#now = now
  }

  async open(shardId: string): Promise<WindowShard> {
    const shard = this.#shard(shardId)
    return { position: shard.position, index: new Map(shard.index) }
  }

  async readChunks(shardId: string, names: readonly string[]): Promise<(string | null)[]> {
    return names.map((name) => this.#chunk(shardId, name))
  }

  async commit(commit: WindowCommit): Promise<'committed' | 'conflict'> {
    checkCommit(commit)
    const { shardId, expected, next, writes, deletes } = commit
    const shard = this.#shard(shardId)
    const held = shard.position
    if (!isWhere(held, expected)) return 'conflict'
    for (const name of deletes) {
      shard.chunks.delete(name)
      shard.index.delete(name)
    }
    for (const { name, value, goneAt, ttlMs } of writes) {
      shard.chunks.set(name, { value, expiresAt: this.#now() + ttlMs })
      shard.index.set(name, goneAt)
    }
    shard.position = next
    return 'committed'
  }

  async shards(): Promise<string[]> {
    return [...this.#shards.keys()].sort()
  }

  async read(shardIds: readonly string[], names: readonly string[]): Promise<ShardWindow[]> {
    return shardIds.map((shardId) => {
      const chunks = names.map((name) => this.#chunk(shardId, name))
      const shard = this.#shards.get(shardId)
      const lost = names.filter((name, at) => chunks[at] === null && shard?.index.has(name))
      return { shardId, position: shard?.position ?? null, chunks, lost }
    })
  }

  async emptiedBefore(): Promise<number | null> {
    if (this.#marked) return null
    this.#emptiedBefore ??= this.#now()
    return this.#emptiedBefore
  }

  async mark(): Promise<void> {
    this.#marked = true
  }

  /** What Valkey does where it is emptied: the mark is gone, too. */
  lose(): void {
    this.#shards.clear()
    this.#marked = false
    this.#emptiedBefore = null
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }

  #shard(shardId: string): StoredShard {
    const held = this.#shards.get(shardId)
    if (held !== undefined) return held
    const shard: StoredShard = { position: null, index: new Map(), chunks: new Map() }
    this.#shards.set(shardId, shard)
    return shard
  }

  #chunk(shardId: string, name: string): string | null {
    const chunk = this.#shards.get(shardId)?.chunks.get(name)
    return chunk === undefined || chunk.expiresAt <= this.#now() ? null : chunk.value
  }
}
