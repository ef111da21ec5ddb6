import { decimal, event, metric, z } from 'tidemark'

const sale = event('sale', {
  shop: z.string().nullable(),
  express: z.boolean(),
  amount: decimal(2, 'EUR'),
  customer: z.string(),
})

/** One metric of each way that states merge. */
export const definitions = {
  sales: metric('sales', sale.count('sales'), { by: ['shop'], per: 'hour', live: '10m' }),
  turnover: metric('turnover', sale.sum('amount'), { per: 'day' }),
  best: metric('best', sale.max('amount'), { by: ['shop'], per: 'day' }),
  customers: metric('customers', sale.countDistinct('customer'), { by: ['express'], per: 'day' }),
}

/** The same, with sales counted otherwise. */
export const changedDefinitions = {
  ...definitions,
  sales: metric('sales', sale.count('sales'), { by: ['shop'], per: 'hour', live: '10m', where: { express: true } }),
}
