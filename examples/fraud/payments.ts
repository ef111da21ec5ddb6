/** A payment, as a producer sends it. */
export interface Payment {
  readonly type: 'payment'
  readonly id: string
  readonly at: string
  readonly cardId: string
  readonly merchantId: string
  readonly amount: string
}

const dayMs = 86_400_000
const begin = Date.parse('2017-03-01T00:00:00Z')
/** How many days payments are of. */
export const days = 45
/** When all of them were made. */
export const end = begin + days * dayMs

export const cards = Array.from({ length: 40 }, (_, place) => `card ${place + 1}`)

/**
 * Payments of some cards in no order of time: each card has its usual amount and a few merchants, one in fifty payments
 * is far from usual, one in fifteen begins a burst of seconds, and one in twelve is told twice.
 */
export const randomPayments = (prefix: string, count: number, random: () => number): Payment[] => {
  const below = (limit: number): number => Math.floor(random() * limit)
  return Array.from({ length: count }, (_, place): Payment[] => {
    const card = below(cards.length)
    const at = begin + below(days * dayMs)
    const burst = random() < 1 / 15 ? 1 + below(5) : 1
    return Array.from({ length: burst }, (_, nth): Payment => {
      const usual = 5 + card * 3
      const cents = Math.round(usual * (random() < 1 / 50 ? 20 + below(30) : 0.5 + random()) * 100)
      return {
        type: 'payment',
        id: `${prefix}-${place}-${nth}`,
        at: new Date(at + nth * 1000).toISOString(),
        cardId: cards[card] ?? '',
        merchantId: `merchant ${(card * 7 + below(3 + (card % 9))) % 60}`,
        amount: (cents / 100).toFixed(2),
      }
    })
  }).flatMap((payments) => (random() < 1 / 12 ? [...payments, ...payments] : payments))
}
