import {
  GetObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import {
  parseRawObjectKey,
  parseRawShardPrefix,
  type RawObject,
  rawKeyAfter,
  rawPrefix,
  rawShardPrefix,
} from '../../core/raw-archive.ts'
import type { Archive, Revised } from './archive.ts'
import { gunzipLines } from './lines.ts'

/** Path-style against an endpoint of one's own: `bucket.127.0.0.1` resolves nowhere. */
export const s3Client = (endpointUrl: string | undefined): S3Client =>
  new S3Client({ forcePathStyle: endpointUrl !== undefined })

/** A PUT under a condition is refused by either where another came first: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
const overtaken = ['PreconditionFailed', 'ConditionalRequestConflict']

const isOvertaken = (error: unknown): boolean => error instanceof S3ServiceException && overtaken.includes(error.name)

/** Who is overtaken finds a newer revision there, its own soon. */
const maxAttempts = 20

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value), 'utf8')

const jsonOf = (body: Uint8Array): unknown => JSON.parse(Buffer.from(body).toString('utf8'))

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
    return (await this.#get(key))?.body ?? null
  }

  async #get(key: string): Promise<{ readonly body: Uint8Array; readonly etag: string | undefined } | null> {
    try {
      const answer = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }))
      if (answer.Body === undefined) throw new Error(`s3://${this.#bucket}/${key} came without a body.`)
      return { body: await answer.Body.transformToByteArray(), etag: answer.ETag }
    } catch (error) {
      if (error instanceof NoSuchKey) return null
      throw error
    }
  }

  async putJson(key: string, value: unknown): Promise<void> {
    await this.putObject(key, bytesOf(value))
  }

  async putNewest(key: string, value: Revised): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const standing = await this.#get(key)
      if (standing !== null && (jsonOf(standing.body) as Revised).revision >= value.revision) return
      const condition = standing === null ? { IfNoneMatch: '*' } : { IfMatch: standing.etag }
      try {
        await this.#client.send(
          new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: bytesOf(value), ...condition }),
        )
        return
      } catch (error) {
        if (!isOvertaken(error) || attempt === maxAttempts) throw error
      }
    }
  }

  async getJson(key: string): Promise<unknown> {
    const body = await this.getObject(key)
    return body === null ? null : jsonOf(body)
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
