import type { Group } from './example.ts'

const payment = `export const payment = event('payment', { card: z.string(), amount: decimal(2, 'EUR') })`
const card = `export const card = profile('card', { typical: payment.mean('amount') }, { by: ['card'], over: '30d' })`
const measures = Array.from({ length: 20 }, (_, nth) => `m${nth}: payment.count()`).join(', ')

export const scores: Group = {
  title: 'Scores',
  examples: [
    {
      title: 'A score of no profile',
      definitions: `${payment}
export const risk = score('risk', payment, { profiles: {}, rule: () => ({ score: 0, because: [] }) })`,
    },
    {
      title: 'A score of a profile that is not exported',
      definitions: `${payment}
const hidden = profile('hidden', { payments: payment.count() }, { by: ['card'], over: '30d' })
export const risk = score('risk', payment, { profiles: { card: hidden }, rule: () => ({ score: 0, because: [] }) })`,
    },
    {
      title: 'A score of an event that lacks the key',
      definitions: `${payment}
${card}
export const refund = event('refund', { payment: z.string() })
export const risk = score('risk', refund, { profiles: { card }, rule: () => ({ score: 0, because: [] }) })`,
    },
    {
      title: 'A score of too many measures',
      definitions: `${payment}
export const many = profile('many', { ${measures} }, { by: ['card'], over: '30d' })
export const more = profile('more', { ${measures} }, { by: ['card'], over: '1d' })
export const risk = score('risk', payment, { profiles: { many, more }, rule: () => ({ score: 0, because: [] }) })`,
    },
    {
      title: 'A rule that forgets that nothing may be known',
      definitions: `${payment}
${card}
export const risk = score('risk', payment, {
  profiles: { card },
  rule: (paid, { card }) => ({ score: paid.amount, because: [card.typical.toFixed(2)] }),
})`,
    },
    {
      title: 'A rule that asks for more than its event',
      definitions: `${payment}
${card}
export const risk = score('risk', payment, {
  profiles: { card },
  rule: (paid) => ({ score: Date.now() - paid.at, because: [] }),
})`,
    },
  ],
}
