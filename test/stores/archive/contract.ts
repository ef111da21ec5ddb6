import { gzipSync } from 'node:zlib'
import { rawObjectKey } from '../../../core/raw-archive.ts'
import type { Archive, Revised } from '../../../stores/archive/archive.ts'

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** What every archive does. @param empty gives an archive that holds nothing */
export const archiveContract = (empty: () => Promise<Archive>): void => {
  let archive: Archive
  beforeEach(async () => {
    archive = await empty()
  })

  it('holds nothing at first', async () => {
    expect(await archive.getObject('a')).toBeNull()
    expect(await archive.getJson('a')).toBeNull()
    expect(await archive.listRawShards()).toEqual([])
    expect(await collect(archive.listRaw('s', null))).toEqual([])
    await expect(collect(archive.readLines('a'))).rejects.toThrow('There is no object')
  })

  it('gives back what was put, the last of it', async () => {
    await archive.putObject('a/b', Uint8Array.from([1, 2]))
    await archive.putObject('a/b', Uint8Array.from([0, 255, 3]))
    expect(Array.from((await archive.getObject('a/b')) ?? [])).toEqual([0, 255, 3])
    await archive.putJson('a/c', { name: 'é', list: [1, null] })
    expect(await archive.getJson('a/c')).toEqual({ name: 'é', list: [1, null] })
    expect(await collect(archive.listKeys('a/'))).toMatchObject([{ key: 'a/b', bytes: 3 }, { key: 'a/c' }])
  })

  it('puts the newest alone: what is older, or as new, changes nothing', async () => {
    const put = async (revision: number, by: string) => {
      await archive.putNewest('a/latest', { revision, by } as Revised)
      return archive.getJson('a/latest')
    }
    expect(await put(2, 'first')).toEqual({ revision: 2, by: 'first' })
    expect(await put(1, 'second')).toEqual({ revision: 2, by: 'first' })
    expect(await put(2, 'third')).toEqual({ revision: 2, by: 'first' })
    expect(await put(10, 'fourth')).toEqual({ revision: 10, by: 'fourth' })
  })

  it('holds the newest of many that are put at once, in whatever order', async () => {
    const revisions = [4, 12, 1, 8, 11, 2, 9, 3, 10, 5, 7, 6]
    for (let first = 0; first < revisions.length; first++) {
      const key = `a/latest-${first}`
      const inOrder = [...revisions.slice(first), ...revisions.slice(0, first)]
      await Promise.all(inOrder.map((revision) => archive.putNewest(key, { revision })))
      expect(await archive.getJson(key)).toEqual({ revision: 12 })
    }
  })

  it('reads lines that end by a line feed alone, and no cut object', async () => {
    const text = '{"a":"\u2028 \u2029 \u0085"}\n{"b":"é☃"}\n\n{"c":1}'
    const gzip = gzipSync(text)
    await archive.putObject('lines', gzip)
    expect(await collect(archive.readLines('lines'))).toEqual(text.split('\n'))
    const long = Array.from({ length: 20_000 }, (_, index) => `line ${index} ☃`)
    await archive.putObject('lines', gzipSync(`${long.join('\n')}\n`))
    expect(await collect(archive.readLines('lines'))).toEqual(long)
    await archive.putObject('lines', gzip.subarray(0, -9))
    await expect(collect(archive.readLines('lines'))).rejects.toThrow(/unexpected end|incorrect|invalid/i)
  })

  it('lists the raw objects that hold a record after a bound, one that straddles it included', async () => {
    const body = Uint8Array.from([1])
    const keys = [rawObjectKey('s', '1', '9'), rawObjectKey('s', '10', '99'), rawObjectKey('s', '100', '120')]
    for (const key of [...keys].reverse()) await archive.putObject(key, body)
    await archive.putObject(rawObjectKey('s2', '50', '60'), body)
    const after = async (bound: string | null) =>
      (await collect(archive.listRaw('s', bound === null ? null : bound.padStart(64, '0')))).map(({ key }) => key)
    expect(await after(null)).toEqual(keys)
    expect(await after('8')).toEqual(keys)
    expect(await after('9')).toEqual(keys.slice(1))
    expect(await after('50')).toEqual(keys.slice(1))
    expect(await after('120')).toEqual([])
    const [object] = await collect(archive.listRaw('s2', null))
    expect(object).toMatchObject({
      shardId: 's2',
      first: '50'.padStart(64, '0'),
      last: '60'.padStart(64, '0'),
      bytes: 1,
    })
    expect(await archive.listRawShards()).toEqual(['s', 's2'])
  })

  it('refuses to list what is no raw object', async () => {
    await archive.putObject('raw/shard=s/notes.txt', Uint8Array.from([1]))
    await expect(collect(archive.listRaw('s', null))).rejects.toThrow('is no raw object')
  })
}
