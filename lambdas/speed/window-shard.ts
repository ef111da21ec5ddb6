import { decodeChunk, emptyChunk, type WindowChunk } from '../../core/window-chunk.ts'
import type { WindowPosition, WindowStore } from '../../stores/window/window.ts'

/** How many chunks one shard remembers; those used longest ago are read again when they are needed. */
const rememberedChunks = 2000

/**
 * Whether a shard's window was set back since it was seen: emptied, or an older copy of it was put in its place, as a failover
 * to a replica may do. Each commit moves it on, in position and revision alike.
 * @param held what the store holds now
 */
export const isSetBack = (held: WindowPosition | null, seen: WindowPosition | undefined): boolean => {
  if (seen === undefined) return false
  if (held === null || held.position < seen.position) return true
  // The same line of commits: as many revisions, where nothing else was committed, and more where something was.
  const fewest = seen.revision + (held.position > seen.position ? 1 : 0)
  return held.epoch === seen.epoch && held.revision < fewest
}

/** What the shard's single writer knows to be stored: its own confirmed commits, or what it has just read. */
export class KnownShard {
  position: WindowPosition | null
  /** Whether the position was read or committed for this very event, not remembered from an earlier one. */
  isConfirmed = true
  /** Every chunk stored: its `goneAt`. */
  readonly index: Map<string, number>
  readonly #chunks = new Map<string, WindowChunk>()

  constructor(position: WindowPosition | null, index: Map<string, number>) {
    this.position = position
    this.index = index
  }

  /** The chunks of these names, from memory or the store; new ones where none is stored. */
  async chunks(store: WindowStore, shardId: string, names: readonly string[]): Promise<Map<string, WindowChunk>> {
    const unread = names.filter((name) => !this.#chunks.has(name) && this.index.has(name))
    const texts = await store.readChunks(shardId, unread)
    // A chunk in the index that is not there was evicted or expired: what is built on it stays marked as partial.
    for (const [at, name] of unread.entries()) this.#chunks.set(name, chunkFrom(texts[at] ?? null))
    const chunks = new Map<string, WindowChunk>()
    for (const name of names) {
      const chunk = this.#chunks.get(name) ?? emptyChunk(false)
      this.#chunks.delete(name)
      this.#chunks.set(name, chunk)
      chunks.set(name, chunk)
    }
    return chunks
  }

  forget(names: Iterable<string>): void {
    for (const name of names) {
      this.index.delete(name)
      this.#chunks.delete(name)
    }
    for (const name of this.#chunks.keys()) {
      if (this.#chunks.size <= rememberedChunks) break
      this.#chunks.delete(name)
    }
  }
}

const chunkFrom = (text: string | null): WindowChunk => (text === null ? emptyChunk(true) : decodeChunk(text))
