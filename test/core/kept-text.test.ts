import { entity, event, metric, profile, sessions, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { type Exclusion, excluder, readExclusion } from '../../core/exclusion.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import { keptText } from '../../core/kept.ts'
import type { Model } from '../../core/model.ts'
import type { Decoded } from '../../core/record.ts'

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const sale = event(
  'sale',
  {
    shop: z.string().nullable(),
    note: z.string().optional(),
    tier: z.enum(['gold ', 'plain']).default('plain'),
    tags: z.array(z.string()).default([]),
    buyer: z.object({ name: z.string() }).optional(),
  },
  { derive: { first: (e) => e.shop } },
)
const user = event('user', { ref: z.string() })
const definitions = {
  by_shop: metric('by_shop', sale.count(), { by: ['shop', 'tier', 'buyer.name'], per: 'day', live: '1h' }),
  shops: metric('shops', sale.countDistinct('shop'), { per: 'day' }),
  pairs: metric('pairs', sale.countDistinct('shop', 'tier'), { per: 'day' }),
  firsts: metric('firsts', sale.count(), { by: ['first'], per: 'day' }),
  tagged: metric('tagged', sale.each('tags').count('tags'), { by: ['tags'], per: 'day' }),
  kept: metric('kept', sale.count(), {
    by: ['shop'],
    keep: { shop: { values: ['mitte '], other: 'rest ' } },
    per: 'day',
  }),
  noted: metric('noted', sale.count(), { where: { note: 'a  ' }, per: 'day' }),
  golden: metric('golden', sale.count(), { where: { tier: { in: ['gold '] } }, per: 'day' }),
  users: entity('users', user, { ref: 'ref', latest: 'at' }),
  visits: sessions('visits', [user], { by: 'ref', gap: '1h', longest: '1d' }),
  buyer: profile('buyer', { sales: sale.count() }, { over: '1d', by: ['shop'] }),
}
const at = Date.parse('2026-01-02T10:00:00Z')

const compiled = (exported: Readonly<Record<string, unknown>> = definitions): Model =>
  compileDefinitions(exported, hash, {}, { sale: 'of sale' })

const decoded = (model: Model, fields: object): Decoded =>
  model.decode({
    shardId: 's',
    sequenceNumber: '7',
    arrivalTime: at,
    text: JSON.stringify({ type: 'sale', id: 'x', at, shop: 'mitte', ...fields }),
  })

/** By metric the dimensions and, of distinct values, the components. */
const contributed = (model: Model, fields: object): Record<string, unknown[]> => {
  const one = decoded(model, fields)
  expect(one.rejection).toBeNull()
  const all: Record<string, unknown[]> = {}
  for (const { metric: of, dims, component, distinct, op } of model.contributions(one, 'batch'))
    if (distinct === true || op === 'sum') all[of] = [...(all[of] ?? []), distinct === true ? component : dims]
  return all
}

describe('blanks at the end of a text', () => {
  it('are cut wherever a text is kept, and no other blanks are', () => {
    const texts = { shop: ' mi tte  ', tier: 'gold ', buyer: { name: 'b\t ' }, tags: ['t ', '  ', 't'] }
    const found = contributed(compiled(), texts)
    expect(found).toMatchObject({
      by_shop: [[' mi tte', 'gold', 'b\t']],
      firsts: [[' mi tte']],
      tagged: [['t'], [''], ['t']],
      'buyer.sales': [[' mi tte']],
    })
    expect(found.shops).toContainEqual('= mi tte')
    expect(found.pairs).toContainEqual('=[" mi tte","gold"]')
    expect(
      compiled()
        .liveContributions(decoded(compiled(), texts))
        .map(({ dims }) => dims),
    ).toEqual([[' mi tte', 'gold', 'b\t']])
  })

  it('are all of a text of nothing else', () => {
    expect(contributed(compiled(), { shop: '   ' })).toMatchObject({ by_shop: [['', 'plain', null]], firsts: [['']] })
  })

  it('name the same entity, and the same key', () => {
    const model = compiled()
    const one = decoded(model, { type: 'user', ref: 'u  ' })
    expect(model.contributions(one, 'speed').map(({ metric: of, dims }) => [of, dims])).toEqual([
      ['users', ['u']],
      ['visits.user', ['u']],
    ])
    expect(JSON.parse(one.body ?? '')).toMatchObject({ ref: 'u' })
  })

  it('are no part of what a text may be long', () => {
    const model = compiled()
    const wide = 'ü'.repeat(128)
    expect(contributed(model, { shop: `${wide} ` })).toMatchObject({ firsts: [[wide]] })
    expect(decoded(model, { shop: `${wide}x ` }).rejection?.detail).toBe(
      'shop holds 257 bytes; a dimension holds at most 256',
    )
  })

  it('are cut fast, however many there are in a text', () => {
    const text = `${' '.repeat(1_000_000)}x `
    const startedAt = performance.now()
    expect(keptText(text)).toHaveLength(1_000_001)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  it('tell events apart by their ids, but where the id is kept as something else too', () => {
    const model = compiled()
    expect([decoded(model, { id: 'x' }).id, decoded(model, { id: 'x ' }).id]).toEqual(['x', 'x '])
    const named = event('sale', { code: z.string() }, { id: ['code'] })
    const by = (...of: 'code'[]): Model => compiled({ sales: metric('sales', named.count(), { by: of, per: 'day' }) })
    expect(decoded(by(), { code: 'c ' }).id).toBe('c ')
    expect(decoded(by('code'), { code: 'c ' }).id).toBe('c')
  })

  it('make no difference to a condition, whoever keeps the field', () => {
    const noted = (note: string): number => (contributed(compiled(), { note }).noted ?? []).length
    expect([noted('a'), noted('a '), noted(' a'), noted('a\t')]).toEqual([1, 1, 0, 0])
    const golden = (tier: string): number => (contributed(compiled(), { tier }).golden ?? []).length
    expect([golden('gold '), golden('plain')]).toEqual([1, 0])
  })

  it('make no difference to what a dimension keeps', () => {
    const model = compiled()
    const dims = (shop: string): unknown => contributed(model, { shop }).kept
    expect([dims('mitte'), dims('mitte   '), dims('nord ')]).toEqual([[['mitte']], [['mitte']], [['rest']]])
    const twice = metric('m', sale.count(), { by: ['shop'], keep: { shop: ['a', 'a '] }, per: 'day' })
    expect(() => compiled({ twice })).toThrow('"a" stands there twice')
    const long = metric('m', sale.count(), { by: ['shop'], keep: { shop: [`${'x'.repeat(256)} `] }, per: 'day' })
    expect(compiled({ long }).data.metrics[0]?.by[0]?.keep?.values).toEqual(['x'.repeat(256)])
  })

  it('make no difference to an exclusion, whoever keeps the field', () => {
    const model = compiled()
    const leavesOut = (fields: Record<string, string>, of: object): boolean => {
      const asked = { eventType: 'sale', from: null, to: null, fields, eventIds: null }
      const read: Exclusion = { id: 1, ...readExclusion(asked, model.data, false) }
      return excluder([read], model.data)(decoded(model, of))
    }
    for (const [asked, sent] of [
      ['nord', 'nord '],
      ['nord ', 'nord'],
      ['', '  '],
      [' ', ''],
    ]) {
      expect(leavesOut({ shop: asked ?? '' }, { shop: sent })).toBe(true)
      expect(leavesOut({ note: asked ?? '' }, { note: sent })).toBe(true)
    }
    expect(leavesOut({ tier: 'gold' }, { tier: 'gold ' })).toBe(true)
    expect(leavesOut({ shop: 'nord' }, { shop: ' nord' })).toBe(false)
  })
})
