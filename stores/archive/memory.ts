import { gunzipSync } from 'node:zlib'
import { parseRawObjectKey, type RawObject, rawKeyAfter, rawPrefix, rawShardPrefix } from '../../core/raw-archive.ts'
import type { Archive } from './archive.ts'

/** The data bucket in memory: what the S3 adapter does, under the same contract tests. */
export class MemoryArchive implements Archive {
  readonly #objects = new Map<string, Uint8Array>()

  async putObject(key: string, body: Uint8Array): Promise<void> {
    this.#objects.set(key, Uint8Array.from(body))
  }

  async getObject(key: string): Promise<Uint8Array | null> {
    const body = this.#objects.get(key)
    return body === undefined ? null : Uint8Array.from(body)
  }

  async putJson(key: string, value: unknown): Promise<void> {
    await this.putObject(key, Buffer.from(JSON.stringify(value), 'utf8'))
  }

  async getJson(key: string): Promise<unknown> {
    const body = this.#objects.get(key)
    return body === undefined ? null : JSON.parse(Buffer.from(body).toString('utf8'))
  }

  async *readLines(key: string): AsyncIterable<string> {
    const body = this.#objects.get(key)
    if (body === undefined) throw new Error(`There is no object ${key}.`)
    // At once rather than by a stream, whose steps are the event loop's: what a simulation does must not depend on it.
    const lines = gunzipSync(body).toString('utf8').split('\n')
    if (lines.at(-1) === '') lines.pop()
    yield* lines
  }

  async *listRaw(shardId: string, afterSequenceNumber: string | null): AsyncIterable<RawObject> {
    for await (const { key, bytes } of this.listKeys(rawShardPrefix(shardId))) {
      if (afterSequenceNumber === null || key > rawKeyAfter(shardId, afterSequenceNumber))
        yield { ...parseRawObjectKey(key), bytes }
    }
  }

  async listRawShards(): Promise<string[]> {
    const shards = new Set<string>()
    for await (const { key } of this.listKeys(rawPrefix)) shards.add(parseRawObjectKey(key).shardId)
    return [...shards].sort()
  }

  async *listKeys(prefix: string): AsyncIterable<{ key: string; bytes: number }> {
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort()
    for (const key of keys) yield { key, bytes: this.#objects.get(key)?.byteLength ?? 0 }
  }
}
