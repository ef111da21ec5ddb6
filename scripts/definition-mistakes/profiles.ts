import type { Group } from './example.ts'

const measures = Array.from({ length: 33 }, (_, nth) => `m${nth}: payment.count()`).join(', ')

export const profiles: Group = {
  title: 'Profiles',
  examples: [
    {
      title: 'A profile of nothing, by nothing, over nothing, of too much',
      definitions: `const payment = event('payment', { card: z.string(), amount: int('cents') })
export const a = profile('a', {}, { by: ['card'], over: '30d' })
export const b = profile('b', { payments: payment.count() }, { by: [], over: '30d' })
export const c = profile('c', { payments: payment.count() }, { by: ['card'], over: '30 days' })
export const d = profile('d', { ${measures} }, { by: ['card'], over: '30d' })`,
    },
    {
      title: 'A measure whose name is none',
      definitions: `const payment = event('payment', { card: z.string(), amount: int('cents') })
export const a = profile('a', { 'in total': payment.count() }, { by: ['card'], over: '30d' })
export const b = profile('b', { spent: payment.sum('amount'), Spent: payment.count() }, { by: ['card'], over: '30d' })
export const all_of_one_card = profile('all_of_one_card', { all_that_was_spent_with_it: payment.sum('amount') }, { by: ['card'], over: '30d' })`,
    },
    {
      title: 'Measures of two events',
      definitions: `const payment = event('payment', { card: z.string() })
const refund = event('refund', { card: z.string() })
export const card = profile('card', { payments: payment.count(), refunds: refund.count() }, { by: ['card'], over: '30d' })`,
    },
  ],
}
