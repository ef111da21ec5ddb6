import type { Choices } from './choices.ts'

/** What a producer knows of one event it sent. */
export interface Sale {
  readonly kind: 'sale'
  readonly id: string
  /** Epoch ms. */
  readonly at: number
  readonly shop: string | null
  readonly express: boolean
  /** Cents. */
  readonly amount: number
  readonly customer: string
}

/** A record that no definition takes: what the system must say of it. */
export interface Junk {
  readonly kind: 'junk'
  readonly text: string | null
  readonly reason: string
  readonly eventType: string | null
}

export type Sent = Sale | Junk

export const saleText = ({ id, at, shop, express, amount, customer }: Sale): string =>
  JSON.stringify({
    type: 'sale',
    id,
    at: new Date(at).toISOString(),
    shop,
    express,
    amount: (amount / 100).toFixed(2),
    buyer: { customer },
  })

const shops = ['mitte', '', null, "it's \\ 🛫", 'mitte ', '  ']
/** What a shop is counted as: blanks at the end of a name say nothing. */
export const shopOf = ({ shop }: Pick<Sale, 'shop'>): string | null => shop?.replace(/ +$/, '') ?? null

const hourMs = 3_600_000
const minuteMs = 60_000

/** An event that happens about now: most of them lately, some hours or days late, some a little early. */
export const newSale = (choices: Choices, id: string, now: number): Sale => {
  const lateMs = choices.pick([0, 0, 0, minuteMs, 5 * minuteMs, 2 * hourMs, 26 * hourMs, -10 * minuteMs])
  return {
    kind: 'sale',
    id,
    at: now - lateMs - choices.below(3) * 1000,
    shop: choices.pick(shops),
    express: choices.below(2) === 0,
    amount: choices.below(4000) - 1000,
    customer: `customer-${choices.below(3)}`,
  }
}

const ahead = (now: number): string =>
  JSON.stringify({
    type: 'sale',
    id: 'ahead',
    at: new Date(now + 5 * hourMs).toISOString(),
    shop: null,
    express: true,
    amount: '1.00',
    buyer: { customer: 'c' },
  })

export const newJunk = (choices: Choices, now: number): Junk =>
  choices.pick<Junk>([
    { kind: 'junk', text: '{"type":"sale"', reason: 'not_json', eventType: null },
    { kind: 'junk', text: null, reason: 'not_utf8', eventType: null },
    { kind: 'junk', text: '{"type":"refund"}', reason: 'unknown_type', eventType: null },
    { kind: 'junk', text: '{"type":"sale","id":"x"}', reason: 'invalid', eventType: 'sale' },
    { kind: 'junk', text: ahead(now), reason: 'too_early', eventType: 'sale' },
  ])
