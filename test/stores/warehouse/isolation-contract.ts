import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'

/** A row of `ledger.pruned`, the product's smallest table: its shard, and a text. */
export interface Row {
  readonly shardId: string
  readonly prunedTo: string
}

/** One statement; with `from`, on rows of that text only, or (an insert) only where the shard has such a row. */
export type Write =
  | { readonly kind: 'insert'; readonly row: Row; readonly where?: { readonly none: string } | { readonly one: Row } }
  | { readonly kind: 'update'; readonly shardId: string; readonly from: string | null; readonly to: string }
  | { readonly kind: 'delete'; readonly shardId: string }

/** A transaction that is under way. */
export interface Open {
  /** Lets it run its next statement; resolves once that is done, or waits for another transaction. */
  step(): Promise<void>
  /** Lets it run to its end. @returns what it read at its begin and before its commit @throws TransactionFailed */
  end(): Promise<{ readonly before: readonly Row[]; readonly after: readonly Row[] }>
}

/** Transactions on the rows above, run statement by statement. */
export interface Isolated {
  /** Resolves once it has read the rows: its snapshot is of then. */
  begin(...writes: readonly Write[]): Promise<Open>
  /** What stands committed, in order. */
  rows(): Promise<Row[]>
  clear(): Promise<void>
  stop(): Promise<void>
}

const row = (shardId: string, prunedTo: string): Row => ({ shardId, prunedTo })
const insert = (shardId: string, prunedTo = '1'): Write => ({ kind: 'insert', row: row(shardId, prunedTo) })
const update = (shardId: string, to: string, from: string | null = null): Write => ({
  kind: 'update',
  shardId,
  from,
  to,
})
const remove = (shardId: string): Write => ({ kind: 'delete', shardId })

/**
 * What the product takes for granted of two transactions that overlap: snapshot isolation, and no more. Positions, slots
 * and models are updated by both; a prune removes and makes anew the row that a rebuild updates, a dropped output the
 * one that a replay's step updates.
 */
export const isolationContract = (start: () => Promise<Isolated>): void => {
  let isolated: Isolated
  beforeAll(async () => {
    isolated = await start()
  })
  beforeEach(async () => {
    await isolated.clear()
    await commit(insert('a'), insert('b'))
  })
  afterAll(() => isolated.stop())

  const commit = async (...writes: readonly Write[]): Promise<void> => {
    await (await isolated.begin(...writes)).end()
  }

  /** What may be done to row a. */
  const changes = (to: string) => ({
    update: [update('a', to)],
    delete: [remove('a')],
    renew: [remove('a'), insert('a', to)],
  })
  type Change = keyof ReturnType<typeof changes>
  const leaves = (change: Change, to: string): Row[] => (change === 'delete' ? [] : [row('a', to)])
  const kinds: readonly Change[] = ['update', 'delete', 'renew']
  const conflicts = kinds.flatMap((one) => kinds.map((other) => [one, other] as const))

  it('ends who changes a row that another changed since its snapshot, and leaves nothing of it', async () => {
    for (const [won, lost] of conflicts) {
      await isolated.clear()
      await commit(insert('a'), insert('b'))
      const late = await isolated.begin(insert('c'), ...changes('3')[lost])
      await late.step()
      await commit(...changes('2')[won])
      await expect(late.end()).rejects.toThrow(TransactionFailed)
      const rows = [...leaves(won, '2'), row('b', '1')]
      expect({ won, lost, rows: await isolated.rows() }).toEqual({ won, lost, rows })
    }
  })

  it('ends one of two that change a row at the same time, neither of which has committed', async () => {
    for (const [one, other] of conflicts) {
      await isolated.clear()
      await commit(insert('a'), insert('b'))
      const first = await isolated.begin(insert('c'), ...changes('2')[one])
      const second = await isolated.begin(insert('d'), ...changes('3')[other])
      for (const _ of [1, 2]) for (const each of [first, second]) await each.step()
      const { after } = await first.end()
      expect(after).toEqual([...leaves(one, '2'), row('b', '1'), row('c', '1')])
      await expect(second.end()).rejects.toThrow(TransactionFailed)
      expect({ one, other, rows: await isolated.rows() }).toEqual({ one, other, rows: after })
    }
  })

  it('lets one of a zombie and its retry through that interleave statement by statement, by a guard alone', async () => {
    const microBatch: readonly Write[] = [
      { kind: 'insert', row: row('rows', 'of 2'), where: { one: row('a', '1') } },
      update('a', '2', '1'),
    ]
    const [zombie, retry] = [await isolated.begin(...microBatch), await isolated.begin(...microBatch)]
    await zombie.step()
    await retry.step()
    await zombie.step()
    await retry.step()
    await zombie.end()
    await expect(retry.end()).rejects.toThrow(TransactionFailed)
    expect(await isolated.rows()).toEqual([row('a', '2'), row('b', '1'), row('rows', 'of 2')])
  })

  it('lets two guarded inserts of one key both in: no key is enforced, and only the mutex keeps two apart', async () => {
    const guarded: Write = { kind: 'insert', row: row('new', '0'), where: { none: 'new' } }
    const both = [await isolated.begin(guarded), await isolated.begin(guarded)]
    for (const each of both) await each.step()
    for (const each of both) await each.end()
    expect(await isolated.rows()).toEqual([row('a', '1'), row('b', '1'), row('new', '0'), row('new', '0')])
  })

  it('shows a reader one snapshot, whatever commits between its statements, and nothing uncommitted', async () => {
    const reader = await isolated.begin()
    const writer = await isolated.begin(update('a', '2'), remove('b'), insert('c'))
    for (const _ of [1, 2, 3]) await writer.step()
    expect(await isolated.rows()).toEqual([row('a', '1'), row('b', '1')])
    const { after } = await writer.end()
    expect(after).toEqual([row('a', '2'), row('c', '1')])
    const seen = await reader.end()
    expect(seen).toEqual({ before: [row('a', '1'), row('b', '1')], after: [row('a', '1'), row('b', '1')] })
    expect(await isolated.rows()).toEqual(after)
  })

  // What the product reads and does not write, it reads behind the mutex or compares in the row that it does write.
  it('lets write skew in: what was read and not written is not guarded', async () => {
    const both = [await isolated.begin(update('a', 'off')), await isolated.begin(update('b', 'off'))]
    for (const each of both) await each.step()
    const read = [await both[0]?.end(), await both[1]?.end()]
    for (const each of read) expect(each?.before).toEqual([row('a', '1'), row('b', '1')])
    expect(await isolated.rows()).toEqual([row('a', 'off'), row('b', 'off')])
  })
}
