import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import {
  parseRawObjectKey,
  parseRawShardPrefix,
  type RawObject,
  rawKeyAfter,
  rawPrefix,
  rawShardPrefix,
} from '../../core/raw-archive.ts'
import type { Archive } from './archive.ts'
import { gunzipLines } from './lines.ts'

/** Path-style against an endpoint of one's own: `bucket.127.0.0.1` resolves nowhere. */
export const s3Client = (endpointUrl: string | undefined): S3Client =>
  new S3Client({ forcePathStyle: endpointUrl !== undefined })

export class S3Archive implements Archive {
  readonly #client: S3Client
  readonly #bucket: string

  constructor(client: S3Client, bucket: string) {
    this.#client = client
    this.#bucket = bucket
  }

  async putObject(key: string, body: Uint8Array): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body }))
  }

  async getObject(key: string): Promise<Uint8Array | null> {
    try {
      const answer = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }))
      if (answer.Body === undefined) throw new Error(`s3://${this.#bucket}/${key} came without a body.`)
      return await answer.Body.transformToByteArray()
    } catch (error) {
      if (error instanceof NoSuchKey) return null
      throw error
    }
  }

  async putJson(key: string, value: unknown): Promise<void> {
    await this.putObject(key, Buffer.from(JSON.stringify(value), 'utf8'))
  }

  async getJson(key: string): Promise<unknown> {
    const body = await this.getObject(key)
    return body === null ? null : JSON.parse(Buffer.from(body).toString('utf8'))
  }

  async *readLines(key: string): AsyncIterable<string> {
    const body = await this.getObject(key)
    if (body === null) throw new Error(`There is no object s3://${this.#bucket}/${key}.`)
    yield* gunzipLines(body)
  }

  async *listRaw(shardId: string, afterSequenceNumber: string | null): AsyncIterable<RawObject> {
    const startAfter = afterSequenceNumber === null ? undefined : rawKeyAfter(shardId, afterSequenceNumber)
    for await (const page of this.#pages(rawShardPrefix(shardId), { startAfter }))
      for (const { Key, Size } of page.Contents ?? [])
        if (Key !== undefined) yield { ...parseRawObjectKey(Key), bytes: Size ?? 0 }
  }

  async listRawShards(): Promise<string[]> {
    const shards: string[] = []
    for await (const page of this.#pages(rawPrefix, { delimiter: '/' }))
      for (const { Prefix } of page.CommonPrefixes ?? [])
        if (Prefix !== undefined) shards.push(parseRawShardPrefix(Prefix))
    return shards.sort()
  }

  async *listKeys(prefix: string): AsyncIterable<{ key: string; bytes: number }> {
    for await (const page of this.#pages(prefix))
      for (const { Key, Size } of page.Contents ?? []) if (Key !== undefined) yield { key: Key, bytes: Size ?? 0 }
  }

  async *#pages(
    prefix: string,
    { delimiter, startAfter }: { delimiter?: string; startAfter?: string | undefined } = {},
  ): AsyncIterable<ListObjectsV2CommandOutput> {
    let token: string | undefined
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
          ...(startAfter === undefined ? {} : { StartAfter: startAfter }),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      )
      yield page
      token = page.NextContinuationToken
    } while (token !== undefined)
  }
}
