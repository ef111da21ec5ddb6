import { randomUUID } from 'node:crypto'
import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  ExecuteStatementCommand,
  type ExecuteStatementCommandInput,
  ListStatementsCommand,
  ListTablesCommand,
} from '@aws-sdk/client-redshift-data'
import { LocalWarehouse } from './local-warehouse.ts'

let warehouse: LocalWarehouse

beforeAll(async () => {
  warehouse = await LocalWarehouse.start()
  await warehouse.prepare('CREATE TABLE calls (id int)')
})

afterAll(() => warehouse.stop())

const VALID: ExecuteStatementCommandInput = { Sql: 'SELECT 1', Database: 'tidemark', WorkgroupName: 'tidemark-test' }
const refused = (message: string) => ({ name: 'ValidationException', message: expect.stringContaining(message) })

test.each<[string, Partial<ExecuteStatementCommandInput>]>([
  ['SecretArn', { SecretArn: 'arn' }],
  ['SessionId', { SessionId: randomUUID() }],
  ['SessionKeepAliveSeconds', { SessionKeepAliveSeconds: 10 }],
  ['ClusterIdentifier', { ClusterIdentifier: 'c' }],
  ['DbUser', { DbUser: 'u' }],
  ['ResultFormat', { ResultFormat: 'CSV' }],
  ['WithEvent', { WithEvent: true }],
  ['WaitTimeSeconds', { WaitTimeSeconds: 31 }],
  ['WorkgroupName', { WorkgroupName: 'other' }],
  ['WorkgroupName', { WorkgroupName: undefined }],
  ['Database', { Database: 'dev' }],
  ['Database', { Database: undefined }],
  ['Sql', { Sql: '' }],
  ['ClientToken', { ClientToken: 'x'.repeat(65) }],
])('names the field %s that it refuses', async (field, change) => {
  await expect(warehouse.client.send(new ExecuteStatementCommand({ ...VALID, ...change }))).rejects.toMatchObject(
    refused(field),
  )
})

test('a statement has at most 200 KB, in bytes', async () => {
  const sql = (bytes: number) => `SELECT 1 --${'x'.repeat(bytes - 11)}`
  expect(await warehouse.run(sql(200_000))).toMatchObject({ Status: 'FINISHED' })
  await expect(warehouse.run(sql(200_001))).rejects.toMatchObject(refused('larger than 200kB'))
  await expect(warehouse.run(`SELECT '${'🌊'.repeat(50_000)}'`)).rejects.toMatchObject(refused('larger than 200kB'))
})

test('a batch has at most 40 statements, and one transaction', async () => {
  expect(await warehouse.batch(Array(40).fill('SELECT 1'))).toMatchObject({ Status: 'FINISHED' })
  await expect(warehouse.batch(Array(41).fill('SELECT 1'))).rejects.toMatchObject(refused('at most 40'))
  await expect(warehouse.batch([])).rejects.toMatchObject(refused('Sqls'))
  const autoCommit = new BatchExecuteStatementCommand({
    Sqls: ['SELECT 1'],
    Database: 'tidemark',
    WorkgroupName: 'tidemark-test',
    ExecutionMode: 'AUTO_COMMIT',
  })
  await expect(warehouse.client.send(autoCommit)).rejects.toMatchObject(refused('ExecutionMode'))
})

test('a row has at most 64 KB', async () => {
  expect(await warehouse.run("SELECT repeat('x', 64000)")).toMatchObject({ Status: 'FINISHED', ResultSize: 64_000 })
  expect(await warehouse.run("SELECT repeat('x', 64001) FROM generate_series(1, 3)")).toMatchObject({
    Status: 'FAILED',
    Error: expect.stringContaining('ERROR: Packet for query is too large'),
  })
  expect(await warehouse.rows('SELECT 1')).toEqual([[1]])
})

test('a result has at most 500 MB', async () => {
  const failed = await warehouse.run("SELECT repeat('x', 60000) FROM generate_series(1, 20000)")
  expect(failed).toMatchObject({
    Status: 'FAILED',
    Error: expect.stringContaining('Database response exceeded size limit'),
  })
})

test('an unknown id, and what is no id', async () => {
  await expect(warehouse.describe(randomUUID())).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  await expect(warehouse.describe('nonsense')).rejects.toMatchObject({ name: 'ValidationException' })
})

test('an operation that is not emulated says so', async () => {
  await expect(warehouse.client.send(new ListTablesCommand({ Database: 'tidemark' }))).rejects.toMatchObject({
    name: 'UnknownOperationException',
  })
})

