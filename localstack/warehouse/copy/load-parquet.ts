import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CopyTarget } from './copy-target.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import { parquetToCsv } from './parquet-files.ts'

const DOWNLOADS_AT_A_TIME = 8

/** Downloads Parquet objects and streams their rows as PostgreSQL's COPY csv format; the temporary folder is removed at the end. */
export async function* copyParquet(
  target: CopyTarget,
  files: readonly StoredObject[],
  objects: ObjectStore,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), `tidemark-copy-${process.pid}-`))
  try {
    const local = files.map((file, index) => ({ file, path: join(folder, `${index}.parquet`) }))
    for (let from = 0; from < local.length; from += DOWNLOADS_AT_A_TIME) {
      const some = local.slice(from, from + DOWNLOADS_AT_A_TIME)
      await Promise.all(some.map(({ file, path }) => objects.download(file, path, signal)))
    }
    const csv = (index: number) => join(folder, `${index}.csv`)
    const paths = local.map(({ path }) => path)
    const count = await parquetToCsv(paths, target, csv)
    for (let index = 0; index < count; index += 1) yield* createReadStream(csv(index), { highWaterMark: 256 * 1024 })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
