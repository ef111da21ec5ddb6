import { decimal, event, instant, int, metric, minus, ratio, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import type { RawRecord } from '../../core/record.ts'
import * as flights from '../../definitions/index.ts'

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const record = (value: unknown, fields: Partial<RawRecord> = {}): RawRecord => ({
  shardId: 'shardId-000000000000',
  sequenceNumber: '7'.padStart(64, '0'),
  arrivalTime: Date.parse('2026-01-01T00:00:00Z'),
  text: typeof value === 'string' ? value : JSON.stringify(value),
  ...fields,
})

const flight = {
  type: 'flight',
  id: '2013-01-01-UA-1545-EWR-515',
  at: '2013-01-01T10:15:00Z',
  carrier: 'UA',
  flight: 1545,
  tailnum: 'N14228',
  origin: 'EWR',
  dest: 'IAH',
  departureDelayMinutes: 2,
  arrivalDelayMinutes: 11,
  cancelled: false,
}

describe('the flight definitions', () => {
  it('give one contribution a metric, in its bucket, by its dimensions', () => {
    const model = compileDefinitions(flights, hash)
    const decoded = model.decode(record(flight))
    expect(decoded).toMatchObject({ type: 'flight', id: flight.id, eventTime: Date.parse(flight.at), rejection: null })
    const contributions = model.contributions(decoded, 'batch')
    expect(contributions).toEqual(
      expect.arrayContaining([
        {
          metric: 'departures',
          bucket: Date.parse('2013-01-01T10:00:00Z'),
          dims: ['UA', 'EWR'],
          component: 'count',
          op: 'sum',
          value: 1,
        },
        {
          metric: 'arrival_delay_minutes',
          bucket: Date.parse('2013-01-01T00:00:00Z'),
          dims: ['UA'],
          component: 'sum',
          op: 'sum',
          value: 11,
        },
        {
          metric: 'aircraft',
          bucket: Date.parse('2013-01-01T00:00:00Z'),
          dims: ['EWR'],
          component: 'seen',
          op: 'sum',
          value: 1,
        },
        {
          metric: 'aircraft',
          bucket: Date.parse('2013-01-01T00:00:00Z'),
          dims: ['EWR'],
          component: '=N14228',
          op: 'max',
          value: 1,
          distinct: true,
        },
      ]),
    )
    expect(contributions).toHaveLength(5)
    expect(model.contributions(decoded, 'speed')).toHaveLength(4)
    expect(model.liveContributions(decoded)).toContainEqual(
      expect.objectContaining({ metric: 'departures', bucket: Date.parse(flight.at) }),
    )
  })

  it('skip nulls and what a condition leaves out', () => {
    const model = compileDefinitions(flights, hash)
    const cancelled = { ...flight, cancelled: true, arrivalDelayMinutes: null, tailnum: null }
    expect(model.contributions(model.decode(record(cancelled)), 'batch')).toEqual([])
  })

  it('take a limit of drift without a new version, and refuse one that is no part', () => {
    const limited = (maxDrift: number) =>
      compileDefinitions({ departed: metric('departed', flights.flight.count(), { per: 'day', maxDrift }) }, hash).data
    const [own, other] = [limited(0.001), limited(0)]
    expect(own.metrics.map(({ maxDrift }) => maxDrift)).toEqual([0.001, null])
    expect(other.version).toBe(own.version)
    expect(other.metrics.map(({ version }) => version)).toEqual(own.metrics.map(({ version }) => version))
    for (const wrong of [-0.1, 1.5, Number.NaN]) expect(() => limited(wrong)).toThrow('Metric departed: maxDrift is')
  })

  it('name the metric, the field and the mend where a quantile is none', () => {
    const of = (q: number) => () =>
      compileDefinitions({ p: metric('p', flights.flight.quantile('arrivalDelayMinutes', q), { per: 'day' }) }, hash)
    for (const wrong of [0, 1, -0.5, 95, Number.NaN])
      expect(of(wrong)).toThrow(
        `Metric p, quantile of arrivalDelayMinutes: q is ${wrong}; it lies between 0 and 1, such as 0.95.`,
      )
    expect(of(0.12345678)).toThrow('q is 0.12345678; it has at most six decimals, such as 0.123.')
    expect(of(0.999999)).not.toThrow()
  })

  it('refuse metrics that nothing can be derived of, with the mend', () => {
    const { flight } = flights
    const late = metric('late', flight.sum('arrivalDelayMinutes'), { by: ['carrier', 'origin'], per: 'day' })
    const all = metric('all', flight.count('flights'), { by: ['carrier'], per: 'hour', live: '1h' })
    const weekly = metric('weekly', flight.count('flights'), { per: 'week' })
    const monthly = metric('monthly', flight.count('flights'), { per: 'month' })
    const usual = metric('usual', flight.quantile('arrivalDelayMinutes', 0.5), { per: 'day' })
    const of = (exported: Record<string, unknown>) => compileDefinitions(exported, hash).data
    expect(of({ late, all, mean: ratio('mean', late, all) }).derived).toEqual([
      expect.objectContaining({
        name: 'mean',
        kind: 'ratio',
        of: ['late', 'all'],
        unit: 'minutes per flights',
        by: [{ name: 'carrier', type: 'string' }],
        per: 'day',
        liveMs: null,
      }),
    ])
    expect(of({ late, all }).version).not.toBe(of({ late, all, mean: ratio('mean', late, all) }).version)
    expect(() => of({ late, mean: ratio('mean', late, all) })).toThrow(
      'Metric mean, ratio of late and all: all is not among the definitions; export it beside this one.',
    )
    expect(() => of({ weekly, monthly, x: ratio('x', weekly, monthly) })).toThrow('define both per the same bucket')
    expect(() => of({ usual, all, x: ratio('x', usual, all) })).toThrow('usual is a quantile; there are count, sum')
    expect(() => of({ late, all, x: minus('x', late, all as never) })).toThrow('minutes and flights have no difference')
    expect(() => of({ late, all, x: ratio('late', late, all) })).toThrow(
      'Two metrics, entities, profiles, scores or sessions are called late; rename one.',
    )
    expect(() => of({ late, all, x: ratio('value', late, all) })).toThrow('Metric value: a name is')
  })

  it('count the elements of a list, each by itself, with the element where the list stood', () => {
    const basket = event('basket', {
      shop: z.string(),
      tags: z.array(z.string()).optional(),
      prices: z.array(decimal(2, 'EUR')),
    })
    const model = compileDefinitions(
      {
        tags: metric('tags', basket.each('tags').count(), { by: ['tags', 'shop'], per: 'day' }),
        some: metric('some', basket.each('tags').countDistinct('tags'), { where: { tags: { not: 'b' } }, per: 'day' }),
        spent: metric('spent', basket.each('prices').sum('prices'), { per: 'day' }),
        baskets: metric('baskets', basket.count(), { per: 'day' }),
      },
      hash,
    )
    const parts = (fields: object) => {
      const raw = record({ type: 'basket', id: '1', at: '2025-12-31T00:00:00Z', shop: 's', ...fields })
      const all = model.contributions(model.decode(raw), 'batch')
      return all.map(({ metric: of, dims, component, value }) => [of, dims, component, value])
    }
    const full = parts({ tags: ['a', 'b', 'a'], prices: ['1.50', 2] })
    expect(full.filter(([of]) => of === 'tags')).toEqual([
      ['tags', ['a', 's'], 'count', 1],
      ['tags', ['b', 's'], 'count', 1],
      ['tags', ['a', 's'], 'count', 1],
    ])
    expect(full.filter(([of, , component]) => of === 'some' && component === '=a')).toHaveLength(2)
    expect(full.filter(([of, , component]) => of === 'some' && component === '=b')).toHaveLength(0)
    expect(full.filter(([of]) => of === 'spent').map(([, , , value]) => value)).toEqual([150, 200])
    expect(full.filter(([of]) => of === 'baskets')).toHaveLength(1)
    expect(parts({ prices: [] })).toEqual([['baskets', [], 'count', 1]])
    expect(() => basket.each('shop' as never)).toThrow('Event basket: shop is no list; declare it with z.array(')
    expect(() => basket.each('tags').each('prices')).toThrow('one list can be gone through')
  })

  it('name the metric, the field and the mend where edges are none', () => {
    const of = (edges: readonly (number | `${number}`)[]) => () =>
      compileDefinitions(
        { h: metric('h', flights.flight.histogram('arrivalDelayMinutes', edges as [number]), { per: 'day' }) },
        hash,
      )
    const at = 'Metric h, histogram of arrivalDelayMinutes: '
    expect(of([])).toThrow(`${at}0 edges; give from 1 to 50`)
    expect(of(Array.from({ length: 51 }, (_, edge) => edge))).toThrow(`${at}51 edges; give from 1 to 50`)
    expect(of([0, 0])).toThrow(`${at}edge 2 is not above the one before it; sort the edges`)
    expect(of([5, -5])).toThrow(`${at}edge 2 is not above the one before it`)
    expect(of(['0.5'])).toThrow(`${at}edge 1 is no number of minutes with at most 0 decimals`)
    expect(of([Number.POSITIVE_INFINITY])).toThrow(`${at}edge 1 is no number of minutes`)
    expect(of([-60, 0, 15])).not.toThrow()
  })

  it('have versions that stand still', () => {
    const model = compileDefinitions(flights, hash)
    expect(model.data.version).toBe(compileDefinitions({ ...flights }, hash).data.version)
    expect(model.data.metrics.map((each) => each.name).sort()).toEqual([
      'aircraft',
      'arrival_delay_minutes',
      'departures',
      'rejected',
    ])
  })
})

describe('a record that is no event', () => {
  const cases: [string, RawRecord, string][] = [
    ['bytes that are not UTF-8', record('', { text: null }), 'not_utf8'],
    ['no JSON', record('{"type":'), 'not_json'],
    ['an empty record', record(''), 'not_json'],
    ['a list', record('[1]'), 'not_an_object'],
    ['null', record('null'), 'not_an_object'],
    ['a type never declared', record({ type: 'train' }), 'unknown_type'],
    ['a type that is a property of every object', record({ type: 'constructor' }), 'unknown_type'],
    ['no type', record({}), 'unknown_type'],
    ['a field of the wrong type', record({ ...flight, carrier: 5 }), 'invalid'],
    ['a value outside the enumeration', record({ ...flight, origin: 'SFO' }), 'invalid'],
    ['a fraction where a whole number belongs', record({ ...flight, arrivalDelayMinutes: 1.5 }), 'invalid'],
    ['NUL in a dimension', record({ ...flight, carrier: 'U\0A' }), 'invalid'],
    ['a dimension too long to keep', record({ ...flight, carrier: 'x'.repeat(257) }), 'invalid'],
    ['an event time more than an hour after arrival', record({ ...flight, at: '2026-01-01T01:00:01Z' }), 'too_early'],
  ]
  it.each(cases)('%s is rejected, and counted by its reason', (_what, raw, reason) => {
    const model = compileDefinitions(flights, hash)
    const decoded = model.decode(raw)
    expect(decoded.rejection?.reason).toBe(reason)
    expect(decoded).toMatchObject({ type: '_rejected', eventTime: raw.arrivalTime })
    expect(model.contributions(decoded, 'speed')).toEqual([
      expect.objectContaining({
        metric: 'rejected',
        component: 'count',
        dims: [reason, expect.anything()].map((dim, place) => (place === 1 ? decoded.row.event_type : dim)),
      }),
    ])
  })
})

describe('quantities', () => {
  const payment = event(
    'payment',
    { amount: decimal(2, 'EUR'), paidAt: instant(), pages: int('pages').optional() },
    { at: 'paidAt' },
  )
  const spent = metric('spent', payment.sum('amount'), { per: 'day', where: { amount: { gte: '0.50 EUR' } } })

  it('are scaled integers, exact, and compared in their unit', () => {
    const model = compileDefinitions({ spent }, hash)
    const spend = (amount: unknown) =>
      model
        .contributions(model.decode(record({ type: 'payment', amount, paidAt: 1_767_225_600_000 })), 'speed')
        .map(({ value }) => value)
    expect(spend('12.34')).toEqual([1234])
    expect(spend(0.5)).toEqual([50])
    expect(spend('0.49')).toEqual([])
    expect(spend('-1')).toEqual([])
    expect(model.decode(record({ type: 'payment', amount: '1.234', paidAt: 0 })).rejection?.reason).toBe('invalid')
    expect(model.decode(record({ type: 'payment', amount: '90071992547409.93', paidAt: 0 })).rejection?.reason).toBe(
      'invalid',
    )
  })
})

describe('a mistake that types cannot see', () => {
  const tree: z.ZodType = z.object({
    get children() {
      return z.array(tree)
    },
  })
  const seen = event('seen', { who: z.string(), size: int('bytes') })
  const cases: [string, Record<string, unknown>, RegExp][] = [
    [
      'a function in a field',
      { e: metric('m', event('e', { x: z.string().transform((x) => x) }).count(), { per: 'day' }) },
      /field x runs a function/,
    ],
    [
      'a function inside a list',
      { e: metric('m', event('e', { x: z.array(z.string().trim()) }).count(), { per: 'day' }) },
      /field x runs a function/,
    ],
    [
      'a field that converts',
      { e: metric('m', event('e', { x: z.coerce.number() }).count(), { per: 'day' }) },
      /field x runs a function/,
    ],
    [
      'a field that nests itself',
      { e: metric('m', event('e', { x: tree }).count(), { per: 'day' }) },
      /field x nests itself/,
    ],
    [
      'a field that every object has',
      { e: metric('m', event('e', { constructor: z.string() }).count(), { per: 'day' }) },
      /can't be called constructor/,
    ],
    [
      'an event identified by records of anything',
      { e: event('e', { keys: z.record(z.string(), z.string()) }, { id: ['keys'] }) },
      /^Event e: keys identifies or dates it, but holds no single value; name a field that is a string, an enum/,
    ],
    [
      'an event identified by a list, of numbers that JSON has no text for',
      { e: event('e', { shop: z.string(), parts: z.array(decimal(2, 'EUR')) }, { id: ['shop', 'parts'] }) },
      /parts identifies or dates it, but holds no single value/,
    ],
    [
      'an event identified by anything',
      { e: event('e', { what: z.any() }, { id: ['what'] }) },
      /what identifies or dates it, but holds no single value/,
    ],
    [
      'an event identified by one of several objects',
      {
        e: event(
          'e',
          { what: z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]) },
          { id: ['what'] as never },
        ),
      },
      /what identifies or dates it, but holds no single value/,
    ],
    [
      'an event dated by anything',
      { e: event('e', { when: z.any() }, { at: 'when' as never }) },
      /when identifies or dates it, but holds no single value/,
    ],
    ['a negative span', { m: metric('m', seen.count(), { per: 'day', live: '-5m' }) }, /'-5m' is no span/],
    [
      'two metrics of one name',
      { a: metric('m', seen.count(), { per: 'day' }), b: metric('m', seen.sum('size'), { per: 'day' }) },
      /Two metrics, entities, profiles, scores or sessions are called m/,
    ],
    ['a reserved name', { m: metric('rejected', seen.count(), { per: 'day' }) }, /Metric rejected/],
    [
      'a dimension with a unit',
      { m: metric('m', seen.count(), { per: 'day', by: ['size' as 'who'] }) },
      /quantity in bytes/,
    ],
  ]
  it.each(cases)('%s is refused by name', (_what, exported, message) => {
    expect(() => compileDefinitions(exported, hash)).toThrow(message)
  })
})
