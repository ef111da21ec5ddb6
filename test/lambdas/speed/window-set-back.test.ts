import type { Model } from '../../../core/model.ts'
import { answerWindow } from '../../../lambdas/serving/windows.ts'
import { WindowWriter } from '../../../lambdas/speed/window.ts'
import { MemoryWindowStore } from '../../../stores/window/memory.ts'
import type { ShardWindow, WindowCommit, WindowShard, WindowStore } from '../../../stores/window/window.ts'
import { countingBy } from '../../models-side-by-side.ts'
import { duplicatesOn } from './duplicates.ts'
import { loadModel, noExclusions, shardId, startTime, toRecords } from './orders.ts'

/** A cache with a replica that may be behind: it can be set back to any of its commits, as a failover does. */
class ReplicatedStore implements WindowStore {
  readonly #commits: WindowCommit[] = []
  #store = this.#begun()

  /** The replica had only so many of the commits. */
  async failOver(commits: number): Promise<void> {
    this.#store = this.#begun()
    await this.mark()
    this.#commits.length = commits
    for (const commit of this.#commits) await this.#store.commit(commit)
  }

  async commit(commit: WindowCommit): Promise<'committed' | 'conflict'> {
    const answer = await this.#store.commit(structuredClone(commit))
    if (answer === 'committed') this.#commits.push(structuredClone(commit))
    return answer
  }

  open = (shard: string): Promise<WindowShard> => this.#store.open(shard)
  readChunks = (shard: string, names: readonly string[]) => this.#store.readChunks(shard, names)
  shards = (): Promise<string[]> => this.#store.shards()
  read = (shards: readonly string[], names: readonly string[]): Promise<ShardWindow[]> =>
    this.#store.read(shards, names)
  emptiedBefore = (): Promise<number | null> => this.#store.emptiedBefore()
  mark = (): Promise<void> => this.#store.mark()
  close = (): Promise<void> => this.#store.close()

  #begun(): MemoryWindowStore {
    return new MemoryWindowStore(() => startTime)
  }
}

/** One each second. */
const records = toRecords(
  Array.from({ length: 200 }, (_, second) => ({ second, country: 'DE', buyer: 'a', cents: 100 })),
)
/** `[from, to)`, in tens of records. */
const tens = (from: number, to: number) => records.slice(from * 10, to * 10)
const arrivalOf = (ten: number): number => startTime + ten * 10_000 + 1000

