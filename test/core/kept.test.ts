import { decimal, entity, event, int, limit, metric, profile, ratio, z } from 'tidemark'
import { catalogueOf } from '../../core/catalogue.ts'
import { compileDefinitions } from '../../core/compile.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import { dimensionText } from '../../core/kept.ts'
import { differencesOf } from '../../core/model-diff.ts'

const sale = event(
  'sale',
  {
    country: z.enum(['DE', 'FR', 'IT', 'other']).nullable(),
    shop: z.string(),
    floor: z.int(),
    member: z.boolean(),
    price: decimal(2, 'EUR'),
    tags: z.array(z.string()),
    device: z.object({ os: z.string() }).optional(),
  },
  { derive: { first: (e) => e.shop.slice(0, 1) } },
)
/** Mistakes that types refuse are made all the same: files are built without being checked. */
const wrong = (name: string, options: object) =>
  metric(name, sale.count(), { per: 'day', by: ['country', 'shop', 'floor', 'member'], ...options })

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const compiled = (...all: readonly { readonly name: string }[]) =>
  compileDefinitions(Object.fromEntries(all.map((one) => [one.name, one])), hash, {}, { sale: 'of sale' })
const metricOf = (one: { readonly name: string }) => {
  const found = compiled(one).data.metrics.find(({ name }) => name === one.name)
  if (found === undefined) throw new Error(`The model has no ${one.name}.`)
  return found
}

const at = '2026-01-01T00:00:00Z'
/** The dims that sales count under. */
const dimsOf = (one: { readonly name: string }, sales: readonly object[]) => {
  const model = compiled(one)
  return sales.flatMap((fields, place) => {
    const all = { country: 'DE', shop: 'a', floor: 1, member: true, price: '1', tags: [], type: 'sale', at, ...fields }
    const stream = { shardId: 's', sequenceNumber: String(place).padStart(64, '0'), arrivalTime: Date.parse(at) }
    const decoded = model.decode({ ...stream, text: JSON.stringify(all) })
    expect(decoded.rejection).toBeNull()
    return [model.contributions(decoded, 'batch'), model.liveContributions(decoded)].map((contributions) =>
      contributions.filter(({ metric: of, distinct }) => of === one.name && distinct !== true).map(({ dims }) => dims),
    )
  })
}

