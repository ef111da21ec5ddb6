import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { MetricRow } from '../../cli/answers.ts'
import { leftOut, verifyAnswer } from '../../cli/commands/verify.ts'
import { perLocalDay } from '../../cli/verify/buckets.ts'
import { compare } from '../../cli/verify/compare.ts'
import type { Excluding } from '../../cli/verify/exclusions.ts'
import type { Bounds } from '../../cli/verify/metrics.ts'
import { type Cell, openRecount } from '../../cli/verify/recount.ts'
import { repeatsAmong } from '../../cli/verify/repeats.ts'
import type { EventData, FieldData, MetricData, ModelData, SessionsData } from '../../core/model.ts'
import { resolveZones } from '../../scripts/build/zones.ts'
import { aggregateOf } from '../aggregates.ts'

const day = (iso: string): number => Date.parse(iso)
const field = (name: string, kind: FieldData['kind'], more: Partial<FieldData> = {}): FieldData => ({
  name,
  kind,
  unit: null,
  scale: 0,
  nullable: false,
  optional: false,
  values: null,
  default: null,
  checks: [],
  opaque: false,
  ...more,
})
const payment: EventData = {
  name: 'payment',
  fields: [
    field('id', 'string', { optional: true }),
    field('at', 'instant'),
    field('shop', 'string', { nullable: true }),
    field('kind', 'string', { values: ['card', 'cash'] }),
    field('amount', 'decimal', { scale: 2, unit: 'EUR', nullable: true }),
    field('test', 'boolean', { optional: true }),
  ],
  id: ['id'],
  at: 'at',
  acceptLateMs: 10 * 86_400_000,
  acceptEarlyMs: 3_600_000,
  derived: [],
  description: null,
}
const base = {
  version: '000000000000',
  event: 'payment',
  liveMs: null,
  sliceMs: null,
  maxDrift: null,
  description: null,
  where: [],
}
const spent: MetricData = {
  ...base,
  name: 'spent',
  measure: { kind: 'sum', field: 'amount', unit: 'EUR', scale: 2 },
  by: [{ name: 'shop', type: 'string' }],
  per: 'day',
}
const payments: MetricData = {
  ...base,
  name: 'payments',
  measure: { kind: 'count', unit: 'events' },
  by: [],
  per: 'day',
  where: [
    { field: 'test', op: 'not', value: true },
    { field: 'amount', op: 'gte', value: 100 },
  ],
}
const shops: MetricData = {
  ...base,
  name: 'shops',
  measure: { kind: 'countDistinct', fields: ['shop', 'kind'], unit: 'distinct' },
  by: [],
  per: 'day',
}
const rejected: MetricData = {
  ...base,
  name: 'rejected',
  event: '_rejected',
  measure: { kind: 'count', unit: 'records' },
  by: [
    { name: 'reason', type: 'string' },
    { name: 'event_type', type: 'string' },
  ],
  per: 'hour',
}
const model: ModelData = { version: 'v', events: [payment], metrics: [spent, payments, shops, rejected] }

const sequence = (n: number): string => String(n).padStart(64, '0')
const arrivalTime = day('2026-03-02T12:30:00Z')
const rule = { windowMs: 600_000, shards: [] }
const whole = { from: day('2026-01-01'), to: day('2027-01-01') }

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tidemark-recount-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

/** Writes one raw object: each entry is a record's text, or bytes that are no text. */
const archive = (shardId: string, records: Record<number, string | Buffer>): void => {
  const lines = Object.entries(records).map(([n, data]) =>
    JSON.stringify({
      shardId,
      sequenceNumber: sequence(Number(n)),
      arrivalTime,
      partitionKey: 'p',
      ...(typeof data === 'string' ? { data } : { dataBase64: data.toString('base64') }),
    }),
  )
  const folder = join(dir, 'raw', `shard=${shardId}`)
  mkdirSync(folder, { recursive: true })
  const numbers = Object.keys(records).map(Number)
  const name = `${sequence(Math.min(...numbers))}-${sequence(Math.max(...numbers))}.ndjson.gz`
  writeFileSync(join(folder, name), gzipSync(`${lines.join('\n')}\n`))
}
const pay = (more: Record<string, unknown>): string =>
  JSON.stringify({ type: 'payment', at: '2026-03-01T10:00:00Z', shop: 'a', kind: 'card', amount: '1.50', ...more })