describe('a window that a failover set back', () => {
  let model: Model
  beforeAll(async () => {
    model = await loadModel()
  })

  let store: ReplicatedStore
  let epochs: number
  beforeEach(async () => {
    epochs = 0
    store = new ReplicatedStore()
    await store.mark()
  })
  const writerOn = (on: WindowStore = store): WindowWriter =>
    new WindowWriter({
      ...countingBy(model),
      store: on,
      exclusions: noExclusions,
      duplicates: duplicatesOn(),
      newEpoch: () => `epoch-${epochs++}`,
    })
  const position = async () => (await store.open(shardId)).position
  const ask = async (asOf: number | 'latest' = 'latest') => {
    const question = { model: model.data, store, metric: 'orders', lastMs: 60_000, asOf, now: startTime }
    const { rows, receipt } = await answerWindow(question)
    return { value: rows[0]?.value, refilling: receipt.refilling, since: receipt.refillingSince }
  }
  /** A writer that has committed the first three tens, one commit each. */
  const warmWriter = async (): Promise<WindowWriter> => {
    const writer = writerOn()
    for (const ten of [0, 1, 2]) await writer.write(shardId, tens(ten, ten + 1))
    return writer
  }

  it('is begun anew by a writer that had committed more, on what is still there', async () => {
    const warm = await warmWriter()
    expect(await position()).toMatchObject({ epoch: 'epoch-0', revision: 3, restarted: false })
    await store.failOver(1)
    expect(await warm.write(shardId, tens(3, 4))).toMatchObject({ committed: 10, conflicts: 1 })
    const at = { epoch: 'epoch-1', revision: 1, restarted: true, startedAt: arrivalOf(3) }
    expect(await position()).toMatchObject(at)
    expect(await ask()).toEqual({ value: 20, refilling: true, since: arrivalOf(3) })
    await warm.write(shardId, tens(4, 11))
    expect(await position()).toMatchObject({ ...at, revision: 2 })
    expect(await ask()).toEqual({ value: 60, refilling: false, since: null })
    // Events may be dated 10 s ahead: the last that were lost may lie in it.
    expect(await ask(arrivalOf(3) + 69_000)).toMatchObject({ refilling: true })
  })

  it('is begun anew though only what was in already came between', async () => {
    const warm = await warmWriter()
    await store.failOver(2)
    expect(await warm.write(shardId, tens(1, 2))).toMatchObject({ committed: 0, repeated: 10 })
    await warm.write(shardId, tens(3, 4))
    expect(await position()).toMatchObject({ epoch: 'epoch-1', restarted: true, startedAt: arrivalOf(3) })
  })

  it('is begun anew where nothing is left of the shard, and the store was never emptied', async () => {
    const warm = await warmWriter()
    await store.failOver(0)
    await warm.write(shardId, tens(3, 4))
    expect(await position()).toMatchObject({ epoch: 'epoch-1', revision: 1, restarted: true })
    expect(await ask()).toEqual({ value: 10, refilling: true, since: arrivalOf(3) })
  })

  it('is begun anew where it was begun anew before, and that is lost, too', async () => {
    const warm = await warmWriter()
    await store.failOver(1)
    await warm.write(shardId, tens(3, 4))
    await store.failOver(1)
    await warm.write(shardId, tens(4, 5))
    expect(await position()).toMatchObject({ epoch: 'epoch-2', restarted: true, startedAt: arrivalOf(4) })
    expect(await ask()).toEqual({ value: 20, refilling: true, since: arrivalOf(4) })
  })

  it('takes no commit of a writer that still goes on from what was lost', async () => {
    const warm = await warmWriter()
    let release = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow: WindowStore = Object.create(store, {
      commit: { value: (commit: WindowCommit) => gate.then(() => store.commit(commit)) },
    })
    const abandoned = writerOn(slow).write(shardId, tens(3, 4))
    await new Promise((resolve) => setImmediate(resolve))
    await store.failOver(1)
    await warm.write(shardId, tens(3, 4))
    await warm.write(shardId, tens(4, 5))
    await warm.write(shardId, tens(5, 6))
    release()
    expect(await abandoned).toMatchObject({ committed: 0, repeated: 10, conflicts: 1 })
    expect(await position()).toMatchObject({ epoch: 'epoch-1', revision: 3, restarted: true })
    expect(await ask()).toMatchObject({ value: 40, refilling: true })
  })

  it('is left to another writer that has begun it anew and is as far', async () => {
    const warm = await warmWriter()
    await store.failOver(0)
    await writerOn().write(shardId, tens(2, 4))
    await warm.write(shardId, tens(3, 5))
    expect(await position()).toMatchObject({ epoch: 'epoch-1', revision: 2 })
    expect(await ask()).toMatchObject({ value: 30 })
  })

  it('is begun anew once where another writer has begun it anew and is behind', async () => {
    const warm = await warmWriter()
    await store.failOver(0)
    const other = writerOn()
    await other.write(shardId, tens(1, 2))
    await warm.write(shardId, tens(3, 4))
    await other.write(shardId, tens(4, 5))
    await warm.write(shardId, tens(5, 6))
    expect(await position()).toMatchObject({ epoch: 'epoch-2', revision: 3, restarted: true, startedAt: arrivalOf(3) })
  })

  it('takes no commit of a writer whose revision a new one, who can’t know of it, has committed once more', async () => {
    const idle = writerOn()
    for (const ten of [0, 1]) await idle.write(shardId, tens(ten, ten + 1))
    await store.failOver(1)
    await writerOn().write(shardId, tens(3, 5))
    expect(await position()).toMatchObject({ epoch: 'epoch-0', revision: 2, restarted: false })
    expect(await idle.write(shardId, tens(2, 3))).toMatchObject({ committed: 0, repeated: 10 })
    await idle.write(shardId, tens(5, 6))
    expect(await position()).toMatchObject({ epoch: 'epoch-1', revision: 1, restarted: true, startedAt: arrivalOf(5) })
    expect(await ask()).toEqual({ value: 40, refilling: true, since: arrivalOf(5) })
  })

  it('is not what another writer has moved on', async () => {
    const warm = await warmWriter()
    await writerOn().write(shardId, tens(3, 4))
    await warm.write(shardId, tens(3, 5))
    expect(await position()).toMatchObject({ epoch: 'epoch-0', revision: 5, restarted: false })
    expect(await ask()).toEqual({ value: 50, refilling: false, since: null })
  })
})
