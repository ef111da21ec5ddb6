import { LocalWarehouse } from './local-warehouse.ts'

let warehouse: LocalWarehouse

beforeAll(async () => {
  warehouse = await LocalWarehouse.start()
  await warehouse.prepare(
    'CREATE TABLE position (shard varchar(64) NOT NULL, revision bigint NOT NULL, position varchar(64) NOT NULL)',
    'CREATE TABLE facts (id bigint NOT NULL, name varchar(100))',
    'CREATE TABLE mutex (id int)',
    "INSERT INTO position VALUES ('a', 0, 'p0')",
  )
})

afterAll(() => warehouse.stop())

test('a batch commits together', async () => {
  const done = await warehouse.batch([
    "INSERT INTO facts VALUES (1, 'one')",
    'SELECT count(*) FROM facts',
    'DELETE FROM facts',
  ])
  expect(done).toMatchObject({ Status: 'FINISHED', HasResultSet: true, WorkgroupName: 'tidemark-test' })
  expect(done.RedshiftPid).toBeGreaterThan(0)
  expect(done.Duration).toBeGreaterThan(100_000)
  expect(done.SubStatements).toMatchObject([
    {
      Id: `${done.Id}:1`,
      Status: 'FINISHED',
      HasResultSet: false,
      ResultRows: 1,
      QueryString: "INSERT INTO facts VALUES (1, 'one')",
    },
    { Id: `${done.Id}:2`, Status: 'FINISHED', HasResultSet: true, ResultRows: 1 },
    { Id: `${done.Id}:3`, Status: 'FINISHED', HasResultSet: false, ResultRows: 1 },
  ])
})

test('a batch whose statement fails leaves nothing', async () => {
  const failed = await warehouse.batch([
    "INSERT INTO facts VALUES (2, 'two')",
    'INSERT INTO facts VALUES (NULL)',
    'SELECT 1',
  ])
  expect(failed.Status).toBe('FAILED')
  expect(failed.Error).toMatch(
    /^Query #2 failed with ERROR: null value in column "id" of relation "facts" violates not-null constraint/,
  )
  expect(failed.SubStatements?.map(({ Status }) => Status)).toEqual(['FINISHED', 'FAILED', 'ABORTED'])
  expect(failed.SubStatements?.[1]?.Error).toMatch(/^ERROR: null value/)
  expect(await warehouse.rows('SELECT count(*) FROM facts')).toEqual([[0]])
})

test('of two batches that update one row, one fails', async () => {
  const update = "UPDATE position SET revision = revision + 1 WHERE shard = 'a'"
  const pause = 'SELECT count(*) FROM pg_sleep(0.5)'
  const read = 'SELECT revision FROM position'
  const both = await Promise.all([warehouse.batch([read, pause, update]), warehouse.batch([read, pause, update])])
  expect(both.map(({ Status }) => Status).sort()).toEqual(['FAILED', 'FINISHED'])
  expect(both.map(({ Error: reason }) => reason).join()).toContain(
    'ERROR: could not serialize access due to concurrent update',
  )
  expect(await warehouse.rows('SELECT revision FROM position')).toEqual([[1]])
})

test('a moved position fails the whole micro-batch', async () => {
  const compareAndSet = `UPDATE position SET position = CASE WHEN revision = CAST(:read AS bigint) THEN :new END, revision = revision + 1
    WHERE shard = :shard`
  const parameters = (read: string) => [
    { name: 'read', value: read },
    { name: 'new', value: 'p1' },
    { name: 'shard', value: 'a' },
  ]
  const stale = await warehouse.batch(['INSERT INTO facts VALUES (9)', compareAndSet], { Parameters: parameters('77') })
  expect(stale).toMatchObject({ Status: 'FAILED', Error: expect.stringContaining('null value in column "position"') })
  expect(await warehouse.rows('SELECT count(*) FROM facts')).toEqual([[0]])
})

test('a lock as the first statement is taken before the snapshot: one of many creates the row', async () => {
  const sqls = [
    'LOCK mutex',
    "INSERT INTO position SELECT 'new', 0, 'p' WHERE NOT EXISTS (SELECT 1 FROM position WHERE shard = 'new')",
  ]
  const all = await Promise.all(Array.from({ length: 6 }, () => warehouse.batch(sqls)))
  expect(all.map(({ Status }) => Status)).toEqual(Array(6).fill('FINISHED'))
  expect(await warehouse.rows("SELECT count(*) FROM position WHERE shard = 'new'")).toEqual([[1]])
})

test('a session leaves nothing to the next', async () => {
  await warehouse.prepare(
    'CREATE TEMP TABLE passing (id int)',
    "SET search_path TO ''",
    'BEGIN',
    'INSERT INTO facts VALUES (5)',
    'BEGIN',
  )
  expect((await warehouse.run('SELECT * FROM passing')).Error).toMatch(/^ERROR: relation "passing" does not exist/)
  expect(await warehouse.rows('SELECT id FROM facts WHERE id = 5')).toEqual([[5]])
  expect(await warehouse.rows('SHOW standard_conforming_strings')).toEqual([['off']])
  expect(await warehouse.rows('SHOW transaction_isolation')).toEqual([['repeatable read']])
})

test.each(['COMMIT', 'begin', '-- now\nROLLBACK'])('a batch refuses %j', async (sql) => {
  const failed = await warehouse.batch(['DELETE FROM facts', sql])
  expect(failed).toMatchObject({ Status: 'FAILED', Error: expect.stringContaining("can't stand in a batch") })
})

test('a text with two statements fails', async () => {
  const failed = await warehouse.run('SELECT 1; SELECT 2')
  expect(failed).toMatchObject({
    Status: 'FAILED',
    Error: expect.stringContaining('ERROR: cannot insert multiple commands'),
  })
})

test('what no transaction can hold runs by itself', async () => {
  expect(await warehouse.run('VACUUM facts')).toMatchObject({ Status: 'FINISHED', HasResultSet: false })
})
