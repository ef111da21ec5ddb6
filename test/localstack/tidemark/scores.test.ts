import { decimal, event, profile, score, z } from 'tidemark'
import { scoreCode } from '../../../core/definition/functions.ts'
import { route, type Serving } from '../../../lambdas/serving/routes.ts'
import type { ScoreAnswer } from '../../../lambdas/serving/scores.ts'
import { randomOf } from './batch-law.ts'
import { arrival, BatchStage, shardA, shardB } from './batch-stage.ts'

const payment = event('payment', {
  card: z.string().nullable(),
  shop: z.int(),
  amount: decimal(2, 'EUR'),
})
const other = event('other', { card: z.string() })
const card = profile('card', { payments: payment.count(), most: payment.max('amount') }, { by: ['card'], over: '20h' })
const pair = profile('pair', { spent: payment.sum('amount') }, { by: ['card', 'shop'], over: '1h' })
const risk = score('risk', payment, {
  profiles: { own: card, here: pair },
  rule: (paid, { own, here }) => {
    if (paid.amount > 1000) throw new Error('too much')
    return { score: paid.amount + own.payments * 1000 + (own.most ?? 0) * 1e6, because: [`${here.spent} here`] }
  },
})
const definitions = { payment, other, card, pair, risk }

interface Paid {
  readonly at: number
  readonly card: string
  readonly shop: number
  readonly cents: number
}

const cards = ['a', 'b/c']
const recordOf = ({ at, cents, ...rest }: Paid, id: string) => ({
  ...{ type: 'payment', id, ...rest, at: new Date(at).toISOString(), amount: (cents / 100).toFixed(2) },
})

/** By the payments before the bucket of the event's time. */
const wanted = (all: readonly Paid[], paid: Paid): Pick<ScoreAnswer, 'score' | 'because'> => {
  const before = (grainMs: number, overMs: number): Paid[] => {
    const to = Math.floor(paid.at / grainMs) * grainMs
    return all.filter((one) => one.card === paid.card && one.at < to && one.at >= to - overMs)
  }
  const own = before(60_000, 20 * 3_600_000)
  const most = Math.max(0, ...own.map(({ cents }) => cents)) / 100
  const here = before(1000, 3_600_000).filter(({ shop }) => shop === paid.shop)
  const spent = here.reduce((sum, { cents }) => sum + cents, 0) / 100
  return { score: paid.cents / 100 + own.length * 1000 + most * 1e6, because: [`${spent} here`] }
}

const scored = (stage: BatchStage, text: string, name = 'risk'): Promise<ScoreAnswer> => {
  const { model, states } = stage
  const serving = { model: model.data, answers: states, now: () => stage.now, code: async () => model }
  return route(serving as unknown as Serving, `/v1/scores/${name}`, new URLSearchParams(), text) as Promise<ScoreAnswer>
}

let real: BatchStage
let twin: BatchStage
const onBoth = async (act: (stage: BatchStage) => Promise<unknown>): Promise<void> => {
  for (const stage of [real, twin]) await act(stage)
}
beforeAll(async () => {
  ;[real, twin] = await Promise.all([BatchStage.start(), BatchStage.start('memory')])
  await onBoth((stage) => stage.deploy(definitions, { [scoreCode('risk')]: 'x' }))
})
afterAll(() => real?.stop())

describe('a score, by batch and speed', () => {
  it('is what its rule says of the event and of what was before it, whether the event is counted or not', async () => {
    const random = randomOf(5)
    const below = (limit: number): number => Math.floor(random() * limit)
    const some = (): Paid => ({
      at: arrival - below(3) * below(40_000_000),
      card: cards[below(2)] ?? '',
      shop: below(3),
      cents: below(90_000),
    })
    const all: Paid[] = []
    const pay = async (count: number): Promise<void> => {
      const sent = Array.from({ length: count }, some)
      await onBoth(async (stage) => {
        for (const [nth, one] of sent.entries())
          stage.put(nth % 2 === 0 ? shardA : shardB, recordOf(one, `p${all.length + nth}`))
        await stage.settle()
      })
      all.push(...sent)
    }
    const compare = async (): Promise<void> => {
      for (const paid of [...all.slice(-8), some(), some()])
        await onBoth(async (stage) => {
          const answer = await scored(stage, JSON.stringify(recordOf(paid, 'new')))
          const { score: told, because } = wanted(all, paid)
          expect(answer).toMatchObject({ name: 'risk', because, at: new Date(paid.at).toISOString() })
          expect(answer.score).toBeCloseTo(told, 6)
        })
    }
    await pay(25)
    await compare()
    await onBoth((stage) => stage.recompute({ full: true }))
    await pay(15)
    await compare()
    const answer = await scored(real, JSON.stringify(recordOf({ at: arrival, card: 'b/c', shop: 1, cents: 1 }, 'new')))
    expect(answer.profiles).toMatchObject({
      own: { profile: 'card', by: { card: 'b/c' }, per: 'minute', to: new Date(arrival).toISOString() },
      here: { profile: 'pair', by: { card: 'b/c', shop: 1 }, per: 'second' },
    })
    expect(answer.receipt).toMatchObject({ exact: true, scoreVersion: real.model.data.scores?.[0]?.version })
    expect(answer.receipt).not.toHaveProperty('profileVersion')
  })

  it('is refused of what is no such event, and says where its rule fails', async () => {
    const paid = recordOf({ at: arrival, card: 'a', shop: 1, cents: 100 }, 'new')
    const refused = (text: string, name?: string): Promise<unknown> =>
      scored(twin, text, name).then(
        () => 'scored',
        ({ code, facts }: { code: string; facts: { reason?: string } }) => [code, facts.reason],
      )
    expect(await refused('')).toEqual(['event_refused', 'not_json'])
    expect(await refused(JSON.stringify({ ...paid, type: 'nothing' }))).toEqual(['event_refused', 'unknown_type'])
    expect(await refused(JSON.stringify({ ...paid, amount: 'x' }))).toEqual(['event_refused', 'invalid'])
    expect(await refused(JSON.stringify({ ...paid, at: '2027-01-01T00:00:00Z' }))).toEqual([
      'event_refused',
      'too_early',
    ])
    expect(await refused(JSON.stringify({ type: 'other', card: 'a', at: arrival }))).toEqual([
      'event_refused',
      undefined,
    ])
    expect(await refused(JSON.stringify({ ...paid, card: null }))).toEqual(['event_refused', undefined])
    expect(await refused(JSON.stringify({ ...paid, amount: '1000.01' }))).toEqual(['rule_failed', undefined])
    expect((await refused(JSON.stringify(paid), 'nothing'))?.toString()).toContain('unknown_score')
    const serving = { model: twin.model.data } as Serving
    expect(await route(serving, '/v1/scores', new URLSearchParams())).toMatchObject({
      scores: [{ name: 'risk', event: 'payment', profiles: [{ name: 'own', profile: 'card' }, { name: 'here' }] }],
    })
    await expect(route(serving, '/v1/scores/risk', new URLSearchParams())).rejects.toMatchObject({
      code: 'unknown_path',
    })
  })
})
