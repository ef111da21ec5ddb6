import { gunzipSync } from 'node:zlib'
import { parseRawObjectKey, type RawObject, rawKeyAfter, rawPrefix, rawShardPrefix } from '../../core/raw-archive.ts'
import type { Archive, Revised } from './archive.ts'

/** The data bucket in memory: what the S3 adapter does, under the same contract tests. */
export class MemoryArchive implements Archive {
  readonly #objects = new Map<string, Buffer>()
  /** In the order in which they are listed. */
  readonly #keys: string[] = []
  /** Of objects that were read, which several recomputes do. */
  readonly #lines = new WeakMap<Buffer, readonly string[]>()

  async putObject(key: string, body: Uint8Array): Promise<void> {
    if (!this.#objects.has(key)) this.#keys.splice(this.#placeOf(key), 0, key)
    this.#objects.set(key, Buffer.from(body))
  }

  async getObject(key: string): Promise<Uint8Array | null> {
    const body = this.#objects.get(key)
    return body === undefined ? null : Uint8Array.from(body)
  }

  async putJson(key: string, value: unknown): Promise<void> {
    await this.putObject(key, Buffer.from(JSON.stringify(value), 'utf8'))
  }

  async putNewest(key: string, value: Revised): Promise<void> {
    const standing = this.#objects.get(key)
    if (standing !== undefined && (JSON.parse(standing.toString('utf8')) as Revised).revision >= value.revision) return
    await this.putJson(key, value)
  }

  async getJson(key: string): Promise<unknown> {
    const body = this.#objects.get(key)
    return body === undefined ? null : JSON.parse(body.toString('utf8'))
  }

  async *readLines(key: string): AsyncIterable<string> {
    const body = this.#objects.get(key)
    if (body === undefined) throw new Error(`There is no object ${key}.`)
    const lines = this.#lines.get(body) ?? linesOf(body)
    this.#lines.set(body, lines)
    yield* lines
  }

  async *listRaw(shardId: string, afterSequenceNumber: string | null): AsyncIterable<RawObject> {
    const after = afterSequenceNumber === null ? null : rawKeyAfter(shardId, afterSequenceNumber)
    for (const { key, bytes } of this.#listed(rawShardPrefix(shardId)))
      if (after === null || key > after) yield { ...parseRawObjectKey(key), bytes }
  }

  async listRawShards(): Promise<string[]> {
    const shards = this.#listed(rawPrefix).map(({ key }) => parseRawObjectKey(key).shardId)
    return [...new Set(shards)].sort()
  }

  async *listKeys(prefix: string): AsyncIterable<{ key: string; bytes: number }> {
    yield* this.#listed(prefix)
  }

  #listed(prefix: string): { key: string; bytes: number }[] {
    const listed: { key: string; bytes: number }[] = []
    for (let place = this.#placeOf(prefix); this.#keys[place]?.startsWith(prefix) === true; place++) {
      const key = this.#keys[place] ?? ''
      listed.push({ key, bytes: this.#objects.get(key)?.byteLength ?? 0 })
    }
    return listed
  }

  /** How many keys come before it: by UTF-16's order, which is UTF-8's where all are ASCII. */
  #placeOf(key: string): number {
    let [from, to] = [0, this.#keys.length]
    while (from < to) {
      const middle = (from + to) >> 1
      if ((this.#keys[middle] ?? '') < key) from = middle + 1
      else to = middle
    }
    return from
  }
}

/** At once rather than by a stream, whose steps are the event loop's: what a simulation does must not depend on it. */
const linesOf = (body: Buffer): readonly string[] => {
  const lines = gunzipSync(body).toString('utf8').split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}
