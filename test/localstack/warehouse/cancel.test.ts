import { setTimeout as sleep } from 'node:timers/promises'
import { CancelStatementCommand } from '@aws-sdk/client-redshift-data'
import { startPostgres } from '../../../localstack/warehouse/postgres.ts'
import { RedshiftDataWarehouse } from '../../../stores/warehouse/redshift-data.ts'
import { TransactionUnknown } from '../../../stores/warehouse/warehouse.ts'
import { LocalWarehouse } from './local-warehouse.ts'

let warehouse: LocalWarehouse

beforeAll(async () => {
  warehouse = await LocalWarehouse.start()
  await warehouse.prepare('CREATE TABLE facts (id bigint)')
})

afterAll(() => warehouse.stop())

const cancel = (id: string) => warehouse.client.send(new CancelStatementCommand({ Id: id }))
const RUNNING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(' || '50)%'"

test('cancelling ends the query in the database', async () => {
  const id = await warehouse.startBatch([
    'INSERT INTO facts VALUES (1)',
    'SELECT count(*) FROM pg_sleep(50)',
    'SELECT 1',
  ])
  while ((await warehouse.rows(RUNNING))[0]?.[0] !== 1) await sleep(20)
  expect(await cancel(id)).toMatchObject({ Status: true })
  const cancelled = await warehouse.describe(id, 0)
  expect(cancelled).toMatchObject({ Status: 'ABORTED', HasResultSet: false })
  expect(cancelled.SubStatements?.map(({ Status }) => Status)).toEqual(['FINISHED', 'ABORTED', 'ABORTED'])
  expect(await warehouse.rows(RUNNING)).toEqual([[0]])
  expect(await warehouse.rows('SELECT count(*) FROM facts')).toEqual([[0]])
  await expect(cancel(id)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('Could not cancel a query that is already in ABORTED state'),
  })
})

test('cancelling many at once harms no other statement', async () => {
  const ids = await Promise.all(Array.from({ length: 8 }, () => warehouse.start('SELECT count(*) FROM pg_sleep(50)')))
  await Promise.all(ids.map(cancel))
  const after = await Promise.all(Array.from({ length: 30 }, () => warehouse.run('SELECT count(*) FROM facts')))
  expect(after.map(({ Status }) => Status)).toEqual(Array(30).fill('FINISHED'))
})

test('what was committed survives a killed PostgreSQL, and the endpoint goes on with the next one', async () => {
  await warehouse.prepare('INSERT INTO facts VALUES (42)')
  const running = await warehouse.startBatch(['INSERT INTO facts VALUES (43)', 'SELECT count(*) FROM pg_sleep(50)'])
  while ((await warehouse.describe(`${running}:2`, 0)).Status !== 'STARTED') await sleep(20)
  process.kill(warehouse.postgres.pid, 'SIGKILL')
  expect(await warehouse.describe(running)).toMatchObject({
    Status: 'FAILED',
    Error: expect.stringMatching(/terminat|closed|reset/),
  })
  expect(await warehouse.run('SELECT 1')).toMatchObject({
    Status: 'FAILED',
    Error: expect.stringMatching(/ECONNREFUSED|terminat/),
  })
  const { port, dataDir } = warehouse
  warehouse.postgres = await startPostgres({ port, dataDir, log: (line) => warehouse.log.push(line) })
  expect(await warehouse.rows('SELECT id FROM facts')).toEqual([[42]])
})

test('a transaction is given the time that its caller has, and is cancelled then', async () => {
  const target = { workgroup: 'tidemark-test', database: 'tidemark', secretArn: null }
  const impatient = new RedshiftDataWarehouse(warehouse.client, target, 2000)
  const startedAt = performance.now()
  await expect(impatient.run({ statements: ['SELECT count(*) FROM pg_sleep(50)'] })).rejects.toThrow(TransactionUnknown)
  expect(performance.now() - startedAt).toBeLessThan(10_000)
  expect(await warehouse.rows(RUNNING)).toEqual([[0]])
})
