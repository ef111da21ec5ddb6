import { decimal, event, instant, profile, score, secret, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { scoreCode } from '../../core/definition/functions.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import type { Model } from '../../core/model.ts'

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const payment = event(
  'payment',
  {
    cardId: z.string(),
    amount: decimal(2, 'EUR').nullable(),
    paidAt: instant(),
    pin: secret(z.string()),
    shop: z.object({ city: z.string(), fee: decimal(1, 'EUR') }),
  },
  { at: 'paidAt', derive: { size: (p) => ((p.amount ?? 0n) > 10_000n ? 'large' : 'small') } },
)
const card = profile(
  'card',
  { payments: payment.count(), typical: payment.mean('amount') },
  { by: ['cardId'], over: '30d' },
)
const other = event('other', { cardId: z.int() })

/** What the rule was given last. */
const given: unknown[] = []
const risk = score('risk', payment, {
  profiles: { card },
  rule: (p, profiles) => {
    given.splice(0, 2, p, profiles)
    return { score: p.amount ?? -1, because: [p.size] }
  },
})
const code = { payment: 'x', [scoreCode('risk')]: 'y' }
const compiled = (exported: Readonly<Record<string, unknown>>, codes: Readonly<Record<string, string>> = code): Model =>
  compileDefinitions(exported, hash, {}, codes)

const at = Date.parse('2026-01-01T00:00:00Z')
const decodedOf = (model: Model, fields: object = {}) =>
  model.decode({
    shardId: 's',
    sequenceNumber: '1',
    arrivalTime: at,
    text: JSON.stringify({
      ...{ type: 'payment', paidAt: at, cardId: 'c', amount: '123.45', pin: '1234' },
      ...{ shop: { city: 'x', fee: '0.5' }, ...fields },
    }),
  })

describe('a score', () => {
  it('gets the event in plain numbers, without secrets, and what its profiles say', () => {
    const model = compiled({ payment, card, risk })
    const scored = model.score('risk', decodedOf(model), { card: { payments: 3, typical: null } })
    expect(scored).toEqual({ score: 123.45, because: ['large'] })
    const [event, profiles] = given
    expect(event).toMatchObject({
      cardId: 'c',
      amount: 123.45,
      paidAt: at,
      at,
      id: null,
      size: 'large',
      'shop.fee': 0.5,
    })
    expect(event).not.toHaveProperty('pin')
    expect(profiles).toEqual({ card: { payments: 3, typical: null } })
    expect(model.score('risk', decodedOf(model, { amount: null }), { card: {} })).toEqual({
      score: -1,
      because: ['small'],
    })
  })

  it('keeps nothing, and stands in the catalogue with its version', () => {
    const without = compiled({ payment, card }).data
    const { data } = compiled({ payment, card, risk })
    expect(data.metrics).toEqual(without.metrics)
    expect(data.profiles).toEqual(without.profiles)
    expect(data.scores).toMatchObject([
      { name: 'risk', event: 'payment', profiles: [{ as: 'card', profile: 'card' }], code: 'y' },
    ])
    expect(data.version).not.toBe(without.version)
  })

  it('has another version where its code, its event or its profiles changed', () => {
    const versionOf = (exported: object, codes = code) =>
      compiled({ payment, card, risk, ...exported }, codes).data.scores?.[0]?.version
    const own = versionOf({})
    expect(versionOf({})).toBe(own)
    expect(versionOf({}, { ...code, [scoreCode('risk')]: 'z' })).not.toBe(own)
    expect(versionOf({}, { ...code, payment: 'z' })).not.toBe(own)
    expect(
      versionOf({ card: profile('card', { payments: payment.count() }, { by: ['cardId'], over: '31d' }) }),
    ).not.toBe(own)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
      'threw: no',
    ],
    ['answers no number', () => ({ score: Number.NaN, because: [] }), 'answered a score of NaN'],
    ['answers nothing', () => undefined, 'answered a score of undefined'],
    ['gives no reasons', () => ({ score: 1, because: 'x' }), 'answered no list of texts'],
    [
      'changes its event',
      (p: { amount: number }) => {
        p.amount = 1
        return { score: 1, because: [] }
      },
      'threw: Cannot assign',
    ],
  ])('says why, where its rule %s', (_, rule, message) => {
    const model = compiled({ payment, card, risk: score('risk', payment, { profiles: { card }, rule: rule as never }) })
    const scored = model.score('risk', decodedOf(model), { card: {} })
    expect(scored).toBeInstanceOf(Error)
    expect(String(scored)).toContain(message)
  })

  const rule = () => ({ score: 0, because: [] })
  it.each([
    [
      'whose profile is not there',
      { payment, risk },
      'Score risk, profiles card: profile card is not among the definitions',
    ],
    [
      'whose event lacks the key',
      { card, risk: score('risk', other, { profiles: { card } as never, rule }) },
      'Score risk, profiles card: card is by cardId, a string, and event other has no such field',
    ],
    [
      'without profiles',
      { risk: score('risk', payment, { profiles: {}, rule }) },
      'Score risk: it looks at no profiles',
    ],
    ['by a name that is none', { risk: score('Risk', payment, { profiles: {}, rule }) }, 'Score Risk: a name is'],
    [
      'by a name that another has',
      { card, risk: score('card', payment, { profiles: { card }, rule }) },
      /nothing stands for its code|are called card/,
    ],
  ])('is refused %s', (_, exported, message) => {
    expect(() => compiled(exported)).toThrow(message)
  })

  it('is refused where nothing stands for its code', () => {
    expect(() => compiled({ payment, card, risk }, { payment: 'x' })).toThrow(
      'Score risk has a rule, and nothing stands for its code',
    )
  })
})
