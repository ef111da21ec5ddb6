import { metric, ratio } from 'tidemark'
import { buckets, divides } from '../../../core/bucket.ts'
import { answerDerived, findDerived } from '../../../lambdas/serving/derived.ts'
import { findMetric, type MetricAnswer } from '../../../lambdas/serving/metrics.ts'
import { route, type Serving } from '../../../lambdas/serving/routes.ts'
import type { RecomputeSpecification } from '../../../spark/specification.ts'
import { randomOf } from './batch-law.ts'
import { BatchStage, sale, shardA, shardB } from './batch-stage.ts'

const paris = 'Europe/Paris'
/** Half an hour off UTC's hours: an hour holds two dates. */
const kolkata = 'Asia/Kolkata'
/** Its day of 4 November 2018 began at 01:00. */
const saoPaulo = 'America/Sao_Paulo'
const daily = metric('daily', sale.sum('items'), { by: ['shop'], per: 'day', zone: paris })
const hourly = metric('hourly', sale.sum('items'), { by: ['shop'], per: 'hour', zone: paris })
const definitions = {
  daily,
  hourly,
  counted: metric('counted', sale.count(), { per: 'month', zone: paris }),
  halved: metric('halved', sale.sum('items'), { by: ['shop'], per: 'hour', zone: kolkata }),
  distinct: metric('distinct', sale.countDistinct('shop'), { by: ['express'], per: 'hour', zone: kolkata }),
  early: metric('early', sale.sum('items'), { per: 'day', zone: saoPaulo }),
  median: metric('median', sale.quantile('items', 0.5), { per: 'hour', zone: kolkata }),
  same: ratio('same', hourly, daily),
}

interface Sold {
  readonly at: string
  readonly shop: string | null
  readonly items: number
  /** By zone, as PostgreSQL has it: date, month. */
  readonly dates: Readonly<Record<string, string>>
}

const shops = ['mitte', null, '']
/** Around the days of 23 and 25 hours of Paris, a day that begins at 01:00, a year's end, and years far off. */
const days = ['2026-03-29', '2026-10-25', '2018-11-04', '2025-12-31', '2036-02-29', '2600-07-01']

const instants = (count: number): string[] => {
  const random = randomOf(5)
  return Array.from({ length: count }, (_, at) => {
    const day = Date.parse(days[at % days.length] ?? '')
    return new Date(day - 86_400_000 + Math.floor(random() * 3 * 86_400_000)).toISOString()
  })
}

/** In one hour of UTC, before and after Kolkata's midnight: by one shop, then by two. */
const aroundMidnight = ['2027-05-05T18:10:00Z', '2027-05-05T18:40:00Z', '2027-05-06T18:10:00Z', '2027-05-06T18:50:00Z']

