import { decimal, event, profile, z } from 'tidemark'
import { answerScale } from '../../../core/answer.ts'
import type { MeasureData } from '../../../core/model.ts'
import type { ProfileAnswer } from '../../../lambdas/serving/profiles.ts'
import { route, type Serving } from '../../../lambdas/serving/routes.ts'
import { flawOf } from '../../plain-measures.ts'
import { randomOf } from './batch-law.ts'
import { arrival, BatchStage, shardA, shardB } from './batch-stage.ts'

const payment = event('payment', {
  card: z.string(),
  online: z.boolean(),
  merchant: z.string().nullable(),
  amount: decimal(2, 'EUR').nullable(),
})
const measures = {
  payments: payment.count('payments'),
  spent: payment.sum('amount'),
  least: payment.min('amount'),
  most: payment.max('amount'),
  typical: payment.mean('amount'),
  spread: payment.stddev('amount'),
  median: payment.quantile('amount', 0.5),
  sizes: payment.histogram('amount', [0, 10]),
  merchants: payment.countDistinct('merchant'),
}
/** Kept per minute and per second, by one field and by two, of all payments and of some. */
const definitions = {
  card: profile('card', measures, { by: ['card'], over: '1001m' }),
  of_way: profile('of_way', measures, { by: ['card', 'online'], over: '2h', where: { merchant: { not: null } } }),
}
const overMs = { card: 1001 * 60_000, of_way: 2 * 3_600_000 }
const grainMs = { card: 60_000, of_way: 1000 }
type Name = keyof typeof definitions

interface Payment {
  readonly id: string
  readonly at: number
  readonly card: string
  readonly online: boolean
  readonly merchant: string | null
  readonly amount: bigint | null
}

const cards = ['c/1 ä', 'c2', '']
const randomPayment = (random: () => number, nth: number): Payment => {
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = <One>(of: readonly One[]): One => of[below(of.length)] as One
  // Some on the edges of buckets, most within hours, some days late.
  const ago = pick([0, 60_000, below(7_200_000), below(7_200_000), below(60_060_000), below(3 * 86_400_000)])
  return {
    id: `p${nth}`,
    at: arrival - ago,
    card: pick(cards),
    online: random() < 0.5,
    merchant: random() < 0.2 ? null : `m${below(6)}`,
    amount: random() < 0.15 ? null : BigInt(below(4000) - 1000),
  }
}

const recordOf = ({ amount, at, ...rest }: Payment): object => ({
  type: 'payment',
  ...rest,
  at: new Date(at).toISOString(),
  amount: amount === null ? null : (Number(amount) / 100).toFixed(2),
})

const ask = (stage: BatchStage, name: Name, key: readonly string[], asOf?: number): Promise<ProfileAnswer> => {
  const serving = { model: stage.model.data, answers: stage.states, now: () => stage.now } as unknown as Serving
  const query = new URLSearchParams(asOf === undefined ? {} : { asOf: new Date(asOf).toISOString() })
  return route(
    serving,
    `/v1/profiles/${name}/${key.map(encodeURIComponent).join('/')}`,
    query,
  ) as Promise<ProfileAnswer>
}

/** What is wrong with an answer, by the payments alone; each once, however often it was sent. */
const flawsOf = (
  stage: BatchStage,
  name: Name,
  key: readonly string[],
  paid: readonly Payment[],
  answer: ProfileAnswer,
  asOf?: number,
) => {
  const grain = grainMs[name]
  const to = asOf === undefined ? Math.floor(stage.now / grain) * grain + grain : Math.floor(asOf / grain) * grain
  const told = paid.filter(
    (one) =>
      one.at < to &&
      one.at >= to - overMs[name] &&
      one.card === key[0] &&
      (name === 'card' || (one.merchant !== null && String(one.online) === key[1])),
  )
  const amounts = told.flatMap(({ amount }) => amount ?? [])
  const plain: Record<string, unknown> = {
    payments: BigInt(told.length),
    spent: amounts.reduce((sum, amount) => sum + amount, 0n),
    least: amounts.reduce<bigint | null>((least, one) => (least === null || one < least ? one : least), null),
    most: amounts.reduce<bigint | null>((most, one) => (most === null || one > most ? one : most), null),
    merchants: BigInt(new Set(told.flatMap(({ merchant }) => merchant ?? [])).size),
  }
  const data = (stage.model.data.profiles ?? []).find((one) => one.name === name)
  const flaws = (data?.measures ?? []).flatMap(({ as, metric: { measure } }) => {
    const found = answer.measures[as]
    if (found === undefined) return [`${as} is missing`]
    const value = unscaled(found.value, measure)
    if (as in plain) return value === plain[as] ? [] : [`${as} is ${value}, not ${plain[as]}`]
    if (amounts.length === 0 && measure.kind !== 'histogram')
      return value === null ? [] : [`${as} of nothing is ${value}`]
    return flawOf(measure, amounts, value) ?? []
  })
  const span = [new Date(to - overMs[name]).toISOString(), new Date(to).toISOString()]
  return [answer.from, answer.to].join() === span.join()
    ? flaws
    : [...flaws, `it covers ${answer.from} to ${answer.to}`]
}