/** A statement that was accepted has not taken its lock yet: those that came before would end, and not count. */
const untilLocked = async (table: string): Promise<void> => {
  const held = `SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE c.relname = '${table}' AND l.mode = 'AccessExclusiveLock' AND l.granted`
  while (Number((await warehouse.rows(held))[0]?.[0]) === 0) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('at most 500 statements are active', async () => {
  const locked = await warehouse.startBatch(['LOCK calls', 'SELECT count(*) FROM pg_sleep(120)'])
  await untilLocked('calls')
  const ids: string[] = []
  for (let started = 1; started < 500; started += 50) {
    const some = Array.from({ length: Math.min(50, 500 - started) }, () =>
      warehouse.start('SELECT count(*) FROM calls'),
    )
    ids.push(...(await Promise.all(some)))
  }
  expect(ids).toHaveLength(499)
  await expect(warehouse.start('SELECT 1')).rejects.toMatchObject({ name: 'ActiveStatementsExceededException' })
  const last = ids.at(-1) ?? ''
  expect(await warehouse.describe(last, 0)).toMatchObject({ Status: 'SUBMITTED' })
  await warehouse.client.send(new CancelStatementCommand({ Id: last }))
  expect(await warehouse.describe(last, 0)).toMatchObject({ Status: 'ABORTED' })
  await warehouse.client.send(new CancelStatementCommand({ Id: locked }))
  expect(await warehouse.describe(ids[0] ?? '')).toMatchObject({ Status: 'FINISHED' })
  expect(await warehouse.describe(ids.at(-2) ?? '')).toMatchObject({ Status: 'FINISHED' })
})

test('a client token runs its statement once, for eight hours', async () => {
  const ClientToken = randomUUID()
  const insert = () => warehouse.start('INSERT INTO calls VALUES (1)', { ClientToken })
  const id = await insert()
  expect(await insert()).toBe(id)
  await warehouse.describe(id)
  expect(await insert()).toBe(id)
  expect(await warehouse.rows('SELECT count(*) FROM calls')).toEqual([[1]])
  await expect(warehouse.start('INSERT INTO calls VALUES (2)', { ClientToken })).rejects.toMatchObject(
    refused('other content'),
  )
  warehouse.clock.aheadMs += 8 * 3_600_000
  expect(await insert()).not.toBe(id)
})

test('results are kept for a day', async () => {
  const done = await warehouse.run('SELECT 1', { StatementName: 'kept' })
  const list = async () => (await warehouse.client.send(new ListStatementsCommand({ StatementName: 'kep' }))).Statements
  expect(await list()).toMatchObject([
    { Id: done.Id, Status: 'FINISHED', StatementName: 'kept', QueryString: 'SELECT 1', IsBatchStatement: false },
  ])
  warehouse.clock.aheadMs += 24 * 3_600_000
  expect(await list()).toEqual([])
  await expect(warehouse.describe(done.Id ?? '')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

test('the oldest statements are dropped where all hold more than 256 MB', async () => {
  const first = await warehouse.run('SELECT 1')
  const large = await warehouse.run("SELECT repeat('x', 60000) FROM generate_series(1, 5000)")
  expect(large).toMatchObject({ Status: 'FINISHED', ResultSize: 300_000_000 })
  await expect(warehouse.describe(first.Id ?? '')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  expect(await warehouse.describe(large.Id ?? '')).toMatchObject({ HasResultSet: true })
  await warehouse.run('SELECT 2')
  await expect(warehouse.describe(large.Id ?? '')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
})

test('the listing comes in pages, newest first, by status', async () => {
  const ids = [
    await warehouse.run('SELECT 1'),
    await warehouse.run('SELECT nothing'),
    await warehouse.run('SELECT 3'),
  ].map(({ Id }) => Id)
  const first = await warehouse.client.send(new ListStatementsCommand({ MaxResults: 2 }))
  expect(first.Statements?.map(({ Id }) => Id)).toEqual([ids[2], ids[1]])
  const second = await warehouse.client.send(new ListStatementsCommand({ MaxResults: 2, NextToken: first.NextToken }))
  expect(second.Statements?.[0]?.Id).toBe(ids[0])
  const failed = await warehouse.client.send(new ListStatementsCommand({ Status: 'FAILED' }))
  expect(failed.Statements?.map(({ Id }) => Id)).toEqual([ids[1]])
})
