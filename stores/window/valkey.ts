import type { ChainableCommander } from 'iovalkey'
import { ValkeyClient } from './client.ts'
import { fromFields, toFields } from './position-fields.ts'
import { commitScript } from './script.ts'
import { checkCommit, type ShardWindow, type WindowCommit, type WindowShard, type WindowStore } from './window.ts'

const shardsKey = 'tidemark:shards'
const incarnationKey = 'tidemark:incarnation'
/** In the slot of `incarnationKey`, so that one command reads both. */
const emptiedKey = '{tidemark:incarnation}:emptied'

/** All keys of a shard lie in one hash slot: the braces name what is hashed. */
const positionKey = (shardId: string): string => `{${shardId}}:position`
const indexKey = (shardId: string): string => `{${shardId}}:chunks`
const chunkKey = (shardId: string, name: string): string => `{${shardId}}:w:${name}`

/** The answers of a transaction's commands. @throws the first command's error, if any failed. */
const results = async (transaction: ChainableCommander): Promise<unknown[]> => {
  const answers = await transaction.exec()
  if (answers === null) throw new Error('The cache gave up a transaction that watched nothing.')
  return answers.map(([error, result]) => {
    if (error !== null) throw error
    return result
  })
}

export class ValkeyWindowStore implements WindowStore {
  readonly #client: ValkeyClient
  readonly #now: () => number

  /**
   * @param endpoint host:port
   * @param now wall clock, epoch ms: when a loss was found
   */
  constructor(endpoint: string, tls: boolean, now: () => number = Date.now) {
    this.#client = new ValkeyClient(endpoint, tls)
    this.#now = now
  }

  async open(shardId: string): Promise<WindowShard> {
    const { cluster } = this.#client
    await this.#client.within(cluster.sadd(shardsKey, shardId))
    const transaction = cluster.multi().hgetall(positionKey(shardId)).zrange(indexKey(shardId), 0, -1, 'WITHSCORES')
    const [fields, scored] = (await this.#client.within(results(transaction))) as [Record<string, string>, string[]]
    const index = new Map<string, number>()
    for (let at = 0; at < scored.length; at += 2) index.set(scored[at] ?? '', Number(scored[at + 1]))
    return { position: fromFields(fields, positionKey(shardId)), index }
  }

  async readChunks(shardId: string, names: readonly string[]): Promise<(string | null)[]> {
    if (names.length === 0) return []
    return await this.#client.within(this.#client.cluster.mget(names.map((name) => chunkKey(shardId, name))))
  }

  async commit(commit: WindowCommit): Promise<'committed' | 'conflict'> {
    checkCommit(commit)
    const { shardId, expected, next, writes, deletes } = commit
    const keys = [positionKey(shardId), indexKey(shardId)]
    for (const { name } of writes) keys.push(chunkKey(shardId, name))
    for (const name of deletes) keys.push(chunkKey(shardId, name))
    const args: (string | number)[] = [
      expected?.epoch ?? '',
      expected === null ? '' : String(expected.revision),
      expected?.position ?? '',
      writes.length,
      JSON.stringify(toFields(next)),
    ]
    for (const { value, ttlMs, goneAt } of writes) args.push(value, ttlMs, goneAt)
    // The names of the shards lie in another slot, whose node may have lost this one by a failover of its own.
    const [answer] = await Promise.all([
      this.#client.within(this.#client.cluster.eval(commitScript, keys.length, ...keys, ...args) as Promise<unknown>),
      this.#client.within(this.#client.cluster.sadd(shardsKey, shardId)),
    ])
    return answer === 1 ? 'committed' : 'conflict'
  }

  async shards(): Promise<string[]> {
    const shards = await this.#client.within(this.#client.cluster.smembers(shardsKey))
    return shards.sort()
  }

  async read(shardIds: readonly string[], names: readonly string[]): Promise<ShardWindow[]> {
    return await Promise.all(shardIds.map((shardId) => this.#readShard(shardId, names)))
  }

  async #readShard(shardId: string, names: readonly string[]): Promise<ShardWindow> {
    const transaction = this.#client.cluster.multi().hgetall(positionKey(shardId))
    if (names.length > 0) {
      transaction.mget(names.map((name) => chunkKey(shardId, name)))
      transaction.call('ZMSCORE', indexKey(shardId), ...names)
    }
    const [fields, chunks = [], scores = []] = (await this.#client.within(results(transaction))) as [
      Record<string, string>,
      (string | null)[]?,
      (string | null)[]?,
    ]
    const lost = names.filter((_, at) => chunks[at] === null && scores[at] !== null)
    return { shardId, position: fromFields(fields, positionKey(shardId)), chunks, lost }
  }

  async emptiedBefore(): Promise<number | null> {
    const { cluster } = this.#client
    const [mark, known] = await this.#client.within(cluster.mget(incarnationKey, emptiedKey))
    if (mark !== null) return null
    if (typeof known === 'string') return Number(known)
    const now = this.#now()
    // Where another was first, its instant is kept, and this one is as true.
    await this.#client.within(cluster.set(emptiedKey, now, 'NX'))
    return now
  }

  async mark(): Promise<void> {
    await this.#client.within(this.#client.cluster.setnx(incarnationKey, '1'))
  }

  async close(): Promise<void> {
    this.#client.close()
  }
}
