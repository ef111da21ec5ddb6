import { decimal, entity, event, instant, int, limit, metric, z } from 'tidemark'
import { catalogueOf } from '../../core/catalogue.ts'
import { compileDefinitions } from '../../core/compile.ts'
import { toldCrossing } from '../../core/crossing.ts'
import type { Hash64 } from '../../core/hash.ts'
import { loadHash64 } from '../../core/hash.ts'
import { differencesOf } from '../../core/model-diff.ts'

const call = event('call', { customer: z.string(), endpoint: z.string(), paid: z.boolean(), price: decimal(2, 'EUR') })
const change = event('change', {
  customer: z.string(),
  number: z.int(),
  calls: int('calls'),
  cap: decimal(3, 'EUR'),
  since: instant(),
})
const contract = entity('contract', change, { ref: 'customer', latest: 'since' })
const numbered = entity('numbered', change, { ref: 'number', latest: 'since' })
const calls = metric('calls', call.count('calls'), { by: ['customer', 'paid'], per: 'day' })
const spent = metric('spent', call.sum('price'), { by: ['customer'], per: 'day', zone: 'UTC' })
const weekly = metric('weekly', call.count('calls'), { by: ['customer'], per: 'week' })
const mean = metric('mean', call.mean('price'), { by: ['customer'], per: 'day' })
const shared = { calls, spent, weekly, mean, contract, numbered }
const each = { each: 'customer', per: 'month', notifyAt: ['80%', '100%'] } as const

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const compiled = (exported: Readonly<Record<string, unknown>>) =>
  compileDefinitions({ ...shared, ...exported }, hash).data

