import { decimal, event, int, metric, profile, z } from 'tidemark'
import { catalogueOf } from '../../core/catalogue.ts'
import { compileDefinitions } from '../../core/compile.ts'
import { grainOf } from '../../core/describe-profile.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import { keepers, type ModelData, measuredBy } from '../../core/model.ts'
import { differencesOf } from '../../core/model-diff.ts'
import { spanBefore, spanUpTo } from '../../core/profile-span.ts'

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const payment = event('payment', {
  cardId: z.string(),
  online: z.boolean(),
  merchantId: z.string(),
  amount: decimal(2, 'EUR'),
  tags: z.array(z.string()),
})
const other = event('other', { cardId: z.string(), size: int('bytes') })
const card = profile(
  'card',
  { payments: payment.count('payments'), spent: payment.sum('amount'), merchants: payment.countDistinct('merchantId') },
  { by: ['cardId'], over: '30d', where: { online: true }, describe: 'What a card pays', owner: 'risk' },
)
const compiled = (exported: Readonly<Record<string, unknown>>): ModelData => compileDefinitions(exported, hash).data

describe('a profile', () => {
  it('keeps each of its measures as a metric is kept, by its key', () => {
    const data = compiled({ card })
    expect(data.events.map(({ name }) => name)).toEqual(['payment'])
    expect(data.metrics.map(({ name }) => name)).toEqual(['rejected'])
    expect(measuredBy(data).map(({ name }) => name)).toEqual([
      'rejected',
      'card.payments',
      'card.spent',
      'card.merchants',
    ])
    expect(keepers(data)).toEqual(measuredBy(data))
    expect(data.profiles).toMatchObject([
      {
        name: 'card',
        event: 'payment',
        by: [{ name: 'cardId' }],
        overMs: 30 * 86_400_000,
        grain: 'minute',
        owner: 'risk',
      },
    ])
    expect(data.profiles?.[0]?.measures[1]).toMatchObject({
      as: 'spent',
      metric: {
        measure: { kind: 'sum', scale: 2 },
        where: [{ field: 'online' }],
        per: 'minute',
        liveMs: null,
        profile: 'card',
      },
    })
  })

  it('takes no part in a sliding window, and contributes what a metric of the same would', () => {
    const model = compileDefinitions(
      { card, same: metric('same', payment.sum('amount'), { by: ['cardId'], per: 'minute', where: { online: true } }) },
      hash,
    )
    const decoded = model.decode({
      shardId: 'shardId-000000000000',
      sequenceNumber: '7'.padStart(64, '0'),
      arrivalTime: Date.parse('2026-01-01T00:00:00Z'),
      text: JSON.stringify({
        type: 'payment',
        at: '2025-12-31T10:15:30Z',
        cardId: 'c',
        online: true,
        merchantId: 'm',
        amount: '7.25',
        tags: [],
      }),
    })
    const of = (name: string) =>
      model.contributions(decoded, 'batch').flatMap(({ metric: own, ...part }) => (own === name ? [part] : []))
    expect(of('card.spent')).toEqual(of('same'))
    expect(of('card.spent')).toHaveLength(1)
    expect(model.liveContributions(decoded)).toEqual([])
  })

  it.each([
    ['3600d', 'day'],
    ['1000d', 'day'],
    ['999d', 'hour'],
    ['30d', 'minute'],
    ['1d', 'minute'],
    ['1001m', 'minute'],
    ['60001s', 'second'],
    ['1h', 'second'],
    ['1s', 'second'],
  ] as const)('over %s is kept per %s', (over, grain) => {
    const data = compiled({ p: profile('p', { n: payment.count() }, { by: ['cardId'], over }) })
    expect(data.profiles?.[0]).toMatchObject({ grain })
    expect(grainOf(data.profiles?.[0]?.overMs ?? 0)).toBe(grain)
  })

  it('covers its whole span: up to now with the bucket under way, before a time without any of its bucket', () => {
    const minutes = { grain: 'minute', overMs: 3_600_000 } as const
    const at = Date.parse('2026-01-01T10:15:30Z')
    const told = ({ from, to }: { from: number; to: number }) => [from, to].map((time) => new Date(time).toISOString())
    expect(told(spanUpTo(minutes, at))).toEqual(['2026-01-01T09:16:00.000Z', '2026-01-01T10:16:00.000Z'])
    expect(told(spanBefore(minutes, at))).toEqual(['2026-01-01T09:15:00.000Z', '2026-01-01T10:15:00.000Z'])
    const onStart = Date.parse('2026-01-01T10:15:00Z')
    expect(told(spanBefore(minutes, onStart))).toEqual(['2026-01-01T09:15:00.000Z', '2026-01-01T10:15:00.000Z'])
    expect(spanBefore({ grain: 'day', overMs: 86_400_000 }, Date.parse('0001-01-01T10:00:00Z')).from).toBe(
      Date.parse('0001-01-01T00:00:00Z'),
    )
  })

  it('changes no version of what is beside it', () => {
    const paid = metric('paid', payment.sum('amount'), { per: 'day' })
    expect(compiled({ card, paid }).metrics).toEqual(compiled({ paid }).metrics)
    expect(compiled({ card, paid }).version).not.toBe(compiled({ paid }).version)
  })

  it('has a version of all that decides its answers, and of no words', () => {
    const versionOf = (over: Partial<{ over: '31d' | '30d'; describe: string }>, spent = payment.sum('amount')) =>
      compiled({ p: profile('p', { spent }, { by: ['cardId'], over: '30d', ...over }) }).profiles?.[0]?.version
    const own = versionOf({})
    expect(versionOf({ describe: 'x' })).toBe(own)
    expect(versionOf({ over: '31d' })).not.toBe(own)
    expect(versionOf({}, payment.max('amount') as never)).not.toBe(own)
  })

  it('is told in the catalogue, and what changes of it', () => {
    const text = catalogueOf(compiled({ card }))
    expect(text).toContain('## Profiles\n\n### card')
    expect(text).toContain('sum of amount of payment, in EUR')
    expect(text).not.toContain('card.spent')
    const wider = profile('card', { payments: payment.count('payments') }, { by: ['cardId'], over: '31d' })
    expect(differencesOf(compiled({ card }), compiled({ card: wider }))).toMatchObject([
      { kind: 'profile', name: 'card', change: 'changed' },
    ])
    expect(differencesOf(compiled({ card }), compiled({ card }))).toEqual([])
  })

  const of = (measures: never, options: object) => ({ p: profile('p', measures, options as never) })
  const n = payment.count()
  it.each([
    ['a name that is none', { p: profile('P', { n }, { by: ['cardId'], over: '1d' }) }, /Profile P: a name is/],
    [
      'a name that another has',
      { card, x: metric('card', payment.count(), { per: 'day' }) },
      /Two metrics, entities, profiles, scores or sessions are called card; rename one/,
    ],
    ['no measures', of({} as never, { by: ['cardId'], over: '1d' }), /Profile p: it has no measures/],
    ['no key', of({ n } as never, { by: [], over: '1d' }), /Profile p: it is by nothing/],
    ['a span that is none', of({ n } as never, { by: ['cardId'], over: '-5m' }), /Profile p: over is '-5m'/],
    ['a span too long', of({ n } as never, { by: ['cardId'], over: '4000d' }), /at most 3653 days/],
    [
      'a name of a measure that is none',
      of({ 'a.b': n } as never, { by: ['cardId'], over: '1d' }),
      /Profile p, a\.b: a measure's name/,
    ],
    [
      'names that differ in case',
      of({ a: n, A: n } as never, { by: ['cardId'], over: '1d' }),
      /Profile p, A: another measure's name/,
    ],
    [
      'names too long',
      of({ ['x'.repeat(39)]: n } as never, { by: ['cardId'], over: '1d' }),
      /is longer than 40 characters/,
    ],
    [
      'two events',
      of({ n, o: other.count() } as never, { by: ['cardId'], over: '1d' }),
      /Profile p, o: it measures event other, and others of the profile payment/,
    ],
    [
      'a key that is no field',
      of({ n } as never, { by: ['nobody'], over: '1d' }),
      /Profile p, n: nobody is no field of its event/,
    ],
    [
      'a quantile that is none',
      of({ q: payment.quantile('amount', 2) } as never, { by: ['cardId'], over: '1d' }),
      /Profile p, q, quantile of amount: q is 2/,
    ],
    [
      'too many measures',
      of(Object.fromEntries(Array.from({ length: 33 }, (_, nth) => [`n${nth}`, n])) as never, {
        by: ['cardId'],
        over: '1d',
      }),
      /33 measures; there can be 32/,
    ],
  ])('is refused with %s', (_, exported, message) => {
    expect(() => compiled(exported)).toThrow(message)
  })
})