const unscaled = (value: unknown, measure: MeasureData): unknown => {
  if (value === null) return null
  if (Array.isArray(value)) return value.map(BigInt)
  const [whole = '', fraction = ''] = String(value).split('.')
  return BigInt(whole + fraction.padEnd(answerScale(measure), '0'))
}

let real: BatchStage
let twin: BatchStage
beforeAll(async () => {
  ;[real, twin] = await Promise.all([BatchStage.start(), BatchStage.start('memory')])
})
afterAll(() => real?.stop())

const onBoth = async (act: (stage: BatchStage) => Promise<unknown>): Promise<void> => {
  for (const stage of [real, twin]) await act(stage)
}

const compare = async (what: string, paid: readonly Payment[], random: () => number): Promise<void> => {
  const asOfs = [
    undefined,
    arrival - Math.floor(random() * 2 * 86_400_000),
    arrival - 60_000 * Math.floor(random() * 99),
  ]
  for (const asOf of asOfs)
    for (const key of cards)
      for (const [name, full] of [
        ['card', [key]],
        ['of_way', [key, String(random() < 0.5)]],
      ] as const)
        await onBoth(async (stage) => {
          const answer = await ask(stage, name, full, asOf)
          expect({ what, asOf, full, flaws: flawsOf(stage, name, full, paid, answer, asOf) }).toEqual({
            what,
            asOf,
            full,
            flaws: [],
          })
        })
}

