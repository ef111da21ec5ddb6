import { gzipSync } from 'node:zlib'
import { decimal, event, metric, z } from 'tidemark'
import { compileDefinitions } from '../../../core/compile.ts'
import { loadHash64 } from '../../../core/hash.ts'
import type { Model } from '../../../core/model.ts'
import type { RawRecord } from '../../../core/record.ts'
import { migrate } from '../../../lambdas/batch/migrate.ts'
import { answerMetric, findMetric, type MetricAnswer } from '../../../lambdas/serving/metrics.ts'
import { readQuestion } from '../../../lambdas/serving/question.ts'
import { TableWriter } from '../../../lambdas/speed/table.ts'
import { Exclusions } from '../../../stores/archive/exclusions.ts'
import { MemoryArchive } from '../../../stores/archive/memory.ts'
import { SqlSpeedLedger } from '../../../stores/ledger/sql-speed-ledger.ts'
import { MemoryModels } from '../../../stores/models/memory.ts'
import { SqlStates } from '../../../stores/states/sql.ts'
import { RedshiftDataWarehouse } from '../../../stores/warehouse/redshift-data.ts'
import { duplicatesOn } from '../../lambdas/speed/duplicates.ts'
import { countingBy } from '../../models-side-by-side.ts'
import { LocalWarehouse } from '../warehouse/local-warehouse.ts'
import { naiveCounts } from './naive.ts'

const sale = event('sale', { shop: z.string().nullable(), express: z.boolean(), amount: decimal(2, 'EUR') })
const sales = metric('sales', sale.count('sales'), { by: ['shop', 'express'], per: 'hour' })
const turnover = metric('turnover', sale.sum('amount'), { by: ['shop'], per: 'day' })
const shops = metric('shops', sale.countDistinct('shop'), { per: 'day' })

const arrival = Date.parse('2026-03-01T12:00:00Z')
const sequence = (number: number): string => String(number).padStart(64, '0')
const record = (number: number, value: unknown): RawRecord => ({
  shardId: 'shardId-000000000000',
  sequenceNumber: sequence(number),
  arrivalTime: arrival,
  text: typeof value === 'string' ? value : JSON.stringify(value),
})

const oddTexts = [
  'plain',
  '',
  "it's",
  '\\',
  "\\'",
  '"quoted"',
  'emoji 🛫',
  '\u0001\u001f',
  ':shard',
  '\\N',
  'NULL',
  '--',
  '%_',
]

