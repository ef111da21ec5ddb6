import { decimal, event, limit, metric, z } from 'tidemark'

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

const sales = metric('sales', sale.count('sales'), { by: ['shop'], per: 'hour', zone, live: '10m' })
const others = {
  turnover: metric('turnover', sale.sum('amount'), { per: 'day', zone }),
  best: metric('best', sale.max('amount'), { by: ['shop'], per: 'day' }),
  customers: metric('customers', sale.countDistinct('buyer.customer'), { by: ['hurried'], per: 'day' }),
}

const busy = { each: 'shop', per: 'day', atMost: '4 sales', notifyAt: ['50%', '100%'] } as const

/** One metric of each way that states merge, and a limit. */
export const definitions = { ...others, sales, busy: limit('busy', sales, busy) }

const expressSales = metric('sales', sale.count('sales'), {
  by: ['shop'],
  per: 'hour',
  zone,
  live: '10m',
  where: { express: true },
})

/** The same, with sales counted otherwise. */
export const changedDefinitions = { ...others, sales: expressSales, busy: limit('busy', expressSales, busy) }
