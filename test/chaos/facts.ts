/** What the producer knows of a record that it sends: enough to write it again and to count it. */
export type Fact = OrderFact | RejectedFact

export interface OrderFact {
  readonly kind: 'order'
  readonly id: string
  /** Epoch ms. */
  readonly at: number
  readonly shop: string
  readonly channel: 'web' | 'till' | null
  readonly cents: number
  readonly pieces: number | null
  readonly customer: string | null
}

/** A record that is no event of the definitions. */
export interface RejectedFact {
  readonly kind: 'rejected'
  readonly id: string
  readonly reason: 'not_json' | 'not_utf8' | 'unknown_type' | 'invalid' | 'too_early'
  readonly eventType: string | null
  readonly at: number
}

export interface PlannedRecord {
  readonly fact: Fact
  readonly partitionKey: string
}

const shops = ['Aachen', 'Bonn', 'Celle', 'Düren']
const channels = ['web', 'till', null] as const
const latestMs = 6 * 3_600_000
const rejections = [
  ['not_json', null],
  ['not_utf8', null],
  ['unknown_type', null],
  ['invalid', 'order'],
  ['too_early', 'order'],
] as const

/** How the records are mixed: shares of all that is new. */
const shares = { rejected: 0.01, late: 0.15, sentTwice: 0.02, sentTwiceElsewhere: 0.005, corrected: 0.003 }

/** A record and those that the same producer sends after it under the same identity, each some seconds later. */
export interface Planned {
  readonly record: PlannedRecord
  readonly later: readonly { readonly record: PlannedRecord; readonly afterMs: number }[]
}

/** The next record, its content drawn from `random` and its event time counted back from `now` (epoch ms). */
export const plan = (number: number, now: number, random: () => number): Planned => {
  const id = `r-${number}`
  if (random() < shares.rejected) return { record: { fact: rejected(id, now, random), partitionKey: id }, later: [] }
  const fact = order(id, now, random)
  const kind = random()
  const afterMs = 500 + Math.floor(random() * 15_000)
  const twin = twinOf(fact, kind)
  return { record: { fact, partitionKey: id }, later: twin === undefined ? [] : [{ record: twin, afterMs }] }
}

const twinOf = (fact: OrderFact, kind: number): PlannedRecord | undefined => {
  if (kind < shares.sentTwice) return { fact, partitionKey: fact.id }
  if (kind < shares.sentTwice + shares.sentTwiceElsewhere) return { fact, partitionKey: `elsewhere-${fact.id}` }
  if (kind < shares.sentTwice + shares.sentTwiceElsewhere + shares.corrected)
    return { fact: { ...fact, cents: fact.cents + 1 }, partitionKey: fact.id }
  return undefined
}

const order = (id: string, now: number, random: () => number): OrderFact => ({
  kind: 'order',
  id,
  at: now - Math.floor(random() < shares.late ? random() * latestMs : random() * 2000),
  shop: pick(shops, random),
  channel: pick(channels, random),
  cents: 1 + Math.floor(random() * 100_000),
  pieces: random() < 0.1 ? null : 1 + Math.floor(random() * 1000),
  customer: random() < 0.1 ? null : `c${Math.floor(random() * 5000)}`,
})

const rejected = (id: string, now: number, random: () => number): RejectedFact => {
  const [reason, eventType] = pick(rejections, random)
  return { kind: 'rejected', id, reason, eventType, at: now }
}

const pick = <T>(values: readonly T[], random: () => number): T => values[Math.floor(random() * values.length)] as T

/** The record's bytes: the same fact always gives the same. */
export const dataOf = (fact: Fact): Buffer => (fact.kind === 'order' ? Buffer.from(orderText(fact)) : junk(fact))

const orderText = ({ id, at, shop, channel, cents, pieces, customer }: OrderFact): string => {
  const amount = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
  return JSON.stringify({ type: 'order', id, at: new Date(at).toISOString(), shop, channel, amount, pieces, customer })
}

const tooEarlyMs = 3 * 3_600_000

const junk = ({ id, reason, at }: RejectedFact): Buffer => {
  const whole = { type: 'order', id, at, shop: 'Aachen', channel: 'web', amount: '1.00', pieces: 1, customer: null }
  switch (reason) {
    case 'not_json':
      return Buffer.from(`{"type":"order","id":"${id}`)
    case 'not_utf8':
      return Buffer.concat([Buffer.from(id), Buffer.from([0xff, 0xfe])])
    case 'unknown_type':
      return Buffer.from(JSON.stringify({ ...whole, type: 'refund' }))
    case 'invalid':
      return Buffer.from(JSON.stringify({ ...whole, amount: '1.001' }))
    case 'too_early':
      return Buffer.from(JSON.stringify({ ...whole, at: at + tooEarlyMs }))
  }
}
