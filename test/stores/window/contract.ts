import type { ChunkWrite, WindowCommit, WindowPosition, WindowStore } from '../../../stores/window/window.ts'

const shardId = 'shardId-000000000001'

export const position = (revision: number, fields: Partial<WindowPosition> = {}): WindowPosition => ({
  position: String(revision).padStart(64, '0'),
  revision,
  lineUp: 'abcdef012345',
  epoch: 'epoch-1',
  newestEventTime: 1_384_000_000_000,
  horizon: 1_383_999_999_999,
  startedAt: 1_384_000_000_001,
  restarted: true,
  since: { 'orders:0123456789ab': 1_384_000_000_001 },
  ...fields,
})

const write = (name: string, value: string, goneAt = 10, ttlMs = 60_000): ChunkWrite => ({ name, value, goneAt, ttlMs })

const commit = (fields: Partial<WindowCommit>): WindowCommit => ({
  shardId,
  expected: null,
  next: position(1),
  writes: [],
  deletes: [],
  ...fields,
})

/** What every window store does. @param empty gives a store that holds nothing @param lose empties it under its users */
export const windowStoreContract = <Store extends WindowStore>(
  empty: (now: () => number) => Promise<Store>,
  lose: (store: Store) => Promise<void>,
): void => {
  let store: Store
  let clock: () => number
  beforeEach(async () => {
    clock = Date.now
    store = await empty(() => clock())
  })
  afterEach(async () => {
    await store.close()
  })

  it('holds nothing at first', async () => {
    expect(await store.shards()).toEqual([])
    expect(await store.open(shardId)).toEqual({ position: null, index: new Map() })
    expect(await store.read([shardId], ['a'])).toEqual([{ shardId, position: null, chunks: [null], lost: [] }])
    expect(await store.readChunks(shardId, [])).toEqual([])
    expect(await store.readChunks(shardId, ['a'])).toEqual([null])
  })

  it('gives back what was committed, all of one instant', async () => {
    const next = position(1)
    expect(await store.commit(commit({ next, writes: [write('m:v:0', 'x', 10), write('m:v:60', 'ÿ☃', 20)] }))).toBe(
      'committed',
    )
    expect(await store.open(shardId)).toEqual({
      position: next,
      index: new Map([
        ['m:v:0', 10],
        ['m:v:60', 20],
      ]),
    })
    expect(await store.readChunks(shardId, ['m:v:60', 'm:v:7', 'm:v:0'])).toEqual(['ÿ☃', null, 'x'])
    const [read] = await store.read([shardId], ['m:v:60', 'm:v:7'])
    expect(read).toEqual({ shardId, position: next, chunks: ['ÿ☃', null], lost: [] })
    expect(await store.read([shardId], [])).toEqual([{ shardId, position: next, chunks: [], lost: [] }])
  })

  it('keeps a position that has no newest event', async () => {
    const next = position(1, { newestEventTime: null, horizon: null, restarted: false, since: {} })
    await store.commit(commit({ next }))
    expect((await store.open(shardId)).position).toEqual(next)
  })

  it.each([
    ['nothing', null],
    ['an older revision', position(1)],
    ['a later revision', position(3)],
    ['another epoch', position(2, { epoch: 'epoch-2' })],
    ['another position', position(2, { position: position(1).position })],
  ])('changes nothing where %s is expected and another is held', async (_, expected) => {
    await store.commit(commit({ next: position(1), writes: [write('a', '1')] }))
    const held = position(2)
    expect(await store.commit(commit({ expected: position(1), next: held, writes: [write('b', '2')] }))).toBe(
      'committed',
    )
    const refused = commit({ expected, next: position(9), writes: [write('a', '9'), write('c', '9')], deletes: ['b'] })
    expect(await store.commit(refused)).toBe('conflict')
    const [read] = await store.read([shardId], ['a', 'b', 'c'])
    expect(read).toEqual({ shardId, position: held, chunks: ['1', '2', null], lost: [] })
    expect((await store.open(shardId)).index).toEqual(
      new Map([
        ['a', 10],
        ['b', 10],
      ]),
    )
  })

  it('takes a commit that expects something for a conflict where nothing is held', async () => {
    expect(await store.commit(commit({ expected: position(1), next: position(2) }))).toBe('conflict')
    expect((await store.open(shardId)).position).toBeNull()
  })

  it('lets only one of two writers through', async () => {
    const answers = await Promise.all([1, 2, 3].map((n) => store.commit(commit({ writes: [write('a', String(n))] }))))
    expect(answers.filter((answer) => answer === 'committed')).toHaveLength(1)
  })

  it('deletes chunks for good', async () => {
    await store.commit(commit({ writes: [write('a', '1'), write('b', '2')] }))
    await store.commit(commit({ expected: position(1), next: position(2), writes: [write('c', '3')], deletes: ['a'] }))
    const [read] = await store.read([shardId], ['a', 'b', 'c'])
    expect(read).toMatchObject({ chunks: [null, '2', '3'], lost: [] })
    expect([...(await store.open(shardId)).index.keys()].sort()).toEqual(['b', 'c'])
  })

  it('names the chunks that expired', async () => {
    await store.commit(commit({ writes: [write('short', '1', 10, 1), write('long', '2')] }))
    await new Promise((resolve) => setTimeout(resolve, 20))
    const [read] = await store.read([shardId], ['short', 'long', 'never'])
    expect(read).toMatchObject({ chunks: [null, '2', null], lost: ['short'] })
  })

  it('takes all that one script can hold, though a writer cuts sooner, and refuses more', async () => {
    const writes = Array.from({ length: 9997 }, (_, at) => write(`m:v:${at}`, 'x'))
    await store.commit(commit({ writes: [write('a', '1'), write('b', '2')] }))
    const next = { expected: position(1), next: position(2) }
    const refused = (fields: Partial<WindowCommit>) => expect(store.commit(commit({ ...next, ...fields }))).rejects
    await refused({ writes: [...writes, write('m:v:9997', 'x')] }).toThrow(
      'A commit of 9998 window chunks, with 0 to delete, is too large for one script: it takes 9997, and 0 to delete',
    )
    await refused({ writes, deletes: ['a', 'b'] }).toThrow('it takes 9997, and 1 to delete beside these')
    await refused({ deletes: Array.from({ length: 5001 }, (_, at) => `m:v:${at}`) }).toThrow('5000 to delete')
    await refused({ writes: [write('a', '9')], deletes: ['b', 'a'] }).toThrow('writes a and deletes it')
    expect((await store.open(shardId)).position).toEqual(position(1))
    expect(await store.commit(commit({ ...next, writes, deletes: ['a'] }))).toBe('committed')
    expect((await store.open(shardId)).index.size).toBe(9998)
    expect(await store.readChunks(shardId, ['m:v:9996', 'a'])).toEqual(['x', null])
  })

  it('takes a writer’s largest commit, and replaces and deletes it all in one', async () => {
    const names = Array.from({ length: 5000 }, (_, at) => `m:v:${at}`)
    await store.commit(commit({ writes: names.map((name) => write(name, 'x'.repeat(200))) }))
    const writes = names.map((name) => write(`next-${name}`, 'y'))
    expect(await store.commit(commit({ expected: position(1), next: position(2), writes, deletes: names }))).toBe(
      'committed',
    )
    expect((await store.open(shardId)).index.size).toBe(5000)
  })

  it('knows a shard by its commit alone', async () => {
    await store.commit(commit({}))
    expect(await store.shards()).toEqual([shardId])
  })

  it('keeps shards apart, and knows all that were opened', async () => {
    await store.open('shardId-000000000002')
    await store.open(shardId)
    await store.commit(commit({ writes: [write('a', '1')] }))
    expect(await store.shards()).toEqual([shardId, 'shardId-000000000002'])
    const read = await store.read(['shardId-000000000002', shardId], ['a'])
    expect(read.map(({ chunks }) => chunks)).toEqual([[null], ['1']])
  })

  it('was never emptied once it is marked, though somebody asked before', async () => {
    clock = () => 1000
    expect(await store.emptiedBefore()).toBe(1000)
    await store.mark()
    await store.mark()
    expect(await store.emptiedBefore()).toBeNull()
  })

  it('is empty once it was emptied, and remembers when that was found first', async () => {
    await store.mark()
    await store.open(shardId)
    await store.commit(commit({ writes: [write('a', '1')] }))
    await lose(store)
    expect(await store.shards()).toEqual([])
    expect(await store.read([shardId], ['a'])).toEqual([{ shardId, position: null, chunks: [null], lost: [] }])
    expect(await store.commit(commit({ expected: position(1), next: position(2) }))).toBe('conflict')
    clock = () => 2000
    expect(await store.emptiedBefore()).toBe(2000)
    clock = () => 3000
    expect(await store.emptiedBefore()).toBe(2000)
    await lose(store)
    expect(await store.emptiedBefore()).toBe(3000)
  })

  it('holds for when it was emptied what one of two says that find it at once', async () => {
    let ticks = 0
    clock = () => ++ticks
    const found = await Promise.all([store.emptiedBefore(), store.emptiedBefore()])
    expect(found).toContain(await store.emptiedBefore())
  })
}
