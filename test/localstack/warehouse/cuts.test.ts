import { RedshiftDataWarehouse } from '../../../stores/warehouse/redshift-data.ts'
import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import { FaultyConnection } from '../faulty-connection.ts'
import { LocalWarehouse } from './local-warehouse.ts'

describe('a transaction by the Data API, over connections that are cut', () => {
  let local: LocalWarehouse
  let way: FaultyConnection
  let client: LocalWarehouse['client']
  let warehouse: RedshiftDataWarehouse
  /** Whose requests are cut. */
  let operation: string
  beforeAll(async () => {
    local = await LocalWarehouse.start()
    way = await FaultyConnection.to(
      Number(new URL(local.url).port),
      ({ headers }) => headers['x-amz-target'] === `RedshiftData.${operation}`,
    )
    client = local.clientAt(way.url)
    warehouse = new RedshiftDataWarehouse(client, { workgroup: 'tidemark-test', database: 'tidemark', secretArn: null })
    await local.prepare('CREATE TABLE facts (id bigint NOT NULL)')
  })
  beforeEach(async () => {
    way.fates.meet('through')
    await local.prepare('DELETE FROM facts')
  })
  afterAll(async () => {
    client.destroy()
    await way.stop()
    await local.stop()
  })

  const count = 'SELECT count(*) AS n FROM facts'
  const adding = { statements: ['INSERT INTO facts VALUES (1)', count] }
  const facts = async (): Promise<unknown> => (await local.rows(count))[0]?.[0]

  it.each(['BatchExecuteStatement', 'DescribeStatement', 'GetStatementResult'])(
    'takes effect once, and answers, where %s is sent again',
    async (cut) => {
      operation = cut
      way.fates.meet('answer lost', 'cut before', 'through')
      expect(await warehouse.run(adding)).toEqual([[], [{ n: 1 }]])
      expect(way.fates.met).toBe(3)
      expect(await facts()).toBe(1)
    },
  )

  it.each([
    ['BatchExecuteStatement', 'answer lost'],
    ['DescribeStatement', 'cut before'],
    ['DescribeStatement', 'answer lost'],
    ['GetStatementResult', 'answer lost'],
  ] as const)('took effect once, and is an error, where every %s is met by: %s', async (cut, fate) => {
    operation = cut
    way.fates.meet(fate)
    await expect(warehouse.run(adding)).rejects.not.toBeInstanceOf(TransactionFailed)
    expect(way.fates.met).toBeGreaterThan(1)
    expect(await facts()).toBe(1)
  })

  it('takes no effect where every BatchExecuteStatement is cut before it', async () => {
    operation = 'BatchExecuteStatement'
    way.fates.meet('cut before')
    await expect(warehouse.run(adding)).rejects.toThrow()
    expect(await facts()).toBe(0)
  })

  it('is said to be rolled back where its poll is sent again', async () => {
    operation = 'DescribeStatement'
    way.fates.meet('answer lost', 'through')
    const failing = { statements: ['INSERT INTO facts VALUES (1)', 'INSERT INTO facts VALUES (NULL)'] }
    await expect(warehouse.run(failing)).rejects.toThrow(TransactionFailed)
    expect(way.fates.met).toBe(2)
    expect(await facts()).toBe(0)
  })

  it('begins once by its token, where the answer to the first that began it was lost', async () => {
    operation = 'BatchExecuteStatement'
    way.fates.meet('answer lost')
    await expect(warehouse.start(adding, 'token')).rejects.toThrow()
    way.fates.meet('through')
    const statementId = await warehouse.start(adding, 'token')
    while (!(await warehouse.isDone(statementId)));
    expect(await facts()).toBe(1)
  })
})