const count = async (
  metric: MetricData,
  positions: Record<string, number>,
  marks: Record<string, number> = {},
  exclusions: Bounds['exclusions'] = { batch: 0, speed: 0, stretches: {} },
  sets: Record<number, Partial<Excluding>[]> = {},
): Promise<Cell[]> => {
  const recount = await openRecount(join(dir, 'raw'), dir, model, rule)
  const anything = { eventType: 'payment', from: null, to: null, fields: {}, eventIds: null }
  for (const [revision, set] of Object.entries(sets))
    await recount.exclude(
      Number(revision),
      set.map((each) => ({ ...anything, ...each })),
    )
  const bound = (numbers: Record<string, number>): Record<string, string> =>
    Object.fromEntries(Object.entries(numbers).map(([shard, n]) => [shard, sequence(n)]))
  try {
    const cells = await recount.cells(
      metric,
      { positions: bound(positions), tidemark: bound(marks), exclusions },
      whole,
    )
    return cells.sort((a, b) => a.bucket - b.bucket || JSON.stringify(a.dims).localeCompare(JSON.stringify(b.dims)))
  } finally {
    recount.close()
  }
}
const first = day('2026-03-01')

describe('recount', () => {
  it('adds decimals exactly, by dimensions as they came, nulls among them', async () => {
    const odd = `q'"\\ \\' 😀 \u0001`
    archive('s1', {
      1: pay({ amount: '0.10' }),
      2: pay({ amount: 0.2 }),
      3: pay({ amount: '-0.05', shop: null }),
      4: pay({ amount: null }),
      5: pay({ amount: '7', shop: odd }),
    })
    expect(await count(spent, { s1: 9 })).toEqual([
      { bucket: first, dims: ['a'], value: 30n },
      { bucket: first, dims: [odd], value: 700n },
      { bucket: first, dims: [null], value: -5n },
    ])
  })

  it('counts all values that are not kept as one, and null by itself', async () => {
    const shop = { values: ["q'", 'rest'], other: "o'ther" }
    const kept: MetricData = { ...payments, where: [], by: [{ name: 'shop', type: 'string', keep: shop }] }
    const shops = ["q'", 'rest', "o'ther", 'a', 'b', '', null]
    archive('s1', Object.fromEntries(shops.map((shop, place) => [place + 1, pay({ id: `${place}`, shop })])))
    expect(await count(kept, { s1: 9 })).toEqual([
      { bucket: first, dims: ["o'ther"], value: 4n },
      { bucket: first, dims: ["q'"], value: 1n },
      { bucket: first, dims: ['rest'], value: 1n },
      { bucket: first, dims: [null], value: 1n },
    ])
  })

  it('tells fields and events apart that differ in case alone', async () => {
    const fields = [field('at', 'instant'), field('shop', 'string'), field('Shop', 'string'), field('SHOP', 'string')]
    const events = ['order', 'oRder'].map((name): EventData => ({ ...payment, name, fields, id: ['Shop'] }))
    const by = [
      { name: 'Shop', type: 'string' },
      { name: 'shop', type: 'string' },
    ] as const
    const orders = events.map(({ name }): MetricData => ({ ...payments, event: name, where: [], by }))
    const sale = { at: '2026-03-01T10:00:00Z', shop: 'a', Shop: 'b', SHOP: 'c' }
    archive('s1', {
      1: JSON.stringify({ ...sale, type: 'order' }),
      2: JSON.stringify({ ...sale, type: 'oRder', Shop: 'd' }),
    })
    const recount = await openRecount(join(dir, 'raw'), dir, { version: 'v', events, metrics: orders }, rule)
    try {
      const bounds = { positions: { s1: sequence(9) }, tidemark: {}, exclusions: { batch: 0, speed: 0, stretches: {} } }
      const dims: unknown[] = []
      for (const metric of orders) dims.push((await recount.cells(metric, bounds, whole)).map((cell) => cell.dims))
      expect(dims).toEqual([[['b', 'a']], [['d', 'a']]])
    } finally {
      recount.close()
    }
  })

  it('counts by the days of a zone', async () => {
    const times = ['02-27T22:59:59.999', '02-27T23:00:00', '02-28T22:59:59', '02-28T23:00:00']
    archive('s1', Object.fromEntries(times.map((at, place) => [place + 1, pay({ id: at, at: `2026-${at}Z` })])))
    const inParis: MetricData = { ...payments, where: [], zone: 'Europe/Paris' }
    expect(await count(inParis, { s1: 9 })).toEqual([
      { bucket: day('2026-02-27'), dims: [], value: 1n },
      { bucket: day('2026-02-28'), dims: [], value: 2n },
      { bucket: day('2026-03-01'), dims: [], value: 1n },
    ])
    const perHour: MetricData = { ...inParis, per: 'hour' }
    expect((await count(perHour, { s1: 9 })).map(({ bucket }) => bucket - day('2026-02-27T22:00:00Z'))).toEqual(
      [0, 1, 24, 25].map((hours) => hours * 3_600_000),
    )
    expect([perLocalDay(inParis), perLocalDay(perHour), perLocalDay(payments)]).toEqual([[], [inParis], []])
  })

  it('says from when on its own time zone data differ from the model’s', async () => {
    archive('s1', { 1: pay({}) })
    const paris = resolveZones(new Map([['Europe/Paris', ['m']]]))['Europe/Paris']
    if (paris === undefined) throw new Error('Paris was not resolved.')
    const abolished = { ...paris, transitions: paris.transitions.filter(([at]) => at < day('2026-03-01') / 1000) }
    const recount = await openRecount(join(dir, 'raw'), dir, model, rule)
    try {
      expect(await recount.doubtedFrom(paris, whole)).toBeNull()
      expect(await recount.doubtedFrom(abolished, whole)).toBe(day('2026-03-29T01:00:00Z'))
      expect(await recount.doubtedFrom(abolished, { ...whole, to: day('2026-03-29') })).toBeNull()
    } finally {
      recount.close()
    }
  })

  it('counts up to each position, and nothing of a shard that has none', async () => {
    archive('s1', { 1: pay({}), 2: pay({}), 3: pay({}) })
    archive('s2', { 1: pay({}) })
    expect(await count(payments, { s1: 2 })).toEqual([{ bucket: first, dims: [], value: 2n }])
    expect(await count(payments, { s1: 2, s2: 1 })).toEqual([{ bucket: first, dims: [], value: 3n }])
  })

  it('counts what a cut gave to batch ahead of speed', async () => {
    archive('s1', { 1: pay({}), 2: pay({}), 3: pay({}) })
    expect(await count(payments, { s1: 1 }, { s1: 2 })).toEqual([{ bucket: first, dims: [], value: 2n }])
  })

  it('counts twins once below the mark, the lowest of them, and above it once a shard', async () => {
    archive('s1', { 1: pay({ id: 'x', amount: '1.00' }), 4: pay({ id: 'x', amount: '5.00' }) })
    archive('s2', { 2: pay({ id: 'x', amount: '2.00' }) })
    const all = { s1: 9, s2: 9 }
    expect(await count(spent, all)).toEqual([{ bucket: first, dims: ['a'], value: 300n }])
    // What the speed side left out, stays out, whichever side of the mark its first is on.
    expect(await count(spent, all, { s1: 3, s2: 3 })).toEqual([{ bucket: first, dims: ['a'], value: 100n }])
    expect(await count(spent, all, { s1: 9, s2: 9 })).toEqual([{ bucket: first, dims: ['a'], value: 100n }])
  })

  it('takes for sent again what arrived within the window of one that counts, in the line of its shard', () => {
    const minute = 60_000
    const place = (shard: string, seq: number, minutes: number) => ({
      shard,
      seq: sequence(seq),
      sub: 0,
      arrival: minutes * minute,
    })
    const shards = [
      { shardId: 'old', parentShardIds: ['older'] },
      { shardId: 'child', parentShardIds: ['old'] },
    ]
    const records = [
      place('child', 1, 9),
      place('child', 3, 21),
      place('old', 5, 0),
      place('old', 6, 8),
      place('other', 2, 3),
    ]
    const repeats = repeatsAmong([...records, place('old', 7, 11), place('other', 9, 13.1)], {
      windowMs: 10 * minute,
      shards,
    })
    expect(repeats).toEqual([place('old', 6, 8), place('child', 1, 9), place('child', 3, 21)])
  })

  it('counts a record that was archived twice once, also above the mark', async () => {
    archive('s1', { 1: pay({}), 2: pay({}) })
    archive('s1', { 2: pay({}), 3: pay({}) })
    expect(await count(payments, { s1: 9 })).toEqual([{ bucket: first, dims: [], value: 3n }])
  })

  it.each<[string, Partial<Excluding>, bigint]>([
    ['a text', { fields: { shop: "it's" } }, 61n],
    ['an enum', { fields: { kind: 'cash' } }, 61n],
    ['a decimal', { fields: { amount: '0.040' } }, 59n],
    ['a boolean', { fields: { test: 'true' } }, 55n],
    ['a time', { fields: { at: '2026-03-01T13:00:00+01:00' } }, 47n],
    ['a span of time', { from: day('2026-03-01T12:00:00Z'), to: day('2026-03-02T12:00:00Z') }, 47n],
    ['ids', { eventIds: ['x', `s1/${sequence(1)}`, 'none'] }, 30n],
    ['all that is said', { fields: { shop: 'a', kind: 'cash' } }, 63n],
    ['all', {}, 0n],
    ['a field that the definitions lost', { fields: { gone: 'a' } }, 63n],
  ])('leaves out what is excluded by %s', async (_, excluding, left) => {
    archive('s1', {
      1: pay({ amount: '0.01' }),
      2: pay({ kind: 'cash', amount: '0.02', shop: "it's" }),
      3: pay({ amount: 0.04 }),
      4: pay({ test: true, amount: '0.08' }),
      5: pay({ at: '2026-03-01T12:00:00Z', amount: '0.16' }),
      6: pay({ id: 'x', amount: '0.32' }),
    })
    const byOne = { batch: 0, speed: 1, stretches: {} }
    const cells = await count(spent, { s1: 9 }, {}, byOne, { 1: [excluding] })
    const total = cells.reduce((sum, { value }) => sum + BigInt(String(value)), 0n)
    expect(total).toBe(left)
  })

  it('knows ids of several fields, and places, as decode tells them', async () => {
    const odd = 'q"ü\u0001'
    archive('s1', {
      1: pay({ shop: odd, test: true, amount: '1.20' }),
      2: pay({ shop: null, amount: null }),
      3: pay({ shop: 'b', amount: null }),
    })
    const event = { ...payment, id: ['shop', 'test', 'amount'] }
    const recount = await openRecount(join(dir, 'raw'), dir, { ...model, events: [event] }, rule)
    const ids = [JSON.stringify([odd, true, '120']), `s1/${sequence(2)}`, JSON.stringify(['c', null, null])]
    const excluding = { eventType: 'payment', from: null, to: null, fields: {}, eventIds: ids }
    expect(await recount.excluded(excluding)).toMatchObject({
      records: 2,
      events: 2,
      ids: 2,
      first: day('2026-03-01T10:00:00Z'),
    })
    recount.close()
  })

  it('judges each record by the revision that its side counted it under, and before twins are looked for', async () => {
    archive('s1', {
      1: pay({ id: 'x', amount: '1.00', kind: 'cash' }),
      2: pay({ id: 'x', amount: '2.00' }),
      3: pay({ kind: 'cash', amount: '4.00' }),
      4: pay({ kind: 'cash', amount: '8.00' }),
      5: pay({ test: true, amount: '16.00' }),
    })
    const sets = { 1: [{ fields: { kind: 'cash' } }], 2: [{ fields: { test: 'true' } }] }
    const spentBy = async (exclusions: Bounds['exclusions'], mark: number): Promise<Cell['value'] | undefined> =>
      (await count(spent, { s1: 9 }, { s1: mark }, exclusions, sets))[0]?.value
    expect(await spentBy({ batch: 0, speed: 0, stretches: {} }, 2)).toBe(2900n)
    expect(await spentBy({ batch: 1, speed: 0, stretches: {} }, 2)).toBe(3000n)
    expect(await spentBy({ batch: 1, speed: 1, stretches: {} }, 2)).toBe(1800n)
    const stretches = { s1: [0, 3, 4].map((n, revision) => ({ above: sequence(n), revision })) }
    expect(await spentBy({ batch: 1, speed: 0, stretches }, 2)).toBe(600n)
  })

  it('tells events without an id by their place, and by their time where the id is the same', async () => {
    archive('s1', {
      1: pay({}),
      2: pay({}),
      3: pay({ id: 'x' }),
      4: pay({ id: 'x', at: '2026-03-01T10:00:01Z' }),
      5: pay({ id: 'x', at: '2026-03-01T11:00:00+01:00' }),
    })
    expect(await count(payments, { s1: 9 }, { s1: 9 })).toEqual([{ bucket: first, dims: [], value: 4n }])
  })

  it('applies conditions: not holds for what is missing, gte never does', async () => {
    archive('s1', {
      1: pay({ test: true }),
      2: pay({ test: false }),
      3: pay({ amount: null }),
      4: pay({ amount: '0.99' }),
      5: pay({ amount: '1' }),
    })
    expect(await count(payments, { s1: 9 })).toEqual([{ bucket: first, dims: [], value: 2n }])
  })

  it('counts distinct combinations, without those that hold a null', async () => {
    archive('s1', { 1: pay({}), 2: pay({}), 3: pay({ kind: 'cash' }), 4: pay({ shop: null }), 5: pay({ shop: 'b' }) })
    expect(await count(shops, { s1: 9 })).toEqual([{ bucket: first, dims: [], value: 3n }])
  })

  it('refuses what decode refuses, each for its reason', async () => {
    archive('s1', {
      1: Buffer.from([0xff, 0xfe]),
      2: '{"type":"payment",}',
      3: '[1]',
      4: '{"type":"refund"}',
      5: '{}',
      6: pay({ kind: 'cheque' }),
      7: pay({ amount: '1.005' }),
      8: pay({ shop: undefined }),
      9: pay({ at: '2026-02-30T10:00:00Z' }),
      10: pay({ at: '2026-03-02T13:30:00.001Z' }),
      11: pay({ at: '2026-02-20T12:29:59.999Z' }),
      12: pay({ shop: 'x'.repeat(257) }),
      13: pay({ shop: 'a\u0000b' }),
      14: pay({ id: null }),
      15: pay({ at: '2026-03-02T13:30:00.000Z' }),
    })
    const hour = day('2026-03-02T12:00:00Z')
    const cell = (reason: string, type: string | null, value: bigint): Cell => ({
      bucket: hour,
      dims: [reason, type],
      value,
    })
    expect(await count(rejected, { s1: 99 })).toEqual([
      cell('invalid', 'payment', 7n),
      cell('not_an_object', null, 1n),
      cell('not_json', null, 1n),
      cell('not_utf8', null, 1n),
      cell('too_early', 'payment', 1n),
      cell('too_late', 'payment', 1n),
      cell('unknown_type', null, 2n),
    ])
    expect(await count(payments, { s1: 99 })).toEqual([{ bucket: day('2026-03-02'), dims: [], value: 1n }])
  })

  it('counts what one record aggregates each by itself, in their order, and a broken aggregate as what it is', async () => {
    const twins = aggregateOf([pay({ id: 'x', amount: '1.00' }), pay({ id: 'x', amount: '5.00' }), pay({}), '{', ''])
    archive('s1', { 1: twins, 2: pay({ id: 'x', amount: '9.00' }), 3: twins.subarray(0, -1) })
    const all = { s1: 9 }
    expect(await count(spent, all)).toEqual([{ bucket: first, dims: ['a'], value: 250n }])
    expect(await count(spent, all, all)).toEqual([{ bucket: first, dims: ['a'], value: 250n }])
    expect((await count(rejected, all)).map(({ dims, value }) => [dims[0], value])).toEqual([
      ['not_json', 2n],
      ['not_utf8', 1n],
    ])
  })

  it('reads JSON as the standard does: the last of equal keys, lone surrogates replaced', async () => {
    archive('s1', {
      1: `${pay({ amount: '9.00' }).slice(0, -1)},"amount":"2.00"}`,
      2: pay({ shop: 'LONE' }).replace('LONE', '\\ud800'),
    })
    expect(await count(spent, { s1: 9 })).toEqual([
      { bucket: first, dims: ['a'], value: 200n },
      { bucket: first, dims: ['\ufffd'], value: 150n },
    ])
  })

  it('finds the range of buckets', async () => {
    archive('s1', { 1: pay({}), 2: pay({ at: '2026-03-02T00:00:00Z' }) })
    const recount = await openRecount(join(dir, 'raw'), dir, model, rule)
    expect(await recount.range(payments)).toEqual({ from: first, to: day('2026-03-03') })
    expect(await recount.range(rejected)).toBeNull()
    recount.close()
  })
})

