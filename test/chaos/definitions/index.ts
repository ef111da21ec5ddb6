import { decimal, event, int, metric, z } from 'tidemark'

/** What the chaos run's producer sends: see `facts.ts`, which knows each by heart. */
export const order = event(
  'order',
  {
    shop: z.string(),
    channel: z.enum(['web', 'till']).nullable(),
    amount: decimal(2, 'EUR'),
    pieces: int('pieces').nullable(),
    customer: z.string().nullable(),
  },
  // So that a window is whole again soon after Valkey was emptied.
  { accept: { early: '10s' } },
)

export const orders = metric('orders', order.count('orders'), { by: ['shop', 'channel'], per: 'minute', live: '1h' })
export const revenue = metric('revenue', order.sum('amount'), { by: ['shop'], per: 'hour', live: '1h' })
export const smallest = metric('smallest', order.min('amount'), { by: ['shop'], per: 'minute' })
export const mostPieces = metric('most_pieces', order.max('pieces'), { where: { channel: 'web' }, per: 'minute' })
export const customers = metric('customers', order.countDistinct('customer'), { by: ['shop'], per: 'hour' })
