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

type Where = { readonly where?: { readonly express: boolean } }

const salesOf = (where: Where) =>
  metric('sales', sale.count('sales'), { by: ['shop'], per: 'hour', zone, live: '10m', ...where })
const bestOf = (where: Where) => metric('best', sale.max('amount'), { by: ['shop'], per: 'day', ...where })

/** One metric of each way that states merge, and a limit. */
const definitionsWith = (sales: ReturnType<typeof salesOf>, best: ReturnType<typeof bestOf>) => ({
  turnover: metric('turnover', sale.sum('amount'), { per: 'day', zone }),
  best,
  customers: metric('customers', sale.countDistinct('buyer.customer'), { by: ['hurried'], per: 'day' }),
  sales,
  busy: limit('busy', sales, { each: 'shop', per: 'day', atMost: '4 sales', notifyAt: ['50%', '100%'] }),
})

/** What may be deployed; what each counts is written again by hand in `taken` of oracle.ts. */
export const definitions = [
  definitionsWith(salesOf({}), bestOf({})),
  definitionsWith(salesOf({ where: { express: true } }), bestOf({})),
  definitionsWith(salesOf({ where: { express: false } }), bestOf({ where: { express: false } })),
] as const
