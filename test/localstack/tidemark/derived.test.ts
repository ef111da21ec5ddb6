import { metric, minus, ratio } from 'tidemark'
import { answerDerived, findDerived } from '../../../lambdas/serving/derived.ts'
import type { MetricAnswer } from '../../../lambdas/serving/metrics.ts'
import { randomOf } from './batch-law.ts'
import { BatchStage, sale, shardA, shardB } from './batch-stage.ts'

const items = metric('items', sale.sum('items'), { by: ['shop', 'express'], per: 'hour' })
const sales = metric('sales', sale.count('sales'), { by: ['shop'], per: 'day' })
const turnover = metric('turnover', sale.sum('amount'), { by: ['shop'], per: 'day' })
const express = metric('express', sale.sum('amount'), { by: ['shop'], where: { express: true }, per: 'day' })
const shops = metric('shops', sale.countDistinct('shop'), { by: ['express'], per: 'day' })
const definitions = {
  items,
  sales,
  turnover,
  express,
  shops,
  basket: ratio('basket', items, sales),
  share: ratio('share', express, turnover),
  slow: minus('slow', turnover, express),
  per_shop: ratio('per_shop', sales, shops),
}

interface Sold {
  readonly shop: string | null
  readonly express: boolean
  readonly items: number | null
  readonly cents: number
  readonly day: number
}

describe('metrics derived of two', () => {
  const random = randomOf(3)
  const below = (limit: number): number => Math.floor(random() * limit)
  const all = Array.from(
    { length: 90 },
    (_, at): Sold => ({
      shop: ['mitte', null, ''][below(3)] ?? null,
      express: at % 9 === 0,
      items: below(4) === 0 ? null : below(9),
      cents: below(9000) - 300,
      day: 1 + below(2),
    }),
  )
  // A shop whose sales cancel out: its share has a bottom of 0.
  all.push(
    { shop: 'zero', express: true, items: 0, cents: 500, day: 2 },
    { shop: 'zero', express: false, items: 1, cents: -500, day: 2 },
  )
  let [real, twin]: BatchStage[] = []
  const stages = (): BatchStage[] => [real, twin].flatMap((stage) => stage ?? [])
  beforeAll(async () => {
    ;[real, twin] = await Promise.all([BatchStage.start(), BatchStage.start('memory')])
    for (const stage of stages()) {
      await stage.deploy(definitions)
      for (const [at, one] of all.entries()) {
        stage.produce(at % 2 === 0 ? shardA : shardB, {
          shop: one.shop,
          express: one.express,
          items: one.items,
          amount: (one.cents / 100).toFixed(2),
          at: `2026-01-0${one.day}T1${at % 3}:00:00Z`,
        })
        if (at === 40) {
          await stage.settle()
          await stage.recompute({ full: true })
        }
      }
      await stage.settle()
    }
  })
  afterAll(() => real?.stop())

  const ask = (stage: BatchStage, name: string, query: Record<string, string>): Promise<MetricAnswer> => {
    const derived = findDerived(stage.model.data, name)
    if (derived === null) throw new Error(`There is no derived metric ${name}.`)
    return answerDerived(stage.model.data, stage.states, derived, new URLSearchParams(query))
  }
  const sum = (some: readonly Sold[], of: (one: Sold) => number): number =>
    some.reduce((total, one) => total + of(one), 0)
  const cents = (some: readonly Sold[]): number => sum(some, (one) => one.cents)
  const plain: Record<string, (some: readonly Sold[]) => string | null> = {
    basket: (some) => (sum(some, (one) => one.items ?? 0) / some.length).toFixed(6),
    share: (some) => {
      const share = cents(some.filter((one) => one.express)) / cents(some)
      return cents(some) === 0 ? null : share.toFixed(6)
    },
    slow: (some) => (cents(some.filter((one) => !one.express)) / 100).toFixed(2),
  }

  it.each(Object.keys(plain))(
    '%s is made of both after they were merged, by day, in total and page by page',
    async (name) => {
      for (const stage of stages()) {
        const { rows } = await ask(stage, name, { by: 'shop' })
        expect(rows.length).toBe(7)
        for (const { bucket, by, value, exact } of rows) {
          const of = all.filter((one) => one.shop === by.shop && bucket === `2026-01-0${one.day}T00:00:00.000Z`)
          expect({ by, value, exact }).toEqual({ by, value: plain[name]?.(of), exact: true })
        }
        const total = await ask(stage, name, { per: 'total' })
        expect(total.rows).toEqual([{ bucket: null, by: {}, value: plain[name]?.(all), exact: true }])
        const first = await ask(stage, name, { by: 'shop', limit: '3' })
        const second = await ask(stage, name, { by: 'shop', limit: '9', cursor: first.next ?? '' })
        expect([...first.rows, ...second.rows]).toEqual(rows)
        expect((await ask(stage, name, { where: 'shop=zero' })).rows).toHaveLength(1)
      }
    },
  )

  it('says where a part of it is an estimate, and answers by the dimensions that both have', async () => {
    for (const stage of stages()) {
      const { rows, unit, receipt } = await ask(stage, 'per_shop', {})
      expect(rows.map(({ exact }) => exact)).toEqual([false, false])
      expect([unit, receipt.exact, receipt.error]).toEqual(['sales per distinct', false, null])
      await expect(ask(stage, 'per_shop', { by: 'shop' })).rejects.toMatchObject({ code: 'unknown_dimension' })
      await expect(ask(stage, 'basket', { by: 'express' })).rejects.toMatchObject({ code: 'unknown_dimension' })
      await expect(ask(stage, 'basket', { per: 'hour' })).rejects.toMatchObject({ code: 'unknown_bucket' })
    }
  })

  it.each([...Object.keys(plain), 'per_shop'])('%s is in its views what the API answers', async (name) => {
    const { local } = real as BatchStage
    const by = name === 'per_shop' ? [] : ['shop']
    for (const view of [name, `${name}_month`]) {
      const found = await local.rows(`SELECT ${['bucket', ...by, 'value'].join(', ')} FROM analytics.${view}`)
      const per: Record<string, string> = view === name ? {} : { per: 'month' }
      const { rows } = await ask(real as BatchStage, name, { by: by.join(','), ...per })
      const written = (value: unknown): string | null => (value === null ? null : Number(value).toFixed(5))
      const keyed = (all_: readonly (readonly unknown[])[]) => all_.map((row) => JSON.stringify(row)).sort()
      expect(keyed(found.map(([, ...rest]) => [...rest.slice(0, -1), written(rest.at(-1))]))).toEqual(
        keyed(rows.map(({ by: dims, value }) => [...Object.values(dims), written(value)])),
      )
    }
  })

  it('is refused as long as one of the two is not served whole', async () => {
    const stage = twin as BatchStage
    const other = metric('turnover', sale.sum('amount'), { by: ['shop'], where: { express: false }, per: 'day' })
    await stage.deploy({ sales, express, turnover: other, share: ratio('share', express, other) })
    await expect(ask(stage, 'share', {})).rejects.toMatchObject({ code: 'definition_changed' })
  })
})