describe('metrics by the days of a zone', () => {
  let all: Sold[]
  let [real, twin]: BatchStage[] = []
  const stages = (): BatchStage[] => [real, twin].flatMap((stage) => stage ?? [])

  /** PostgreSQL brings its own time zone data: an independent oracle. */
  const datesIn = async (zone: string, times: readonly string[]): Promise<string[]> => {
    const rows = await (real as BatchStage).local.rows(
      `SELECT to_char(CAST(t AS TIMESTAMPTZ) AT TIME ZONE '${zone}', 'YYYY-MM-DD') FROM (VALUES ${times
        .map((time, place) => `(${place}, '${time}')`)
        .join(', ')}) v(place, t) ORDER BY place`,
    )
    return rows.map(([date]) => String(date))
  }

  beforeAll(async () => {
    ;[real, twin] = await Promise.all([BatchStage.start(), BatchStage.start('memory')])
    const times = [...instants(600), ...aroundMidnight]
    const zones = [paris, kolkata, saoPaulo]
    const dates = await Promise.all(zones.map((zone) => datesIn(zone, times)))
    all = times.map((at, place) => ({
      at,
      shop:
        place < 600 ? (shops[Math.floor(place / days.length) % shops.length] ?? null) : place === 602 ? '' : 'mitte',
      items: place % 7,
      dates: Object.fromEntries(zones.map((zone, index) => [zone, dates[index]?.[place] ?? ''])),
    }))
    for (const stage of stages()) {
      await stage.deploy(definitions)
      // Long after all of them.
      const arrival = Date.parse('2601-01-01T00:00:00Z')
      const produce = (some: readonly Sold[]): void => {
        for (const [at, { dates: _, ...fields }] of some.entries())
          stage.produce(at % 2 === 0 ? shardA : shardB, fields, arrival)
      }
      produce(all.slice(0, 300))
      await stage.settle()
      await stage.recompute({ full: true })
      produce(all.slice(300))
      await stage.settle()
    }
  })
  afterAll(() => real?.stop())

  const sumBy = (keyOf: (one: Sold) => string, some: readonly Sold[] = all): Record<string, number> => {
    const sums: Record<string, number> = {}
    for (const one of some) sums[keyOf(one)] = (sums[keyOf(one)] ?? 0) + one.items
    return sums
  }
  const summed = ({ rows }: MetricAnswer): Record<string, unknown> =>
    Object.fromEntries(rows.map(({ bucket, by, value }) => [[bucket, ...Object.values(by)].join('|'), value]))
  const hourOf = ({ at }: Sold): string => `${at.slice(0, 13)}:00:00.000Z`
  const dateIn =
    (zone: string) =>
    ({ dates }: Sold): string =>
      dates[zone] ?? ''

  it.each([
    ['daily', paris],
    ['hourly', paris],
    ['halved', kolkata],
    ['early', saoPaulo],
  ])('%s is per day, month and year what the local dates of %s say', async (name, zone) => {
    for (const stage of stages())
      for (const [per, kept, rest] of [
        ['day', 10, ''],
        ['month', 7, '-01'],
        ['year', 4, '-01-01'],
      ] as const) {
        const answer = await stage.ask(name, { per })
        expect(summed(answer)).toEqual(sumBy((one) => dateIn(zone)(one).slice(0, kept) + rest))
        expect(answer).toMatchObject({ zone, receipt: { zone: { name: zone, release: process.versions.tz } } })
      }
  })

  it('counts weeks from their Mondays, and months where days are none of its buckets', async () => {
    for (const stage of stages()) {
      const monday = (date: string): string => {
        const day = new Date(date)
        day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7))
        return day.toISOString().slice(0, 10)
      }
      expect(summed(await stage.ask('halved', { per: 'week' }))).toEqual(sumBy((one) => monday(dateIn(kolkata)(one))))
      const months = (await stage.ask('counted', {})).rows.map(({ bucket }) => bucket)
      expect(months).toEqual([...new Set(all.map((one) => `${dateIn(paris)(one).slice(0, 7)}-01`))].sort())
    }
  })

  it.each(['hourly', 'halved'])('%s has hours of UTC, by which no local date shows', async (name) => {
    for (const stage of stages()) {
      expect(summed(await stage.ask(name, {}))).toEqual(sumBy(hourOf))
      const byShop = await stage.ask(name, { by: 'shop' })
      expect(Object.keys(byShop.rows[0]?.by ?? {})).toEqual(['shop'])
      await expect(stage.ask(name, { by: 'local_day' })).rejects.toMatchObject({ code: 'unknown_dimension' })
    }
  })

  it.each([
    ['daily', paris],
    ['hourly', paris],
    ['halved', kolkata],
  ])('%s takes a range of local dates', async (name, zone) => {
    const within = all.filter((one) => dateIn(zone)(one) >= '2026-03-29' && dateIn(zone)(one) < '2026-10-25')
    for (const stage of stages()) {
      const range = { from: '2026-03-29', to: '2026-10-25T00:00' }
      const answer = await stage.ask(name, { ...range, per: 'day' })
      expect(summed(answer)).toEqual(sumBy(dateIn(zone), within))
      expect(answer).toMatchObject({ from: '2026-03-29', to: '2026-10-25' })
      if (name === 'daily') continue
      expect(summed(await stage.ask(name, range))).toEqual(sumBy(hourOf, within))
      const instant = { from: '2026-03-29T02:00:00+02:00', to: '2026-10-25T00:00:00Z' }
      const between = all.filter(({ at }) => at >= '2026-03-29T00:00:00.000Z' && at < '2026-10-25')
      expect(summed(await stage.ask(name, instant))).toEqual(sumBy(hourOf, between))
    }
  })

  it('refuses instants where days are asked for, and dates that begin no bucket', async () => {
    const stage = twin as BatchStage
    await expect(stage.ask('daily', { from: '2026-03-28T23:00:00Z' })).rejects.toMatchObject({
      code: 'zoned_range',
      message: expect.stringContaining('daily is kept per day of Europe/Paris; from must be a date there'),
    })
    await expect(stage.ask('counted', { from: '2026-03-02' })).rejects.toMatchObject({
      code: 'unaligned_range',
      message: expect.stringContaining('2026-03-01'),
    })
    await expect(stage.ask('daily', { from: '2026-02-30' })).rejects.toMatchObject({ code: 'invalid_range' })
    await expect(stage.ask('daily', { from: '2026-03-02T01:00' })).rejects.toMatchObject({ code: 'invalid_range' })
    await expect(stage.ask('hourly', { from: '2026-03-02', to: '2026-03-01' })).rejects.toMatchObject({
      code: 'empty_range',
    })
  })

  it('counts distinct values of an hour exactly, though the hour holds two dates', async () => {
    for (const stage of stages()) {
      const run = await stage.recompute({ full: true })
      expect(run.drift).toBe(0)
      const { rows } = await stage.ask('distinct', { by: 'express' })
      const values = new Map<string, Set<string>>()
      for (const one of all)
        if (one.shop !== null) values.set(hourOf(one), (values.get(hourOf(one)) ?? new Set()).add(one.shop))
      const answered = new Map(rows.map(({ bucket, value, exact }) => [bucket, [value, exact]]))
      expect(answered).toEqual(new Map([...values].map(([hour, distinct]) => [hour, [distinct.size, true]])))
      expect([5, 6].map((day) => answered.get(`2027-05-0${day}T18:00:00.000Z`))).toEqual([
        [1, true],
        [2, true],
      ])
      const cutHours = await stage.ask('distinct', { from: '2026-03-29', to: '2026-03-30' })
      expect(cutHours.rows.every(({ exact }) => !exact)).toBe(true)
      const [perDay] = (await stage.ask('distinct', { per: 'day', from: '2026-03-29', to: '2026-03-30' })).rows
      const ofDay = new Set(
        all.filter((one) => dateIn(kolkata)(one) === '2026-03-29').flatMap(({ shop }) => shop ?? []),
      )
      expect(perDay).toMatchObject({ bucket: '2026-03-29', value: ofDay.size, exact: false })
    }
  })

  it('derives of an hourly and a daily metric by the local dates', async () => {
    for (const stage of stages()) {
      const { data } = stage.model
      const same = findDerived(data, 'same')
      if (same === null) throw new Error('There is no metric same.')
      const ask = (query: Record<string, string>) => answerDerived(data, stage.states, same, new URLSearchParams(query))
      const { rows, zone } = await ask({ from: '2026-03-29', to: '2026-03-31' })
      expect(zone).toBe(paris)
      expect(rows.map(({ bucket, value }) => [bucket, value])).toEqual(
        ['2026-03-29', '2026-03-30'].map((date) => [date, '1.000000']),
      )
    }
  })

  it('has the same in its views, and no local date', async () => {
    const { local } = real as BatchStage
    for (const [name, zone] of [
      ['hourly_day', paris],
      ['halved_day', kolkata],
      ['daily', paris],
    ] as const) {
      const rows = await local.rows(
        `SELECT to_char(bucket, 'YYYY-MM-DD'), SUM(value) FROM analytics.${name} GROUP BY 1`,
      )
      expect(Object.fromEntries(rows.map(([date, sum]) => [date, Number(sum)]))).toEqual(sumBy(dateIn(zone)))
    }
    const columns = await local.rows(
      "SELECT DISTINCT column_name FROM information_schema.columns WHERE table_schema = 'analytics'",
    )
    expect(columns.flat()).not.toContain('local_day')
  })

  it('names the zone in the catalogue', async () => {
    const { metrics } = (await route(
      { model: (twin as BatchStage).model.data } as Serving,
      '/v1/metrics',
      new URLSearchParams(),
    )) as { metrics: { name: string; zone?: string }[] }
    const zones = Object.fromEntries(metrics.map(({ name, zone }) => [name, zone]))
    expect(zones).toMatchObject({ daily: paris, halved: kolkata, same: paris })
    expect(zones.rejected).toBeUndefined()
  })

  it('tells the job by what its states are kept, and how far its days may be ahead', async () => {
    const stage = twin as BatchStage
    const { datasetId } = await stage.recompute({ full: true })
    const { results } = (await stage.archive.getJson(`jobs/${datasetId}.json`)) as RecomputeSpecification
    const of = (name: string) => results.find(({ metric: one }) => one === name)
    expect(of('daily')?.offsetsMs).toEqual([0, 7_200_000])
    expect(of('daily')?.dimensions).toEqual([{ name: 'shop', type: 'string' }])
    expect(of('halved')?.offsetsMs).toBeUndefined()
    expect(of('halved')?.dimensions.map(({ name }) => name)).toEqual(['shop', 'local_day'])
    expect(of('rejected')?.offsetsMs).toBeUndefined()
  })

  it('tells where a dataset differs from what is served by its local dates', async () => {
    const stage = twin as BatchStage
    stage.jobs.tamper = (contributions) => contributions.filter((_, at) => at % 5 !== 0)
    const { datasetId } = await stage.recompute({ full: true, promote: false })
    stage.jobs.tamper = (contributions) => contributions
    const { parity } = await stage.step<{ parity: { metric: string; buckets: { bucket: string }[] }[] }>({
      step: 'dataset',
      datasetId,
    })
    const bucketOf = (name: string) => parity.find(({ metric: one }) => one === name)?.buckets[0]?.bucket
    expect(bucketOf('daily')).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect(bucketOf('halved')).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:00:00.000Z$/)
  })

  it('is read alike from the warehouse and its twin, whatever is asked', async () => {
    const random = randomOf(11)
    const one = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
    const dates = [...new Set(all.map(dateIn(paris)))].map((date) => Date.parse(date))
    for (let at = 0; at < 150; at++) {
      const name = one(['daily', 'hourly', 'halved', 'distinct', 'median', 'early'])
      const metric_ = findMetric((twin as BatchStage).model.data, name)
      const asked = {
        metric: metric_,
        per: one([null, ...buckets.filter((bucket) => divides(metric_.per, bucket))]),
        by: random() < 0.5 ? [] : metric_.by.map((dimension) => dimension.name),
        where: metric_.by[0]?.name === 'shop' && random() < 0.2 ? [{ dimension: 'shop', value: 'mitte' }] : [],
        layer: one(['batch', 'speed', null, null] as const),
        from: random() < 0.2 ? one(dates) : null,
        to: null,
        days: { from: random() < 0.4 ? one(dates) : null, to: random() < 0.4 ? one(dates) : null },
        pin: null,
        limit: 10_000,
        offset: 0,
      }
      const [ofReal, ofTwin] = await Promise.all(stages().map(async ({ states }) => (await states.read(asked)).cells))
      expect([asked, ofTwin]).toEqual([asked, ofReal])
    }
  })

  it('puts off nothing of a median, by its local day', async () => {
    for (const stage of stages()) {
      const { rows } = await stage.ask('median', { per: 'day', from: '2026-03-29', to: '2026-03-30' })
      const values = all.filter((one) => dateIn(kolkata)(one) === '2026-03-29').map(({ items }) => items)
      const median = values.sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]
      expect(rows).toEqual([expect.objectContaining({ value: `${median}.000000` })])
    }
  })
})
