import { decimal, event, profile, score, z } from 'tidemark'

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

const burstPayments = 3
const fewPayments = 5
const farDeviations = 4

/** From 0 (as usual) to 1: far from what the card pays, or one of a burst. */
export const cardRisk = score('card_risk', payment, {
  profiles: { card: cardProfile, burst: cardBurst },
  rule: (paid, { card, burst }) => {
    const deviations =
      card.typical === null || card.spread === null || card.spread === 0
        ? 0
        : (paid.amount - card.typical) / card.spread
    const isFar = card.payments >= fewPayments && deviations > farDeviations
    const isBurst = burst.payments >= burstPayments
    return {
      score: isFar && isBurst ? 0.95 : isFar ? 0.8 : isBurst ? 0.5 : 0.1,
      because: [
        ...(isFar ? [`${deviations.toFixed(1)} deviations above what the card pays`] : []),
        ...(isBurst ? [`payment ${burst.payments + 1} within 10 minutes`] : []),
      ],
    }
  },
  describe: 'How unusual a payment is for its card',
})
