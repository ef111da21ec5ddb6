import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
} from '@aws-sdk/client-redshift-data'
import { LocalWarehouse } from './local-warehouse.ts'

let warehouse: LocalWarehouse

beforeAll(async () => {
  warehouse = await LocalWarehouse.start()
})

afterAll(() => warehouse.stop())

const result = (id: string, more: { NextToken?: string; WaitTimeSeconds?: number } = {}) =>
  warehouse.client.send(new GetStatementResultCommand({ Id: id, ...more }))

test('values come typed, and numerics and times as strings', async () => {
  await warehouse.prepare(
    `CREATE TABLE every_type (i2 smallint, i4 int, i8 bigint NOT NULL, n numeric(12,3), d double precision, b boolean, v varchar(20), c char(3),
       t timestamp, tz timestamp with time zone, day date)`,
    `INSERT INTO every_type VALUES (1, 2, 9007199254740991, 1234567.890, 1.5e300, true, 'x', 'ab', '2026-01-02 03:04:05.678901',
       '2026-01-02 03:04:05Z', '2026-01-02')`,
    'INSERT INTO every_type (i8, d) VALUES (-1, 0.1)',
  )
  const id = await warehouse.start('SELECT * FROM every_type ORDER BY i8 DESC')
  const { Records, ColumnMetadata, TotalNumRows, NextToken } = await result(id, { WaitTimeSeconds: 30 })
  expect(Records).toEqual([
    [
      { longValue: 1 },
      { longValue: 2 },
      { longValue: 9007199254740991 },
      { stringValue: '1234567.890' },
      { doubleValue: 1.5e300 },
      { booleanValue: true },
      { stringValue: 'x' },
      { stringValue: 'ab ' },
      { stringValue: '2026-01-02 03:04:05.678901' },
      { stringValue: '2026-01-02 03:04:05+00' },
      { stringValue: '2026-01-02' },
    ],
    Array.from({ length: 11 }, (_, index) =>
      index === 2 ? { longValue: -1 } : index === 4 ? { doubleValue: 0.1 } : { isNull: true },
    ),
  ])
  expect(TotalNumRows).toBe(2)
  expect(NextToken).toBeUndefined()
  expect(ColumnMetadata?.map(({ name, typeName, nullable }) => [name, typeName, nullable])).toEqual([
    ['i2', 'int2', 1],
    ['i4', 'int4', 1],
    ['i8', 'int8', 0],
    ['n', 'numeric', 1],
    ['d', 'float8', 1],
    ['b', 'bool', 1],
    ['v', 'varchar', 1],
    ['c', 'bpchar', 1],
    ['t', 'timestamp', 1],
    ['tz', 'timestamptz', 1],
    ['day', 'date', 1],
  ])
  expect(ColumnMetadata?.[3]).toMatchObject({
    precision: 12,
    scale: 3,
    schemaName: 'public',
    tableName: 'every_type',
    isSigned: true,
  })
  expect(ColumnMetadata?.[6]).toMatchObject({ precision: 20, isCaseSensitive: true })
})

test('a sum of integers is numeric, a count int8, what no JSON number can be a string', async () => {
  const id = await warehouse.start(
    "SELECT sum(x), count(*), CAST('NaN' AS float8), CAST('-Infinity' AS float8), 1 / 3.0e0 AS third FROM (SELECT CAST(1 AS bigint) AS x) AS s",
  )
  const { Records, ColumnMetadata } = await result(id, { WaitTimeSeconds: 30 })
  expect(Records).toEqual([
    [
      { stringValue: '1' },
      { longValue: 1 },
      { doubleValue: Number.NaN },
      { doubleValue: -Infinity },
      { stringValue: expect.stringMatching(/^0\.3333/) },
    ],
  ])
  expect(ColumnMetadata?.map(({ typeName }) => typeName)).toEqual(['numeric', 'int8', 'float8', 'float8', 'numeric'])
})

test('a type that Redshift lacks fails the statement', async () => {
  expect(await warehouse.run("SELECT CAST('{}' AS json) AS document")).toMatchObject({
    Status: 'FAILED',
    Error: expect.stringContaining('Column "document" has a type that Redshift lacks'),
  })
})

