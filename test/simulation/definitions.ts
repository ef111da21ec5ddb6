import { decimal, event, metric, z } from 'tidemark'

const sale = event(
  'sale',
  {
    shop: z.string().nullable(),
    express: z.boolean(),
    amount: decimal(2, 'EUR'),
    buyer: z.object({ customer: z.string() }),
  },
  { derive: { hurried: { boolean: (e) => e.express } } },
)

/** What stands for the code of its functions. */
export const code = { sale: 'c0de' }

/** Half an hour off UTC's hours, so that an hour holds two dates. */
const zone = 'Asia/Kolkata'

/** One metric of each way that states merge. */
export const definitions = {
  sales: metric('sales', sale.count('sales'), { by: ['shop'], per: 'hour', zone, live: '10m' }),
  turnover: metric('turnover', sale.sum('amount'), { per: 'day', zone }),
  best: metric('best', sale.max('amount'), { by: ['shop'], per: 'day' }),
  customers: metric('customers', sale.countDistinct('buyer.customer'), { by: ['hurried'], per: 'day' }),
}

/** The same, with sales counted otherwise. */
export const changedDefinitions = {
  ...definitions,
  sales: metric('sales', sale.count('sales'), {
    by: ['shop'],
    per: 'hour',
    zone,
    live: '10m',
    where: { express: true },
  }),
}
