import type { Payment } from './payments.ts'

const minuteMs = 60_000
const tenMinutesMs = 10 * minuteMs
const monthMs = 30 * 86_400_000

/** A card's payments within a span before an instant, each once, however often it was told. */
const within = (payments: readonly Payment[], cardId: string, from: number, to: number): Payment[] => {
  const own = payments.filter((one) => one.cardId === cardId && Date.parse(one.at) >= from && Date.parse(one.at) < to)
  return [...new Map(own.map((one) => [one.id, one])).values()]
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
const cents = (payments: readonly Payment[]): number =>
  sum(payments.map(({ amount }) => Math.round(Number(amount) * 100)))

/** What the card's profile says as of an instant, counted from its payments. */
export const wantedProfile = (payments: readonly Payment[], cardId: string, asOf: number): unknown[] => {
  const to = Math.floor(asOf / minuteMs) * minuteMs
  const paid = within(payments, cardId, to - monthMs, to)
  const amounts = paid.map(({ amount }) => Number(amount))
  const typical = sum(amounts) / amounts.length
  const spread = Math.sqrt(sum(amounts.map((amount) => (amount - typical) ** 2)) / amounts.length)
  const merchants = new Set(paid.map(({ merchantId }) => merchantId)).size
  return [
    cardId,
    paid.length,
    (cents(paid) / 100).toFixed(2),
    paid.length === 0 ? null : typical,
    paid.length === 0 ? null : spread,
    merchants,
  ]
}

/** What the card's burst says, kept per second. */
export const wantedBurst = (payments: readonly Payment[], cardId: string, asOf: number): unknown[] => {
  const to = Math.floor(asOf / 1000) * 1000
  const paid = within(payments, cardId, to - tenMinutesMs, to)
  return [cardId, paid.length, (cents(paid) / 100).toFixed(2)]
}

/** How risky a payment is when it is made, by the payments before it: its score, and how many reasons there are. */
export const wantedRisk = (payments: readonly Payment[], paid: Payment): unknown[] => {
  const at = Date.parse(paid.at)
  const [, count, , typical, spread] = wantedProfile(payments, paid.cardId, at)
  const [, burst] = wantedBurst(payments, paid.cardId, at)
  const isFar = Number(count) >= 5 && Number(spread) > 0 && (Number(paid.amount) - Number(typical)) / Number(spread) > 4
  const isBurst = Number(burst) >= 3
  return [paid.id, isFar && isBurst ? 0.95 : isFar ? 0.8 : isBurst ? 0.5 : 0.1, Number(isFar) + Number(isBurst)]
}