describe('compare', () => {
  const row = (value: number | string, exact = true, shop: string | null = 'a'): MetricRow => ({
    bucket: '2026-03-01T00:00:00Z',
    by: { shop },
    value,
    exact,
  })
  const cell = (value: bigint, shop: string | null = 'a'): Cell => ({ bucket: first, dims: [shop], value })

  it('takes equal cells, whatever their order and the decimals written', () => {
    const result = compare(spent, [row('0.30'), row(7, true, null)], [cell(700n, null), cell(30n)])
    expect(result).toMatchObject({ equal: true, cells: 2, differences: [] })
  })

  it('names the cells that differ, are missing, or are too many', () => {
    const result = compare(spent, [row('0.31'), row('1.00', true, 'extra')], [cell(30n), cell(-5n, 'missing')])
    expect(result.equal).toBe(false)
    expect(result.differences).toEqual([
      { bucket: '2026-03-01T00:00:00.000Z', dims: ['a'], served: '0.31', recounted: '0.30' },
      { bucket: '2026-03-01T00:00:00.000Z', dims: ['extra'], served: '1.00', recounted: null },
      { bucket: '2026-03-01T00:00:00.000Z', dims: ['missing'], served: null, recounted: '-0.05' },
    ])
  })

  it('lets estimates lie near, and only what says that it is one', () => {
    const distinct: MetricData = { ...shops, by: spent.by }
    expect(compare(distinct, [row(1010, false)], [cell(1000n)])).toMatchObject({ equal: true, estimated: 1 })
    expect(compare(distinct, [row(1010, true)], [cell(1000n)]).equal).toBe(false)
    expect(compare(distinct, [row(1040, false)], [cell(1000n)]).equal).toBe(false)
  })

  it('refuses estimates that are each near and all off', () => {
    const distinct: MetricData = { ...shops, by: spent.by }
    const names = Array.from({ length: 200 }, (_, index) => `shop ${index}`)
    const off = names.map((name) => row(1020, false, name))
    const result = compare(
      distinct,
      off,
      names.map((name) => cell(1000n, name)),
    )
    expect(result).toMatchObject({ equal: false, differences: [] })
    expect(result.rootMeanSquare).toBeCloseTo(2.46, 1)
  })
})

