import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  S3Client,
} from '@aws-sdk/client-s3'

/** An object of the bucket; `bytes` is its size. */
export interface StoredObject {
  bucket: string
  key: string
  bytes: number
}

/** The emulator takes any key; this one is its default account's. */
const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' }

/** What COPY needs of S3. */
export class ObjectStore {
  readonly #client: S3Client

  constructor(endpointUrl: string) {
    this.#client = new S3Client({
      endpoint: endpointUrl,
      forcePathStyle: true,
      region: 'us-east-1',
      credentials: CREDENTIALS,
    })
  }

  /** All objects whose key starts with the prefix, in the order of their keys. */
  async list(bucket: string, prefix: string, abortSignal: AbortSignal): Promise<StoredObject[]> {
    const objects: StoredObject[] = []
    let token: string | undefined
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
        { abortSignal },
      )
      for (const { Key, Size } of page.Contents ?? [])
        if (Key !== undefined) objects.push({ bucket, key: Key, bytes: Size ?? 0 })
      token = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (token !== undefined)
    return objects
  }

  /** The object, or undefined where there is none of this key. */
  async find(bucket: string, key: string, abortSignal: AbortSignal): Promise<StoredObject | undefined> {
    try {
      const { ContentLength } = await this.#client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), {
        abortSignal,
      })
      return { bucket, key, bytes: ContentLength ?? 0 }
    } catch (error) {
      if (error instanceof NotFound || error instanceof NoSuchKey) return undefined
      throw error
    }
  }

  /** The object's bytes as they come, unpacked with `gzip`. */
  async *read(
    object: { bucket: string; key: string },
    gzip: boolean,
    abortSignal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    const body = await this.#open(object, abortSignal)
    try {
      if (!gzip) return yield* body
      const unpacked = createGunzip()
      body.once('error', (error) => unpacked.destroy(error))
      yield* body.pipe(unpacked)
    } finally {
      body.destroy()
    }
  }

  async text(object: { bucket: string; key: string }, abortSignal: AbortSignal): Promise<string> {
    const chunks: Buffer[] = []
    for await (const chunk of this.read(object, false, abortSignal)) chunks.push(chunk)
    return Buffer.concat(chunks).toString('utf8')
  }

  async download(object: { bucket: string; key: string }, path: string, abortSignal: AbortSignal): Promise<void> {
    await pipeline(await this.#open(object, abortSignal), createWriteStream(path), { signal: abortSignal })
  }

  async #open({ bucket, key }: { bucket: string; key: string }, abortSignal: AbortSignal): Promise<Readable> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal })
    if (Body instanceof Readable) return Body
    throw new Error(`s3://${bucket}/${key} came without a body.`)
  }

  close(): void {
    this.#client.destroy()
  }
}