test('a large result comes in pages', async () => {
  const id = await warehouse.start("SELECT n, 'row ' || n FROM generate_series(1, 100000) AS s(n) ORDER BY n")
  const first = await result(id, { WaitTimeSeconds: 30 })
  expect(first.TotalNumRows).toBe(100_000)
  expect(first.Records?.length).toBeLessThan(100_000)
  const seen: number[] = []
  for (let page = first; ; page = await result(id, { NextToken: page.NextToken })) {
    seen.push(...(page.Records ?? []).map(([n]) => Number(n?.longValue)))
    expect(page.ColumnMetadata).toHaveLength(2)
    if (!page.NextToken) break
  }
  expect(seen).toEqual(Array.from({ length: 100_000 }, (_, index) => index + 1))
  await expect(result(id, { NextToken: 'bm90IG9uZQ' })).rejects.toMatchObject({ name: 'ValidationException' })
})

test('an empty result is a result; a statement without one has none', async () => {
  const empty = await warehouse.run('SELECT 1 AS one WHERE false')
  expect(empty).toMatchObject({ HasResultSet: true, ResultRows: 0 })
  expect(await result(empty.Id ?? '')).toMatchObject({
    Records: [],
    TotalNumRows: 0,
    ColumnMetadata: [{ name: 'one', typeName: 'int4' }],
  })
  const none = await warehouse.run('CREATE TABLE nothing (id int)')
  expect(none).toMatchObject({ HasResultSet: false, ResultRows: -1 })
  await expect(result(none.Id ?? '')).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: expect.stringContaining('Query does not have result'),
  })
})

test("a batch's results come by the ids of its statements", async () => {
  const done = await warehouse.batch(['SELECT 1', 'SELECT 2'])
  await expect(result(done.Id ?? '')).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('sub-statement id'),
  })
  expect((await result(`${done.Id}:2`)).Records).toEqual([[{ longValue: 2 }]])
  expect(await warehouse.describe(`${done.Id}:2`)).toMatchObject({
    Id: `${done.Id}:2`,
    Status: 'FINISHED',
    HasResultSet: true,
    QueryString: 'SELECT 2',
  })
  await expect(warehouse.describe(`${done.Id}:3`)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

test("a batch's result is given once its transaction has committed", async () => {
  const id = await warehouse.startBatch(['SELECT 1', 'SELECT count(*) FROM pg_sleep(1)'])
  expect(await warehouse.describe(`${id}:1`, 5)).toMatchObject({ Status: 'FINISHED' })
  await expect(result(`${id}:1`)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  expect((await result(`${id}:1`, { WaitTimeSeconds: 10 })).Records).toEqual([[{ longValue: 1 }]])
})

test('the result of an unfinished statement is not found', async () => {
  const id = await warehouse.start('SELECT count(*) FROM pg_sleep(1)')
  await expect(result(id)).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  expect((await result(id, { WaitTimeSeconds: 10 })).Records).toEqual([[{ longValue: 1 }]])
})

test('waiting ends with the statement, or with the time', async () => {
  const target = { Database: 'tidemark', WorkgroupName: 'tidemark-test' }
  const send = (Sql: string, WaitTimeSeconds: number) =>
    warehouse.client.send(new ExecuteStatementCommand({ ...target, Sql, WaitTimeSeconds }))
  expect(await send('SELECT 1', 30)).toMatchObject({ Status: 'FINISHED', HasResultSet: true })
  const startedAt = Date.now()
  const { Id, Status } = await send('SELECT count(*) FROM pg_sleep(1.6)', 1)
  expect(Status).toBe('STARTED')
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(990)
  expect(await warehouse.client.send(new DescribeStatementCommand({ Id }))).toMatchObject({ Status: 'STARTED' })
  expect(await warehouse.describe(Id ?? '', 30)).toMatchObject({ Status: 'FINISHED' })
  expect(Date.now() - startedAt).toBeLessThan(4_000)
})

test('a failed statement says why', async () => {
  const failed = await warehouse.run('SELECT nonsense FROM nowhere')
  expect(failed).toMatchObject({ Status: 'FAILED', HasResultSet: false, ResultRows: -1 })
  expect(failed.Error).toBe('ERROR: relation "nowhere" does not exist\n  Position: 22')
})