describe('the speed table', () => {
  let local: LocalWarehouse
  let warehouse: RedshiftDataWarehouse
  let model: Model

  beforeAll(async () => {
    local = await LocalWarehouse.start()
    warehouse = new RedshiftDataWarehouse(local.client, {
      workgroup: 'tidemark-test',
      database: 'tidemark',
      secretArn: null,
    })
    model = compileDefinitions({ sales, turnover, shops }, await loadHash64())
    await migrate(warehouse, new MemoryModels([model]), model.data, 'postgres')
  })
  afterAll(() => local.stop())

  const writer = (): TableWriter => {
    const stageRows = async (shardId: string, edge: string, rows: readonly object[]): Promise<string> => {
      local.put(`staging/${shardId}/${edge}.gz`, gzipSync(rows.map((row) => JSON.stringify(row)).join('\n')))
      return `s3://lake/staging/${shardId}/${edge}.gz`
    }
    return new TableWriter({
      lineUps: countingBy(model).lineUps,
      exclusions: new Exclusions(new MemoryArchive()),
      ledger: new SqlSpeedLedger({ warehouse, stageRows, copyRoleArn: 'arn:aws:iam::000000000000:role/copy' }),
      duplicates: duplicatesOn(),
      now: () => arrival,
    })
  }

  const ask = (name: string, query: Record<string, string>): Promise<MetricAnswer> =>
    answerMetric(
      model.data,
      new SqlStates(warehouse, ''),
      readQuestion(findMetric(model.data, name), new URLSearchParams(query)),
    )

  const asCounts = ({ rows, by }: MetricAnswer): Record<string, number> =>
    Object.fromEntries(
      rows.map((row) => [
        `${row.bucket} ${JSON.stringify(by.map((name) => (row.by[name] === null ? null : String(row.by[name]))))}`,
        Number(row.value),
      ]),
    )

  it('counts each record once, whoever brings it, and gives dimensions back as they came', async () => {
    const records = Array.from({ length: 60 }, (_, number) =>
      record(number + 1, {
        type: 'sale',
        id: `s${number}`,
        at: new Date(arrival - number * 600_000).toISOString(),
        shop: number % 14 === 13 ? null : oddTexts[number % 14],
        express: number % 3 === 0,
        amount: `${number}.25`,
      }),
    )
    const junk = [record(61, 'no json'), record(62, { type: 'nothing' })]
    const first = writer()
    await first.write('shardId-000000000000', records.slice(0, 20))
    // A zombie and a retry of the same records, at the same time; then a redelivery with other bounds.
    await Promise.all([
      writer().write('shardId-000000000000', records.slice(20, 50)),
      first.write('shardId-000000000000', records.slice(20, 50)),
    ])
    await first.write('shardId-000000000000', [...records.slice(30), ...junk])
    await first.write('shardId-000000000000', records)
    expect(asCounts(await ask('sales', { by: 'shop,express' }))).toEqual(naiveCounts(model, records, 'sales'))
    const rejected = await ask('rejected', { by: 'reason,event_type', per: 'day' })
    expect(rejected.rows.map(({ by, value }) => [by.reason, value])).toEqual(
      expect.arrayContaining([
        ['not_json', 1],
        ['unknown_type', 1],
      ]),
    )
    const total = await ask('turnover', { per: 'total' })
    expect(total.rows).toEqual([{ bucket: null, by: {}, value: `${(60 * 59) / 2 + 15}.00`, exact: true }])
    expect(total.receipt.positions).toEqual({ 'shardId-000000000000': sequence(62) })
    const distinct = await ask('shops', { per: 'total' })
    expect(distinct.rows).toEqual([{ bucket: null, by: {}, value: 13, exact: false }])
  })

  it('takes many rows by COPY as it takes few by INSERT', async () => {
    const records = Array.from({ length: 500 }, (_, number) =>
      record(1000 + number, {
        type: 'sale',
        id: `c${number}`,
        at: '2026-02-01T00:00:00Z',
        shop: `${oddTexts[number % 13]}${number}`,
        express: true,
        amount: 1,
      }),
    )
    await writer().write('shardId-000000000000', records)
    const answer = await ask('sales', { by: 'shop,express', from: '2026-02-01', to: '2026-02-02' })
    expect(asCounts(answer)).toEqual(naiveCounts(model, records, 'sales'))
  })

  it('answers in pages that see one state', async () => {
    const first = await ask('sales', { by: 'shop', per: 'month', limit: '7' })
    expect(first.rows).toHaveLength(7)
    await writer().write('shardId-000000000000', [
      record(5000, { type: 'sale', id: 'late', at: '2026-02-01T00:00:00Z', shop: 'aaa', express: true, amount: 1 }),
    ])
    const rows = [...first.rows]
    for (let cursor = first.next; cursor !== null; ) {
      const page = await ask('sales', { by: 'shop', per: 'month', limit: '100', cursor })
      expect(page.receipt.positions).toEqual(first.receipt.positions)
      rows.push(...page.rows)
      cursor = page.next
    }
    const sum = (all: readonly { value: unknown }[]): number =>
      all.reduce((total, { value }) => total + Number(value), 0)
    expect(sum(rows)).toBe(560)
    expect(new Set(rows.map(({ bucket, by }) => `${bucket}${by.shop}`)).size).toBe(rows.length)
    expect(sum((await ask('sales', { per: 'total' })).rows)).toBe(561)
  })

  it('shows views whose answers are the same', async () => {
    const rows = await local.rows('SELECT CAST(SUM(value) AS BIGINT) FROM analytics.sales')
    expect(rows).toEqual([[561]])
    expect(
      await local.rows('SELECT value, exact FROM analytics.shops_year WHERE bucket = CAST(:year AS TIMESTAMP)', {
        year: '2026-01-01',
      }),
    ).toEqual([[expect.any(Number), false]])
    expect(
      await local.rows('SELECT SUM(value) FROM analytics.turnover_month WHERE bucket >= CAST(:month AS TIMESTAMP)', {
        month: '2026-03-01',
      }),
    ).toEqual([[expect.stringMatching(/^\d+\.\d\d$/)]])
  })

  it('says that a metric must be recomputed after its definition changed, and shows the older one till then', async () => {
    const changed = compileDefinitions(
      { sales: metric('sales', sale.count('sales'), { by: ['shop'], per: 'hour' }), turnover, shops },
      await loadHash64(),
    )
    await migrate(warehouse, new MemoryModels([model, changed]), changed.data, 'postgres')
    const question = (name: string) =>
      readQuestion(findMetric(changed.data, name), new URLSearchParams({ per: 'total' }))
    await expect(answerMetric(changed.data, new SqlStates(warehouse, ''), question('sales'))).rejects.toMatchObject({
      code: 'definition_changed',
      status: 409,
    })
    const served = await local.rows('SELECT SUM(value) FROM analytics.sales')
    expect(Number(served[0]?.[0])).toBeGreaterThan(0)
    const unchanged = await answerMetric(changed.data, new SqlStates(warehouse, ''), question('turnover'))
    expect(unchanged.rows).toHaveLength(1)
  })
})
