import type { RawObject } from '../../core/raw-archive.ts'

/** What is told anew, again and again, each time with a higher number. */
export interface Revised {
  readonly revision: number
}

/** The data bucket. Keys are those of docs/architecture.md. */
export interface Archive {
  /** One atomic PUT: readers see the whole object or none. Putting the same key again replaces it. */
  putObject(key: string, body: Uint8Array): Promise<void>
  /** null where there is no such object. */
  getObject(key: string): Promise<Uint8Array | null>
  putJson(key: string, value: unknown): Promise<void>
  /** Puts it, unless as new a revision stands there: who was overtaken, or given up on, sets nothing back. */
  putNewest(key: string, value: Revised): Promise<void>
  /** What stands there, unchecked: the caller validates it. null where there is no such object. */
  getJson(key: string): Promise<unknown>
  /** The lines of a gzip NDJSON object. @throws where there is no such object. */
  readLines(key: string): AsyncIterable<string>
  /**
   * The shard's raw objects that hold a record above `afterSequenceNumber`, in stream order.
   * null: from the shard's start.
   */
  listRaw(shardId: string, afterSequenceNumber: string | null): AsyncIterable<RawObject>
  /** The shards that have raw objects, in text order. */
  listRawShards(): Promise<string[]>
  /** The keys under a prefix, in text order. */
  listKeys(prefix: string): AsyncIterable<{ readonly key: string; readonly bytes: number }>
}
