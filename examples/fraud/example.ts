import { seededRandom } from '../../cli/samples/shuffle.ts'
import type { Check, ExampleStage } from '../../scripts/example/stage.ts'
import { wantedBurst, wantedProfile, wantedRisk } from './oracle.ts'
import { cards, end, type Payment, randomPayments } from './payments.ts'

const seed = 20_170_415
const paymentsEach = 2500
const hourMs = 3_600_000
/** All paid; in the middle of what was paid; in the middle of a minute, when the last of a month's payments are going. */
const moments = [end, end - 20 * 24 * hourMs, end - 7 * hourMs - 12_345]

/** Payments by card, profiled by both layers as of several moments, and held to a plain count of the payments. */
export const run = async (stage: ExampleStage): Promise<Check[]> => {
  const random = seededRandom(seed)
  const [older, newer] = [randomPayments('a', paymentsEach, random), randomPayments('b', paymentsEach, random)]
  await stage.ingest(older)
  const bySpeed = await profilesCheck(stage, 'speed alone', older)
  await stage.recompute()
  const byBatch = await profilesCheck(stage, 'batch alone', older)
  await stage.ingest(newer)
  const both = [...older, ...newer]
  return [
    bySpeed,
    byBatch,
    await profilesCheck(stage, 'batch and speed', both),
    await burstsCheck(stage, both),
    await risksCheck(stage, both),
    await riskByCommandLine(stage, both),
    await commandLineCheck(stage, both),
    await nowCheck(stage),
    await verifyCheck(stage),
  ]
}

interface Measured {
  readonly measures: Readonly<Record<string, { readonly value: number | string | null }>>
}

const profileOf = (stage: ExampleStage, name: string, cardId: string, asOf?: string): Promise<Measured> =>
  stage.api.get<Measured>(`/v1/profiles/${name}/${encodeURIComponent(cardId)}`, { asOf })

/**
 * What is told, in the order of what is wanted. What may be off says so: a mean and a deviation by the oracle's own
 * doubles, a distinct count by its standard error; within that it is told as wanted.
 */
const told = (cardId: string, { measures }: Measured, wanted: readonly unknown[]): unknown[] => {
  const { payments, spent, typical, spread, merchants } = measures
  const [, , , wantedTypical, wantedSpread, wantedMerchants] = wanted
  return [
    cardId,
    payments?.value,
    spent?.value,
    near(typical?.value, wantedTypical, 1e-6),
    near(spread?.value, wantedSpread, 1e-6),
    near(merchants?.value, wantedMerchants, 1),
  ]
}

const near = (found: unknown, wanted: unknown, within: number): unknown =>
  found !== null && wanted !== null && Math.abs(Number(found) - Number(wanted)) <= within ? wanted : found

const profilesCheck = async (stage: ExampleStage, by: string, payments: readonly Payment[]): Promise<Check> => {
  const asked = moments.flatMap((moment) => cards.map((cardId) => ({ moment, cardId })))
  const wanted = asked.map(({ moment, cardId }) => wantedProfile(payments, cardId, moment))
  const found: unknown[] = []
  for (const [place, { moment, cardId }] of asked.entries()) {
    const answer = await profileOf(stage, 'card_profile', cardId, new Date(moment).toISOString())
    found.push(told(cardId, answer, wanted[place] ?? []))
  }
  const what = `${cards.length} cards' profiles as of ${moments.length} moments, by ${by}`
  return { what, ...asLines(found, wanted) }
}

/** As of the moment after each of some payments. */
const burstsCheck = async (stage: ExampleStage, payments: readonly Payment[]): Promise<Check> => {
  const some = payments.filter((_, place) => place % 97 === 0)
  const found: unknown[] = []
  for (const { cardId, at } of some) {
    const { payments: count, spent } = (await profileOf(stage, 'card_burst', cardId, after(at))).measures
    found.push([cardId, count?.value, spent?.value])
  }
  const wanted = some.map(({ cardId, at }) => wantedBurst(payments, cardId, Date.parse(after(at))))
  return { what: `what ${some.length} cards paid in the last 10 minutes`, ...asLines(found, wanted) }
}