describe('a metric that functions make', () => {
  const derived: EventData = { ...payment, derived: [{ name: 'size', type: 'string' }], code: 'c0de' }
  const sized: MetricData = { ...payments, name: 'sized', by: [{ name: 'size', type: 'string' }] }
  const large: MetricData = { ...payments, name: 'large', where: [{ field: 'size', op: 'is', value: 'large' }] }
  const sizes: MetricData = {
    ...payments,
    name: 'sizes',
    measure: { kind: 'countDistinct', fields: ['size'], unit: 'distinct' },
  }
  const withFunctions: ModelData = { ...model, events: [derived], metrics: [sized, large, sizes, payments, rejected] }

  it('is not recounted, and the answer says so and is no yes', () => {
    const left = withFunctions.metrics.flatMap((metric) => leftOut(metric, withFunctions))
    expect(left.map(({ metric }) => metric)).toEqual(['sized', 'large', 'sizes'])
    const same = compare(payments, [], [])
    const { json, tables, notes } = verifyAnswer({ records: 5, comparisons: [same] }, left, withFunctions)
    expect(json).toMatchObject({
      equal: false,
      notRecounted: [{ metric: 'sized', madeByFunctions: ['size'] }, { metric: 'large' }, { metric: 'sizes' }],
    })
    expect(tables[0]?.rows).toContainEqual(['sized', null, null, null, null, 'not recounted'])
    expect(notes).toContain(
      'sized was NOT recounted: functions make its size, and the recount runs none. Name the other metrics to have only these verified.',
    )
    expect(notes).toContain(
      'The recount takes records that only the functions of payment.size refuse, and differs by them; `tidemark rejected` lists them.',
    )
  })

  it('leaves the other metrics of its event recounted, and a yes where these alone are asked for', async () => {
    archive('shard-0', { 1: pay({ amount: '1.00' }), 2: pay({ id: 'other', amount: '2.00' }) })
    const recount = await openRecount(join(dir, 'raw'), dir, withFunctions, rule)
    const bounds = {
      positions: { 'shard-0': sequence(2) },
      tidemark: {},
      exclusions: { batch: null, speed: 0, stretches: {} },
    }
    expect(await recount.cells(payments, bounds, whole)).toEqual([expect.objectContaining({ value: 2n })])
    recount.close()
    expect(leftOut(payments, withFunctions)).toEqual([])
    const asked = verifyAnswer({ records: 2, comparisons: [compare(payments, [], [])] }, [], withFunctions)
    expect(asked.json).toMatchObject({ equal: true, notRecounted: [] })
  })

  it('names the entities, which it does not recount', () => {
    const versions = {
      ...payments,
      name: 'card',
      measure: { kind: 'latest', latest: 'at', deleted: null, unit: 'versions' },
    } as const
    const card = { name: 'card', versions, ref: 'card', children: [], metrics: [], description: null }
    const { notes } = verifyAnswer({ records: 0, comparisons: [] }, [], { ...model, entities: [card] })
    expect(notes).toContain('Entities were NOT recounted: card. The recount is of metrics.')
    expect(verifyAnswer({ records: 0, comparisons: [] }, [], model).notes?.join()).not.toContain('Entities')
  })

  it('names sessions and the metrics over them, which it does not recount', () => {
    const trip = { name: 'trip', metrics: [{ ...payments, name: 'trips' }] } as unknown as SessionsData
    const { notes } = verifyAnswer({ records: 0, comparisons: [] }, [], { ...model, sessions: [trip] })
    expect(notes).toContain('Sessions and metrics over them were NOT recounted: trip, trips. The recount folds none.')
    expect(verifyAnswer({ records: 0, comparisons: [] }, [], model).notes?.join()).not.toContain('Sessions')
  })
})
