import { decimal, entity, event, instant, metric, z } from 'tidemark'

const change = { ref: z.string(), modifiedAt: instant(), deleted: z.boolean().default(false) }
const changeOptions = { at: 'modifiedAt' } as const

export const guestChange = event(
  'guest',
  { ...change, firstName: z.string(), vip: z.boolean().optional() },
  changeOptions,
)
export const orderChange = event(
  'order',
  {
    ...change,
    guestRef: z.string().nullable(),
    status: z.enum(['PURCHASED', 'CANCELLED']),
    price: decimal(2, 'EUR'),
    items: z.array(z.string()).default([]),
  },
  changeOptions,
)

/** Changes of orders by guest: what the guest ever put in an order's price, whatever became of it. */
export const priced = metric('priced', orderChange.sum('price'), { by: ['guestRef'], per: 'day' })

export const order = entity('order', orderChange, {
  ref: 'ref',
  latest: 'modifiedAt',
  deleted: { deleted: true },
  describe: 'An order as it is now',
})
export const guest = entity('guest', guestChange, {
  ref: 'ref',
  latest: 'modifiedAt',
  deleted: { deleted: true },
  children: {
    orders: order.under('guestRef', {
      totals: {
        spent: { measure: orderChange.sum('price'), where: { status: 'PURCHASED' } },
        orders: { measure: orderChange.count('orders') },
        statuses: { measure: orderChange.countDistinct('status') },
      },
    }),
  },
  metrics: { everPriced: priced },
  describe: 'A guest with all orders',
})
