import { decimal, event, profile, z } from 'tidemark'

export const payment = event('payment', {
  cardId: z.string(),
  merchantId: z.string(),
  amount: decimal(2, 'EUR'),
})

/** What a card does as a rule. */
export const cardProfile = profile(
  'card_profile',
  {
    payments: payment.count('payments'),
    spent: payment.sum('amount'),
    typical: payment.mean('amount'),
    spread: payment.stddev('amount'),
    merchants: payment.countDistinct('merchantId'),
  },
  { by: ['cardId'], over: '30d', describe: 'What a card pays in 30 days' },
)

/** What it does right now: kept per second, so that a burst shows at once. */
export const cardBurst = profile(
  'card_burst',
  { payments: payment.count('payments'), spent: payment.sum('amount') },
  { by: ['cardId'], over: '10m', describe: 'What a card pays in 10 minutes' },
)
