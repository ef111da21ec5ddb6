import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Archive } from '../../stores/archive/archive.ts'

const rawPrefix = 'raw/'
const downloadsAtOnce = 8

/** The raw archive copied into a folder, and how far the copy goes. */
export interface RawFiles {
  readonly dir: string
  /** The greatest sequence number copied, by shard, padded. */
  readonly reached: ReadonlyMap<string, string>
  /** Copies what is new since; answers how many objects. */
  refresh(): Promise<number>
}

export const rawFiles = (archive: Archive, dir: string, onProgress: (objects: number) => void): RawFiles => {
  const copied = new Set<string>()
  const reached = new Map<string, string>()

  const copy = async (key: string): Promise<void> => {
    const body = await archive.getObject(key)
    if (body === null) throw new Error(`${key} was listed and is gone: objects of the raw archive are never deleted.`)
    const path = join(dir, key)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, body)
    copied.add(key)
    const { shard, last } = placeOf(key)
    if (last > (reached.get(shard) ?? '')) reached.set(shard, last)
    onProgress(copied.size)
  }

  return {
    dir,
    reached,
    refresh: async () => {
      const fresh: string[] = []
      for await (const { key } of archive.listKeys(rawPrefix)) if (!copied.has(key)) fresh.push(key)
      for (let start = 0; start < fresh.length; start += downloadsAtOnce)
        await Promise.all(fresh.slice(start, start + downloadsAtOnce).map(copy))
      return fresh.length
    },
  }
}

/** `raw/shard=SHARD/LAST-FIRST.ndjson.gz` */
const placeOf = (key: string): { shard: string; last: string } => {
  const [, shard = '', last = ''] = /shard=([^/]+)\/(\d+)-\d+\.ndjson\.gz$/.exec(key) ?? []
  if (shard === '') throw new Error(`${basename(key)} is no raw object's name (LAST-FIRST.ndjson.gz).`)
  return { shard, last }
}