describe('a profile, by batch and speed', () => {
  it.each([1, 2])('is what its payments say, late ones and twins too, whatever is done (seed %i)', async (seed) => {
    const random = randomOf(seed)
    await onBoth(async (stage) => {
      await stage.reset()
      await stage.deploy(definitions)
      // The stage's clock stands within a bucket, as clocks do.
      stage.now = arrival + 12_345
    })
    const paid: Payment[] = []
    const sentTo = new Map<string, string>()
    const pay = async (count: number): Promise<void> => {
      const sent = Array.from({ length: count }, () => {
        const again = random() < 0.15 ? paid[Math.floor(random() * paid.length)] : undefined
        const one = again ?? randomPayment(random, paid.length)
        if (again === undefined) paid.push(one)
        const shardId = sentTo.get(one.id) ?? (random() < 0.5 ? shardA : shardB)
        sentTo.set(one.id, shardId)
        return { one, shardId }
      })
      await onBoth(async (stage) => {
        for (const { one, shardId } of sent) stage.put(shardId, recordOf(one))
        await stage.settle()
      })
    }
    await pay(30)
    await compare('speed alone', paid, random)
    await onBoth((stage) => stage.recompute({ full: true }))
    await compare('batch alone', paid, random)
    await pay(25)
    await compare('both', paid, random)
    await onBoth((stage) => stage.replay(shardA, 4))
    await compare('replayed', paid, random)
    await onBoth(async (stage) => expect((await stage.recompute()).drift).toBe(0))
    await pay(10)
    await onBoth((stage) => stage.step({ step: 'rollback' }))
    await compare('rolled back', paid, random)
  })

  it('counts nothing of a key that nobody has, and tells how far each measure may be off', async () => {
    await onBoth(async (stage) => {
      const nothing = await ask(stage, 'card', ['nobody'])
      expect(Object.fromEntries(Object.entries(nothing.measures).map(([as, { value }]) => [as, value]))).toEqual({
        payments: 0,
        spent: '0.00',
        least: null,
        most: null,
        typical: null,
        spread: null,
        median: null,
        sizes: [0, 0, 0],
        merchants: 0,
      })
      expect(nothing.receipt.exact).toBe(true)
      const some = await ask(stage, 'card', ['c2'])
      expect(some).toMatchObject({ profile: 'card', by: { card: 'c2' }, per: 'minute' })
      expect(some.measures.payments).toMatchObject({ unit: 'payments', exact: true, error: null, errorKind: null })
      expect(some.measures.median).toMatchObject({ exact: false, error: 0.01, errorKind: 'bound' })
      expect(some.measures.merchants).toMatchObject({ exact: false, errorKind: 'standard error' })
      expect(some.receipt).toMatchObject({ exact: false, modelVersion: stage.model.data.version })
      const [kept] = stage.model.data.profiles ?? []
      expect(some.receipt.profileVersion).toBe(kept?.version)
    })
  })

  it('is kept as metrics that can be asked for one by one', async () => {
    await onBoth(async (stage) => {
      const { rows } = await stage.ask('card.payments', { per: 'total', where: 'card=c2' })
      expect(Number(rows[0]?.value)).toBeGreaterThan(0)
      const serving = { model: stage.model.data } as Serving
      const { metrics } = (await route(serving, '/v1/metrics', new URLSearchParams())) as {
        metrics: { name: string }[]
      }
      expect(metrics.map(({ name }) => name)).toEqual(['rejected'])
      const listed = await route(serving, '/v1/profiles', new URLSearchParams())
      expect(listed).toMatchObject({
        profiles: [
          { name: 'card', by: ['card'], over: '1001m', per: 'minute' },
          { name: 'of_way', by: ['card', 'online'], over: '2h', per: 'second' },
        ],
      })
    })
  })

  it('leaves out what is excluded, once a dataset was made without it', async () => {
    const paid = ['m1', 'm1', 'm2'].map((merchant, nth): Payment => {
      return { id: `x${nth}`, at: arrival - nth, card: 'c2', online: true, merchant, amount: 500n }
    })
    await onBoth(async (stage) => {
      await stage.reset()
      await stage.deploy(definitions)
      for (const one of paid) stage.put(shardA, recordOf(one))
      await stage.settle()
      const exclusion = { eventType: 'payment', from: null, to: null, fields: { merchant: 'm1' }, eventIds: null }
      const made = await stage.step<{ revision?: number }>({
        ...{ step: 'exclude', requestId: 'request-1', exclusion, reason: 'a test shop', by: 'me' },
      })
      expect(made).toMatchObject({ revision: 1 })
      await stage.recompute({ full: true })
      const { measures, receipt } = await ask(stage, 'card', ['c2'])
      expect(measures).toMatchObject({ payments: { value: 1 }, spent: { value: '5.00' }, merchants: { value: 1 } })
      expect(receipt.exclusions).toMatchObject({ batch: 1 })
    })
  })

  it('refuses what is no key and no time', async () => {
    const asked = (path: string, query: Record<string, string> = {}): Promise<unknown> =>
      route(
        { model: twin.model.data, answers: twin.states, now: () => twin.now } as unknown as Serving,
        `/v1/profiles/${path}`,
        new URLSearchParams(query),
      )
    await expect(asked('none/c2')).rejects.toMatchObject({ code: 'unknown_profile', status: 404 })
    await expect(asked('of_way/c2/true/x')).rejects.toMatchObject({ code: 'invalid_key', status: 400 })
    await expect(asked('of_way/c2')).rejects.toMatchObject({ code: 'invalid_key' })
    // As a gateway hands it on that has decoded the path.
    expect(await asked('card/c/1%20%C3%A4')).toMatchObject({ by: { card: 'c/1 ä' } })
    await expect(asked('of_way/c2/perhaps')).rejects.toMatchObject({ code: 'invalid_key' })
    await expect(asked('card/%00')).rejects.toMatchObject({ code: 'invalid_key' })
    await expect(asked('card/c2', { asOf: 'yesterday' })).rejects.toMatchObject({ code: 'invalid_as_of' })
    await expect(asked('card/c2', { by: 'card' })).rejects.toMatchObject({ code: 'unknown_parameter' })
  })

  it('is refused where its definition changed, until a dataset holds it', async () => {
    await onBoth(async (stage) => {
      await stage.recompute()
      await stage.deploy({
        ...definitions,
        card: profile('card', { n: payment.count() }, { by: ['online'], over: '1d' }),
      })
      await expect(ask(stage, 'card', ['true'])).rejects.toMatchObject({ code: 'definition_changed', status: 409 })
      await stage.settle()
      await stage.recompute({ full: true })
      expect(Number((await ask(stage, 'card', ['true'])).measures.n?.value)).toBeGreaterThan(0)
    })
  })
})
