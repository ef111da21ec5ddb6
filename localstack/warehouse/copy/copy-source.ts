import { StatementError } from '../faults.ts'
import { type CopyStatement, s3Location } from './copy-statement.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'

/**
 * The objects that a COPY loads: all keys that start with its prefix (`…/a` also matches `…/ab/…`), or those of its manifest. None at all is an
 * error, as in Redshift. Of a Parquet prefix, hidden objects are left out: names that start with `_`, `.` or `#`, such as Spark's `_SUCCESS`.
 */
export async function copySource(
  copy: CopyStatement,
  objects: ObjectStore,
  signal: AbortSignal,
): Promise<StoredObject[]> {
  if (copy.manifest) return fromManifest(copy, objects, signal)
  const found = await objects.list(copy.bucket, copy.keyPrefix, signal)
  const visible = copy.format.kind === 'parquet' ? found.filter(({ key }) => !isHidden(key)) : found
  if (visible.length > 0) return visible
  throw new StatementError(
    `The specified S3 prefix '${copy.keyPrefix}' does not exist in bucket ${copy.bucket}: no object's key starts with it.`,
  )
}

const isHidden = (key: string): boolean => /^[_.#]/.test(key.split('/').at(-1) ?? '')

interface ManifestEntry {
  url: string
  mandatory: boolean
  contentLength: number | undefined
}

async function fromManifest(copy: CopyStatement, objects: ObjectStore, signal: AbortSignal): Promise<StoredObject[]> {
  const place = `s3://${copy.bucket}/${copy.keyPrefix}`
  const manifest = await objects.find(copy.bucket, copy.keyPrefix, signal)
  if (!manifest) throw new StatementError(`The manifest ${place} does not exist.`)
  const entries = readManifest(await objects.text(manifest, signal), place)
  const found: StoredObject[] = []
  for (const entry of entries) {
    const object = await entryObject(entry, copy, objects, signal)
    if (object) found.push(object)
  }
  if (found.length > 0) return found
  throw new StatementError(`The manifest ${place} names no object that exists.`)
}

function readManifest(text: string, place: string): ManifestEntry[] {
  let entries: unknown
  try {
    entries = (JSON.parse(text) as { entries?: unknown } | null)?.entries
  } catch (error) {
    throw new StatementError(`The manifest ${place} is not JSON: ${(error as Error).message}`)
  }
  if (!Array.isArray(entries)) throw new StatementError(`The manifest ${place} has no list "entries".`)
  return entries.map((entry: { url?: unknown; mandatory?: unknown; meta?: { content_length?: unknown } } | null) => {
    const { url, mandatory = false, meta } = entry ?? {}
    const contentLength = meta?.content_length
    if (
      typeof url !== 'string' ||
      typeof mandatory !== 'boolean' ||
      !(contentLength === undefined || Number.isInteger(contentLength))
    ) {
      throw new StatementError(`The manifest ${place} has an entry that can't be read: ${JSON.stringify(entry)}`)
    }
    return { url, mandatory, contentLength: contentLength as number | undefined }
  })
}

async function entryObject(
  { url, mandatory, contentLength }: ManifestEntry,
  copy: CopyStatement,
  objects: ObjectStore,
  signal: AbortSignal,
): Promise<StoredObject | undefined> {
  const { bucket, keyPrefix } = s3Location(url)
  if (copy.format.kind === 'parquet' && contentLength === undefined) {
    throw new StatementError(`The manifest's entry ${url} lacks meta.content_length, which COPY of Parquet requires.`)
  }
  const object = await objects.find(bucket, keyPrefix, signal)
  if (!object && mandatory) throw new StatementError(`${url}, which the manifest calls mandatory, does not exist.`)
  if (object && copy.format.kind === 'parquet' && object.bytes !== contentLength) {
    throw new StatementError(
      `${url} has ${object.bytes} bytes; the manifest's meta.content_length says ${contentLength}.`,
    )
  }
  return object
}
