import { isolationContract, type Write } from '../../stores/warehouse/isolation-contract.ts'
import { IsolatedOnPostgres } from './isolated.ts'

describe('transactions on PostgreSQL, by the Data API', () => isolationContract(() => IsolatedOnPostgres.start()))

describe('under READ COMMITTED, which nothing here runs under', () => {
  let isolated: IsolatedOnPostgres
  beforeAll(async () => {
    isolated = await IsolatedOnPostgres.start(['SET TRANSACTION ISOLATION LEVEL READ COMMITTED'])
  })
  afterAll(() => isolated.stop())

  it('a zombie and its retry that interleave statement by statement would both count', async () => {
    await (await isolated.begin({ kind: 'insert', row: { shardId: 'a', prunedTo: '1' } })).end()
    const microBatch: readonly Write[] = [
      { kind: 'insert', row: { shardId: 'rows', prunedTo: 'of 2' }, where: { one: { shardId: 'a', prunedTo: '1' } } },
      { kind: 'update', shardId: 'a', from: '1', to: '2' },
    ]
    const [zombie, retry] = [await isolated.begin(...microBatch), await isolated.begin(...microBatch)]
    for (const _ of [1, 2]) for (const each of [zombie, retry]) await each.step()
    await zombie.end()
    await retry.end()
    expect((await isolated.rows()).map(({ shardId }) => shardId)).toEqual(['a', 'rows', 'rows'])
  })
})