const after = (at: string): string => new Date(Date.parse(at) + 2000).toISOString()

interface Scored {
  readonly score: number
  readonly because: readonly string[]
}

/** Payments far above the usual, and some others, scored as if they were just made: each is there already, and counts for none. */
const risksCheck = async (stage: ExampleStage, payments: readonly Payment[]): Promise<Check> => {
  const some = payments.filter(
    ({ id, amount }, place) => Number(amount) > 1500 || id.endsWith('-4') || place % 61 === 0,
  )
  const found: unknown[] = []
  for (const paid of some) {
    const { score, because } = await stage.api.post<Scored>('/v1/scores/card_risk', JSON.stringify(paid))
    found.push([paid.id, score, because.length])
  }
  const wanted = some.map((paid) => wantedRisk(payments, paid))
  const kinds = new Set(wanted.map((risk) => JSON.stringify(Array.isArray(risk) ? risk.slice(1) : risk))).size
  return { what: `the risk of ${some.length} payments, of ${kinds} kinds`, ...asLines(found, wanted) }
}

const riskByCommandLine = async (stage: ExampleStage, payments: readonly Payment[]): Promise<Check> => {
  const paid = payments.find(({ amount }) => Number(amount) > 1500)
  const answer = JSON.parse(await stage.tidemarkGiven(JSON.stringify(paid), 'score', 'card_risk', '--json')) as Scored
  const found = [[paid?.id, answer.score, answer.because.length]]
  return {
    what: 'a risk, by the command line',
    ...asLines(found, paid === undefined ? [] : [wantedRisk(payments, paid)]),
  }
}

const commandLineCheck = async (stage: ExampleStage, payments: readonly Payment[]): Promise<Check> => {
  const [cardId = ''] = cards
  const asOf = new Date(end).toISOString()
  const wanted = wantedProfile(payments, cardId, end)
  const answer = JSON.parse(
    await stage.tidemark('profile', 'card_profile', cardId, '--as-of', asOf, '--json'),
  ) as Measured
  return { what: 'a profile, by the command line', ...asLines([told(cardId, answer, wanted)], [wanted]) }
}

/** A payment of this moment shows at once. */
const nowCheck = async (stage: ExampleStage): Promise<Check> => {
  const paid = { type: 'payment', id: 'now', at: new Date().toISOString(), cardId: 'new card', merchantId: 'm' }
  await stage.ingest([{ ...paid, amount: '12.50' }])
  const answers = [await profileOf(stage, 'card_burst', 'new card'), await profileOf(stage, 'card_profile', 'new card')]
  const found = answers.map(({ measures }) => [measures.payments?.value, measures.spent?.value])
  return {
    what: 'a payment of this moment',
    ...asLines(found, [
      [1, '12.50'],
      [1, '12.50'],
    ]),
  }
}

/** What each measure is kept of, in full: the recount from the raw archive finds no difference. */
const verifyCheck = async (stage: ExampleStage): Promise<Check> => {
  const { comparisons } = JSON.parse(await stage.tidemark('verify', '--json')) as {
    comparisons: { metric: string; equal: boolean }[]
  }
  const found = comparisons.filter(({ metric }) => metric.startsWith('card_'))
  return {
    what: 'every measure, recounted from the raw archive',
    found: found.map(({ equal }) => equal).join(' '),
    wanted: 'true true true true true true true',
  }
}

/** How many there are, and those that differ. */
const asLines = (found: readonly unknown[], wanted: readonly unknown[]): Pick<Check, 'found' | 'wanted'> => {
  const ofFound = found.map((one) => JSON.stringify(one))
  const ofWanted = wanted.map((one) => JSON.stringify(one))
  const isOther = (_: string, place: number): boolean => ofFound[place] !== ofWanted[place]
  return {
    found: [found.length, ...ofFound.filter(isOther)].join('\n'),
    wanted: [wanted.length, ...ofWanted.filter(isOther)].join('\n'),
  }
}
