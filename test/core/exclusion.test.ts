import { decimal, event, instant, int, metric, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { type Exclusion, excluder, maxEventIds, readExclusion } from '../../core/exclusion.ts'
import { loadHash64 } from '../../core/hash.ts'
import type { Model } from '../../core/model.ts'
import type { Problem } from '../../core/problem.ts'
import type { Decoded } from '../../core/record.ts'

const sale = event('sale', {
  shop: z.string().nullable(),
  tier: z.enum(['gold', 'plain']),
  express: z.boolean(),
  amount: decimal(2, 'EUR'),
  items: int('items').nullable(),
  weight: z.number(),
  paidAt: instant(),
  tags: z.array(z.string()),
})
const visit = event('visit', { page: z.string() })

const at = Date.parse('2026-01-02T10:00:00Z')

describe('exclusions', () => {
  let model: Model
  beforeAll(async () => {
    model = compileDefinitions(
      { sales: metric('sales', sale.count(), { per: 'day' }), visits: metric('visits', visit.count(), { per: 'day' }) },
      await loadHash64(),
    )
  })

  const decoded = (fields: Record<string, unknown> = {}): Decoded =>
    model.decode({
      shardId: 's',
      sequenceNumber: '7',
      arrivalTime: at,
      text: JSON.stringify({
        ...{ type: 'sale', id: 'x', at, shop: 'mitte', tier: 'gold', express: true, amount: '12.50', items: 3 },
        ...{ weight: 0.25, paidAt: '2026-01-02T09:00:00Z', tags: [] },
        ...fields,
      }),
    })
  const exclusion = (parts: Partial<Exclusion> = {}): Exclusion => ({
    ...{ id: 1, eventType: 'sale', from: null, to: null, fields: {}, eventIds: null },
    ...parts,
  })
  const leavesOut = (parts: Partial<Exclusion>, fields: Record<string, unknown> = {}): boolean =>
    excluder([exclusion(parts)], model.data)(decoded(fields))

  it('leave out nothing where there is none, or none of the type', () => {
    expect(excluder([], model.data)(decoded())).toBe(false)
    expect(leavesOut({ eventType: 'visit' })).toBe(false)
    expect(leavesOut({})).toBe(true)
  })

  it('reach from their start up to, and not including, their end', () => {
    expect([leavesOut({ from: at }), leavesOut({ from: at + 1 })]).toEqual([true, false])
    expect([leavesOut({ to: at }), leavesOut({ to: at + 1 })]).toEqual([false, true])
  })

  it.each([
    ['shop', 'mitte', 'Mitte'],
    ['tier', 'gold', 'plain'],
    ['express', 'true', 'false'],
    ['amount', '12.5', '12.51'],
    ['items', '3', '4'],
    ['weight', '2.5e-1', '0.26'],
    ['paidAt', '2026-01-02T10:00:00+01:00', '2026-01-02T10:00:00Z'],
  ])('compare %s as its own kind', (field, same, other) => {
    expect(readExclusion({ eventType: 'sale', fields: { [field]: same } }, model.data, false).fields).toEqual({
      [field]: same,
    })
    expect([leavesOut({ fields: { [field]: same } }), leavesOut({ fields: { [field]: other } })]).toEqual([true, false])
  })

  it('need all that they say', () => {
    expect(leavesOut({ fields: { shop: 'mitte', items: '4' } })).toBe(false)
    expect(leavesOut({ eventIds: ['x', 'y'], fields: { items: '3' } })).toBe(true)
    expect(leavesOut({ eventIds: ['y'] })).toBe(false)
    expect(leavesOut({ fields: { shop: 'null' } }, { shop: null })).toBe(false)
  })

  it('never take a rejected record, nor a field that the definitions no more have', () => {
    expect(leavesOut({}, { express: 'yes' })).toBe(false)
    expect(leavesOut({ fields: { gone: 'a' } })).toBe(false)
  })

  it('are one of several', () => {
    const isExcluded = excluder(
      [exclusion({ eventIds: ['a'] }), exclusion({ id: 2, fields: { items: '3' } })],
      model.data,
    )
    expect([isExcluded(decoded({ id: 'a', items: 4 })), isExcluded(decoded({ items: 4 }))]).toEqual([true, false])
  })

  it('answer fast, however many ids are listed', () => {
    const isExcluded = excluder(
      [exclusion({ eventIds: Array.from({ length: maxEventIds }, (_, n) => `id-${n}`) })],
      model.data,
    )
    const one = decoded()
    const startedAt = performance.now()
    for (let times = 0; times < 100_000; times++) isExcluded(one)
    expect(performance.now() - startedAt).toBeLessThan(1000)
  })

  const problemOf = (input: unknown, everything = false): Problem => {
    try {
      readExclusion(input, model.data, everything)
    } catch (error) {
      return error as Problem
    }
    throw new Error('It was taken.')
  }

  it.each([
    [{ eventType: 'sail' }, 'There is no event type sail.'],
    [{}, 'There is no event type undefined.'],
    [{ eventType: 'sale', from: 'monday' }, 'from is monday'],
    [{ eventType: 'sale', from: at, to: at }, 'from must be before to'],
    [{ eventType: 'sale', fields: { shopp: 'a' } }, 'has no field shopp'],
    [{ eventType: 'sale', fields: { tags: 'a' } }, 'holds no single value'],
    [{ eventType: 'sale', fields: { tier: 'silver' } }, 'it is one of gold, plain'],
    [{ eventType: 'sale', fields: { express: 'yes' } }, 'it is true or false'],
    [{ eventType: 'sale', fields: { items: '1.5' } }, 'it is a whole number'],
    [{ eventType: 'sale', fields: { items: 3 } }, "can't be 3"],
    [{ eventType: 'sale', fields: { amount: '1.234' } }, 'at most 2 decimals'],
    [{ eventType: 'sale', fields: { paidAt: 'noon' } }, 'an ISO 8601 time'],
    [{ eventType: 'sale', eventIds: 'x' }, 'eventIds must be a list'],
    [{ eventType: 'sale', eventIds: [] }, 'exclude nothing'],
  ])('refuse %j', (input, message) => {
    expect(problemOf(input)).toMatchObject({ code: 'invalid_exclusion', status: 400 })
    expect(problemOf(input).message).toContain(message)
  })

  it('take no longer list of ids than is held easily', () => {
    const eventIds = Array.from({ length: maxEventIds + 1 }, (_, number) => `id-${number}`)
    expect(problemOf({ eventType: 'sale', eventIds }).message).toContain('Make several')
  })

  it('exclude all of a type only where that is said', () => {
    expect(problemOf({ eventType: 'sale' }).code).toBe('excludes_everything')
    expect(readExclusion({ eventType: 'sale' }, model.data, true)).toEqual({
      ...{ eventType: 'sale', from: null, to: null, fields: {}, eventIds: null },
    })
    expect(readExclusion({ eventType: 'sale', eventIds: ['b', 'a', 'b'] }, model.data, false).eventIds).toEqual([
      'a',
      'b',
    ])
  })
})
