import { metric } from 'tidemark'
import { answerScale } from '../../../core/answer.ts'
import { topOf } from '../../../core/top.ts'
import { findMetric } from '../../../lambdas/serving/metrics.ts'
import { flawOf } from '../../plain-measures.ts'
import { randomOf } from './batch-law.ts'
import { BatchStage, type SaleFields, sale, shardA, shardB } from './batch-stage.ts'

const definitions = {
  mean: metric('mean', sale.mean('items'), { by: ['shop'], per: 'day' }),
  mean_amount: metric('mean_amount', sale.mean('amount'), { by: ['shop'], per: 'hour' }),
  deviation: metric('deviation', sale.stddev('items'), { by: ['shop'], per: 'day' }),
  deviation_amount: metric('deviation_amount', sale.stddev('amount'), { by: ['shop'], per: 'hour' }),
  median: metric('median', sale.quantile('items', 0.5), { by: ['shop'], per: 'day' }),
  baskets: metric('baskets', sale.histogram('items', [0, 10, 1000]), { by: ['shop'], per: 'day' }),
  tills: metric('tills', sale.histogram('amount', ['-1', '0.5', '7.25']), { by: ['shop'], per: 'hour' }),
  p90: metric('p90', sale.quantile('amount', 0.9), { by: ['shop'], per: 'hour' }),
}
const names = Object.keys(definitions)
const shops = ['mitte', null, '']

interface Sold {
  readonly day: number
  readonly shop: string | null
  readonly items: bigint | null
  readonly amount: bigint
}

/** Some sales; their values stay below what Redshift's decimals hold, as the view asks. */
const sold = (count: number): Sold[] => {
  const random = randomOf(7)
  const below = (limit: number): number => Math.floor(random() * limit)
  return Array.from({ length: count }, () => ({
    day: 1 + below(2),
    shop: shops[below(shops.length)] ?? null,
    items: below(5) === 0 ? null : BigInt(below(3) === 0 ? below(2e9) - 1e9 : below(60)),
    amount: BigInt(below(3) === 0 ? below(4e15) - 2e15 : below(900) - 200),
  }))
}

const fieldsOf = ({ day, shop, items, amount }: Sold): SaleFields => ({
  shop,
  items: items === null ? null : Number(items),
  amount: `${amount < 0n ? '-' : ''}${String(amount < 0n ? -amount : amount)
    .padStart(3, '0')
    .replace(/(..)$/, '.$1')}`,
  at: `2026-01-0${day}T10:00:00Z`,
})

/** The answer's digits as one integer. */
const scaled = (value: unknown, scale: number): unknown => {
  if (typeof value !== 'string' && typeof value !== 'number') return value
  const [whole = '', fraction = ''] = String(value).split('.')
  return BigInt(whole + fraction.padEnd(scale, '0'))
}

describe('every measure, counted by batch and speed', () => {
  const sales = sold(160)
  let [real, twin]: BatchStage[] = []
  const stages = (): BatchStage[] => [real, twin].flatMap((stage) => stage ?? [])
  beforeAll(async () => {
    ;[real, twin] = await Promise.all([BatchStage.start(), BatchStage.start('memory')])
    for (const stage of stages()) {
      await stage.deploy(definitions)
      const [below, above] = [sales.slice(0, 90), sales.slice(90)]
      for (const [at, one] of below.entries()) stage.produce(at % 2 === 0 ? shardA : shardB, fieldsOf(one))
      await stage.settle()
      await stage.recompute({ full: true })
      for (const [at, one] of above.entries()) stage.produce(at % 3 === 0 ? shardA : shardB, fieldsOf(one))
      await stage.settle()
    }
  })
  afterAll(() => real?.stop())

  const valuesOf = (name: string, isIn: (one: Sold) => boolean): bigint[] => {
    const { measure } = findMetric((real as BatchStage).model.data, name)
    if (!('field' in measure)) return []
    return sales.filter(isIn).flatMap((one) => (measure.field === 'items' ? (one.items ?? []) : one.amount))
  }

  it.each(names)('%s is what all values say, in the warehouse and its twin', async (name) => {
    for (const stage of stages()) {
      const { measure } = findMetric(stage.model.data, name)
      const rowsBy = (await stage.ask(name, { by: 'shop', per: 'day' })).rows
      expect(rowsBy.length).toBe(6)
      const [total] = (await stage.ask(name, { per: 'total' })).rows
      const cells = [
        ...rowsBy.map(({ bucket, by, value }) => ({
          value,
          values: valuesOf(name, ({ day, shop }) => shop === by.shop && bucket === `2026-01-0${day}T00:00:00.000Z`),
        })),
        { value: total?.value, values: valuesOf(name, () => true) },
      ]
      for (const { value, values } of cells)
        expect(flawOf(measure, values, scaled(value, answerScale(measure)))).toBeNull()
    }
  })

  it.each(names)('%s is in its view what the API answers, as far as doubles go', async (name) => {
    const { local, model } = real as BatchStage
    const rows = await local.rows(`SELECT bucket, shop, value FROM analytics.${name}`)
    const { per } = findMetric(model.data, name)
    const asked = (await (real as BatchStage).ask(name, { by: 'shop', per })).rows
    expect(rows.length).toBe(asked.length)
    for (const [bucket, shop, value] of rows) {
      const same = asked.find(
        (row) => row.by.shop === shop && Date.parse(row.bucket ?? '') === Date.parse(`${bucket}Z`),
      )
      if (Array.isArray(same?.value)) {
        expect(JSON.parse(String(value))).toEqual(same.value)
        continue
      }
      const { kind } = findMetric(model.data, name).measure
      const isSame = Number(value) === Number(same?.value)
      const off = isSame ? 0 : Math.abs(Number(value) / Number(same?.value) - 1)
      expect(off).toBeLessThan(kind === 'quantile' ? 1e-7 : 1e-12)
    }
  })

  it('answers the greatest of each bucket, and how many it left out', async () => {
    for (const name of names.filter((one) => one !== 'baskets' && one !== 'tills'))
      for (const stage of stages()) {
        const { rows } = await stage.ask(name, { by: 'shop' })
        const wanted = ['2026-01-01', '2026-01-02'].flatMap(
          (day) =>
            topOf(
              rows.filter(({ bucket }) => bucket?.startsWith(day)),
              2,
            ).rows,
        )
        const topped = await stage.ask(name, { by: 'shop', top: '2' })
        expect(topped).toMatchObject({ rows: wanted, top: 2, leftOut: 2 })
        const page = await stage.ask(name, { by: 'shop', top: '2', limit: '3' })
        const next = await stage.ask(name, { by: 'shop', top: '2', limit: '3', cursor: page.next ?? '' })
        expect([...page.rows, ...next.rows]).toEqual(wanted)
        expect(next.leftOut).toBe(2)
      }
    await expect((twin as BatchStage).ask('tills', { top: '2' })).rejects.toMatchObject({ code: 'no_order' })
  })

  it('differs nowhere after a recompute of all', async () => {
    for (const stage of stages()) {
      const before = await Promise.all(names.map((name) => stage.answered(name)))
      const run = await stage.recompute({ full: true })
      expect(run.drift).toBe(0)
      expect(await Promise.all(names.map((name) => stage.answered(name)))).toEqual(before)
    }
  })
})