describe('what a dimension keeps', () => {
  it('is counted by itself, and all other values as one; null stays null', () => {
    const sales = [{ country: 'DE' }, { country: 'FR' }, { country: 'other' }, { country: null }]
    const kept = metric('kept', sale.count(), { by: ['country'], keep: { country: ['DE'] }, per: 'day', live: '1h' })
    const both = (dim: string | null) => [[[dim]], [[dim]]]
    expect(dimsOf(kept, sales)).toEqual([...both('DE'), ...both('other'), ...both('other'), ...both(null)])
    const named = metric('named', sale.count(), {
      by: ['country'],
      keep: { country: { values: ['IT', 'DE'], other: 'rest' } },
      per: 'day',
      live: '1h',
    })
    expect(dimsOf(named, sales)).toEqual([...both('DE'), ...both('rest'), ...both('rest'), ...both(null)])
  })

  it('may be of a nested field, a list’s elements and what a function makes', () => {
    const nested = metric('nested', sale.count(), {
      by: ['device.os', 'first'],
      keep: { 'device.os': ['ios'], first: ['m'] },
      per: 'day',
      live: '1h',
    })
    expect(
      dimsOf(nested, [{ device: { os: 'ios' }, shop: 'mitte' }, { device: { os: 'bsd' }, shop: 'ost' }, {}]),
    ).toEqual(
      [
        ['ios', 'm'],
        ['other', 'other'],
        [null, 'other'],
      ].flatMap((dims) => [[dims], [dims]]),
    )
    const elements = metric('elements', sale.each('tags').count(), {
      by: ['tags'],
      keep: { tags: ['new', 'toString'] },
      per: 'day',
      live: '1h',
    })
    const dims = [['new'], ['other'], ['toString'], ['other']]
    expect(dimsOf(elements, [{ tags: ['new', 'old', 'toString', 'constructor'] }])).toEqual([dims, dims])
  })

  it('decides neither what a condition sees nor what is counted distinct', () => {
    const seen = metric('seen', sale.countDistinct('country'), {
      where: { country: { in: ['FR', 'IT'] } },
      by: ['country'],
      keep: { country: ['DE'] },
      per: 'day',
    })
    const model = compiled(seen)
    const distinct = ['DE', 'FR', 'IT'].flatMap((country, place) => {
      const text = JSON.stringify({ type: 'sale', at, country, shop: 'a', floor: 1, member: true, price: 1, tags: [] })
      const stream = { shardId: 's', sequenceNumber: String(place).padStart(64, '0'), arrivalTime: Date.parse(at) }
      return model
        .contributions(model.decode({ ...stream, text }), 'batch')
        .filter((one) => one.distinct)
        .map(({ component, dims }) => [component, ...dims])
    })
    expect(distinct).toEqual([
      ['=FR', 'other'],
      ['=IT', 'other'],
    ])
  })

  it('is part of the metric’s version, its order is not', () => {
    const of = (keep: object) => metricOf(wrong('m', { keep })).version
    const version = of({ country: ['DE', 'FR'] })
    expect(of({ country: ['FR', 'DE'] })).toBe(version)
    expect(of({ country: { values: ['FR', 'DE'] } })).toBe(version)
    for (const keep of [
      {},
      { country: ['DE'] },
      { country: { values: ['DE', 'FR'], other: 'rest' } },
      { shop: ['DE', 'FR'] },
    ])
      expect(of(keep)).not.toBe(version)
    expect(of({})).toBe(metricOf(wrong('m', {})).version)
    const [before, after] = [['DE'], ['FR']].map((country) => compiled(wrong('m', { keep: { country } })).data)
    if (before === undefined || after === undefined) throw new Error('Two models are needed.')
    expect(differencesOf(before, after)).toEqual([
      expect.objectContaining({ name: 'm', change: 'changed', parts: [expect.stringContaining('"values":["FR"]')] }),
    ])
  })

  it.each<[string, object, string]>([
    ['no dimension', { keep: { price: ['1'] } }, 'keep names price, by which it is not split; it is by country, shop'],
    ['a number', { keep: { floor: [1] } }, 'keep floor: it is of type integer, and what stands for all other values'],
    ['a boolean', { keep: { member: [true] } }, 'keep member: it is of type boolean'],
    ['nothing', { keep: { shop: [] } }, 'keep shop: it keeps no value; name at least one'],
    [
      'a text',
      { keep: { shop: 'mitte' } },
      "keep shop: it must be a list of values, or { values: […], other: 'rest' }",
    ],
    ['null', { keep: { shop: null } }, 'keep shop: it must be a list of values'],
    ['a misspelt other', { keep: { shop: { values: ['a'], others: 'b' } } }, 'keep shop: it must be a list of values'],
    ['a value that is no text', { keep: { shop: [5] } }, 'keep shop: 5 is no text'],
    [
      'an other that is no text',
      { keep: { shop: { values: ['a'], other: null } } },
      'keep shop, other: null is no text',
    ],
    ['a value twice', { keep: { shop: ['a', 'b', 'a'] } }, 'keep shop: "a" stands there twice'],
    ['no member', { keep: { country: ['US'] } }, 'keep country: "US" is not one of DE, FR, IT, other'],
    ['what all others are', { keep: { country: ['other'] } }, 'keep country: "other" is kept, and all others would be'],
    ['an other that is kept', { keep: { shop: { values: ['a'], other: 'a' } } }, 'keep shop: "a" is kept'],
    ['NUL', { keep: { shop: ['a\0'] } }, "can't be held"],
    ['half a letter', { keep: { shop: ['\ud83d'] } }, "can't be held"],
    ['a long text', { keep: { shop: ['ü'.repeat(129)] } }, 'has at most 256 bytes of UTF-8'],
    [
      'too many',
      { keep: { shop: Array.from({ length: 1001 }, (_, nth) => `s${nth}`) } },
      '1001 values; there can be 1000',
    ],
  ])('is refused where it is %s', (_, options, message) => {
    expect(() => compiled(wrong('m', options))).toThrow(message)
    expect(() => compiled(wrong('m', options))).toThrow('Metric m')
  })

  it('may be a thousand values, or few long ones: what the ledger keeps of a metric', () => {
    const shops = (length: number, bytes: number) =>
      Array.from({ length }, (_, nth) => String(nth).padStart(bytes, 'x'))
    for (const shop of [shops(1000, 50), shops(200, 256)])
      expect(metricOf(wrong('m', { keep: { shop } })).by[1]?.keep?.values).toEqual(shop.toSorted())
    expect(() => compiled(wrong('m', { keep: { shop: shops(1000, 60) } }))).toThrow(
      'bytes, and 60000 can be kept of a metric; name fewer or shorter values in keep and where.',
    )
  })

  it('is shown, ten values of it, in quotes where one is no word', () => {
    const one = metric('m', sale.count(), { by: ['country'], keep: { country: ['FR', 'DE'] }, per: 'day' })
    expect(catalogueOf(compiled(one).data)).toContain('- By: country (DE, FR; all others: other)\n')
    expect(dimensionText({ name: 'shop', keep: { values: ['', 'New York', 'a, b\n'], other: ' ' } })).toBe(
      'shop ("", New York, "a, b\\n"; all others: " ")',
    )
    const values = Array.from({ length: 100 }, (_, nth) => String(nth))
    expect(dimensionText({ name: 'shop', keep: { values, other: 'rest' } })).toBe(
      'shop (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, and 90 more; all others: rest)',
    )
  })
})