describe('a limit', () => {
  it('is data in no version, its amounts scaled and its parts in order', () => {
    const model = compiled({
      a: limit('spending', spent, {
        ...each,
        atMost: '12.50 EUR',
        notifyAt: ['100%', '5%'],
        describe: 'A cap',
        owner: 'billing',
      }),
      b: limit('calls', calls, { ...each, atMost: contract.field('calls') }),
    })
    expect(model.limits).toEqual([
      {
        ...{
          name: 'calls',
          metric: 'calls',
          each: 'customer',
          per: 'month',
          unit: 'calls',
          scale: 0,
          notifyAt: [80, 100],
        },
        ...{ atMost: { entity: 'contract', field: 'calls' }, description: null },
      },
      {
        ...{
          name: 'spending',
          metric: 'spent',
          each: 'customer',
          per: 'month',
          unit: 'EUR',
          scale: 2,
          notifyAt: [5, 100],
        },
        ...{ atMost: { amount: 1250 }, description: 'A cap', owner: 'billing' },
      },
    ])
    const without = compiled({})
    expect([without.version, without.limits]).toEqual([model.version, undefined])
    expect(differencesOf(without, model).map(({ kind, name, change: how }) => [kind, name, how])).toEqual([
      ['limit', 'calls', 'added'],
      ['limit', 'spending', 'added'],
    ])
    expect(catalogueOf(model)).toContain(
      '## Limits\n\n### calls\n\n- Of: calls, for each customer, per month\n- At most: calls of contract\n- Told at: 80%, 100%',
    )
    expect(catalogueOf(model)).toContain(
      'A cap.\n\nOwner: billing.\n\n- Of: spent, for each customer, per month\n- At most: 12.50 EUR',
    )
  })

  it('is told of with its period as its metric has them, and an id of its own', () => {
    const [of] = compiled({ a: limit('spending', spent, { ...each, atMost: '12.50 EUR' }) }).limits ?? []
    if (of === undefined) throw new Error('There is no limit.')
    const crossing = {
      limit: { ...of, zone: 'Europe/Paris' },
      ...{ period: Date.parse('2026-03-01'), key: 'a/b', threshold: 80, number: 2 },
      ...{ value: 999n, atMost: null, datasetId: 'ds-1', foundAt: Date.parse('2026-03-29T01:02:03Z') },
    }
    expect(toldCrossing(crossing)).toEqual({
      id: 'spending/2026-03-01/80%/2/a/b',
      ...{ limit: 'spending', metric: 'spent', each: 'customer', key: 'a/b', per: 'month', period: '2026-03-01' },
      ...{
        zone: 'Europe/Paris',
        threshold: '80%',
        crossed: 'fell back',
        number: 2,
        value: '9.99',
        atMost: null,
        unit: 'EUR',
      },
      ...{ datasetId: 'ds-1', foundAt: '2026-03-29T01:02:03.000Z' },
    })
    expect(toldCrossing({ ...crossing, number: 3 })).toMatchObject({ crossed: 'reached', number: 3 })
  })

  // biome-ignore lint/suspicious/noExplicitAny: what types refuse, a definition in JavaScript may hold
  const loose = (name: string, of: any, options: any) => limit(name, of, { ...each, atMost: '9 calls', ...options })
  const mistakes: [string, unknown, string][] = [
    [
      'of a metric that is not exported',
      loose('l', metric('other', call.count(), { by: ['customer'], per: 'day' }), {}),
      'Limit l: metric other is not among the definitions; export it beside this limit.',
    ],
    [
      'of a mean',
      loose('l', mean, {}),
      'Limit l: mean is a mean, which more events may lower; limit a count, a sum or a countDistinct.',
    ],
    [
      'for each of what the metric is not by',
      loose('l', calls, { each: 'endpoint' }),
      'Limit l: each is endpoint, by which calls is not split; it is by customer, paid.',
    ],
    [
      'for each boolean',
      loose('l', calls, { each: 'paid' }),
      'Limit l: each is paid, a boolean; name a dimension that says whom the limit is for.',
    ],
    [
      'per a bucket that the metric’s does not divide',
      loose('l', weekly, {}),
      'Limit l: weekly is kept per week, of which no month is made; it can be week.',
    ],
    [
      'in another unit',
      loose('l', calls, { atMost: '9 EUR' }),
      "Limit l: atMost is '9 EUR'; it must be an amount above 0 in calls, such as '100 calls'.",
    ],
    [
      'of nothing',
      loose('l', calls, { atMost: '0 calls' }),
      "Limit l: atMost is '0 calls'; it must be an amount above 0 in calls, such as '100 calls'.",
    ],
    [
      'by an entity that is not exported',
      loose('l', calls, { atMost: { entity: 'none', field: 'calls' } }),
      'Limit l: entity none is not among the definitions; export it beside this limit.',
    ],
    [
      'by an entity of another ref',
      loose('l', calls, { atMost: numbered.field('calls') }),
      'Limit l: customer (string) can name no numbered, whose ref number is of another type (integer).',
    ],
    [
      'by a field that is no quantity',
      loose('l', calls, { atMost: { entity: 'contract', field: 'customer' } }),
      "Limit l: customer is no quantity of entity contract; declare it with int('unit') or decimal(scale, 'unit').",
    ],
    [
      'by a field of more decimals',
      loose('l', spent, { atMost: contract.field('cap') }),
      'Limit l: contract.cap is in EUR with 3 decimals, and spent in EUR with 2; they must be alike.',
    ],
    [
      'told at no percent',
      loose('l', calls, { notifyAt: ['0.8'] }),
      "Limit l: notifyAt holds '0.8'; it must be whole percents from 1% to 1000%, such as '80%'.",
    ],
    [
      'told at one part twice',
      loose('l', calls, { notifyAt: ['80%', '80%'] }),
      'Limit l: notifyAt holds 80%, 80%; it must be 1 to 10 different percents.',
    ],
    ['of a name that is none', loose('Limit', calls, {}), 'Limit Limit: a name is a letter in lower case'],
  ]
  it.each(mistakes)('%s is refused by name', (_what, mistake, message) => {
    expect(() => compiled({ mistake })).toThrow(message)
  })

  it('is refused beside another of its name', () => {
    expect(() => compiled({ a: loose('l', calls, {}), b: loose('l', calls, {}) })).toThrow(
      'Two limits are called l; rename one.',
    )
  })
})
