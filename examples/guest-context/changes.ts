/** A record of one of the changelogs, as a producer sends it. */
export interface Change {
  readonly type: 'guest' | 'order'
  readonly ref: string
  readonly modifiedAt: string
  readonly deleted?: boolean
  readonly firstName?: string
  readonly guestRef?: string | null
  readonly status?: 'PURCHASED' | 'CANCELLED'
  readonly price?: string
}

const john = { type: 'guest', ref: '1', firstName: 'John' } as const
const order = (ref: string, status: 'PURCHASED' | 'CANCELLED', modifiedAt: string): Change => ({
  type: 'order',
  ref,
  guestRef: '1',
  status,
  price: '10.00',
  modifiedAt,
})

/** The example that Boxever published: what batch knows of guest 1, what came since, and what both say together. */
export const published = {
  batch: [
    { ...john, modifiedAt: '2017-03-24T12:18:19.100Z' },
    order('123', 'PURCHASED', '2017-03-24T12:20:01.000Z'),
    order('456', 'PURCHASED', '2016-12-10T22:20:15.000Z'),
  ] satisfies Change[],
  speed: [
    { ...john, modifiedAt: '2017-03-26T16:38:19.100Z' },
    { ...john, firstName: 'Johnny', modifiedAt: '2017-03-26T16:42:59.250Z' },
    order('123', 'CANCELLED', '2017-03-26T16:42:00.000Z'),
  ] satisfies Change[],
  merged: {
    firstName: 'Johnny',
    orders: [
      ['123', 'CANCELLED'],
      ['456', 'PURCHASED'],
    ],
  },
} as const

const daysMs = 86_400_000
const begin = Date.parse('2017-01-01T00:00:00Z')

/**
 * Changes of many guests and their orders, in no order of time, each at an instant of its own: guests renamed, orders
 * cancelled, moved to another guest, deleted, and told again by an older change that comes late.
 */
export const randomChanges = (count: number, random: () => number): Change[] => {
  const below = (limit: number): number => Math.floor(random() * limit)
  return Array.from({ length: count }, (_, place): Change => {
    const at = begin + below(60) * daysMs + place * 1000
    const change = { modifiedAt: new Date(at).toISOString(), ...(random() < 0.1 ? { deleted: true } : {}) }
    const guestRef = `g${below(200)}`
    if (random() < 0.3) return { type: 'guest', ref: guestRef, firstName: `Name ${below(1000)}`, ...change }
    const status = random() < 0.7 ? 'PURCHASED' : 'CANCELLED'
    return { type: 'order', ref: `o${below(900)}`, guestRef, status, price: `${below(90)}.50`, ...change }
  })
}