describe('what rests on a metric', () => {
  const by = ['shop'] as const
  const some = metric('some', sale.count(), { by, keep: { shop: ['a', 'b'] }, per: 'day' })
  const same = metric('same', sale.sum('price'), { by, keep: { shop: ['b', 'a'] }, per: 'day' })
  const fewer = metric('fewer', sale.sum('price'), { by, keep: { shop: ['a'] }, per: 'day' })
  const all = metric('all', sale.count('sales'), { by, per: 'day' })
  const order = event('order', { shop: z.string(), credit: int('sales') })

  it('is derived by the dimensions of which both keep the same', () => {
    const of = (bottom: typeof some | typeof all) =>
      compiled(same, bottom, ratio('r', same, bottom)).data.derived?.[0]?.by
    expect(of(some)).toEqual([{ name: 'shop', type: 'string', keep: { values: ['a', 'b'], other: 'other' } }])
    expect(of(all)).toEqual([])
    expect(compiled(fewer, some, ratio('r', fewer, some)).data.derived?.[0]?.by).toEqual([])
  })

  it('is refused where it is for each value', () => {
    expect(() =>
      compiled(some, limit('l', some, { each: 'shop', per: 'day', atMost: '5 events', notifyAt: ['100%'] })),
    ).toThrow(
      'Limit l: each is shop, of which some keeps only some values and counts all others as one, other; limit a metric that keeps all.',
    )
    expect(() => compiled(some, entity('e', order, { ref: 'shop', latest: 'at', metrics: { some } }))).toThrow(
      'metric some keeps only some values of shop and counts all others as one; give one that keeps all refs.',
    )
    const keys = profile('p', { sales: sale.count() }, { by: ['shop'], over: '1d' })
    expect(compiled(keys).data.profiles?.[0]?.by).toEqual([{ name: 'shop', type: 'string' }])
  })
})
