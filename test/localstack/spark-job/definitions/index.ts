import { decimal, entity, event, instant, int, metric, secret, z } from 'tidemark'

export const sale = event('sale', {
  shop: z.string().nullable(),
  express: z.boolean(),
  size: z.int().nullable(),
  paid: z.boolean(),
  cents: int('cents').nullable(),
  customer: z.string().nullable(),
  /** In the raw archive alone. */
  note: secret(z.string()).nullish(),
})
export const visit = event(
  'visit',
  { page: z.string(), from: z.object({ site: z.string().nullable() }).optional() },
  { derive: { inside: { boolean: (e) => e.from?.site === e.page } } },
)
/** Fields of every kind, some called as the lake's own columns are. No metric counts it, either. */
export const bill = event('bill', {
  total: decimal(2, 'EUR'),
  rate: decimal(15, 'one').nullish(),
  units: z.int().nullish(),
  ratio: z.number().nullish(),
  due: instant().nullish(),
  tier: z.enum(['low', 'high']).default('low'),
  data: z.string().nullish(),
  Event_Date: z.boolean().nullish(),
  buyer: z.object({ name: z.string(), card: secret(z.string()) }).nullish(),
  lines: z.array(z.object({ price: decimal(2, 'EUR') })).default([]),
})
/** No metric counts it: it stands in the lake alone. */
export const ping = event('ping', {})

export const sales = metric('sales', sale.count('sales'), {
  where: { paid: true },
  by: ['shop', 'express', 'size'],
  per: 'hour',
})
export const takings = metric('takings', sale.sum('cents'), { by: ['shop'], per: 'day' })
export const cheapest = metric('cheapest', sale.min('cents'), { where: { paid: true }, per: 'month' })
export const dearest = metric('dearest', sale.max('cents'), { by: ['shop'], per: 'year' })
export const spread = metric('spread', sale.stddev('cents'), { by: ['shop'], per: 'day' })
export const average = metric('average', sale.mean('cents'), { per: 'month' })
export const usual = metric('usual', sale.quantile('cents', 0.5), { by: ['express'], per: 'day' })
export const tiers = metric('tiers', sale.histogram('cents', [-500_000, 0, 7, 8]), { by: ['paid'], per: 'week' })
export const buyers = metric('buyers', sale.countDistinct('customer'), { by: ['shop'], per: 'week' })
export const customers = metric('customers', sale.countDistinct('customer'), { where: { paid: true }, per: 'day' })
/** Its days are up to 14 h ahead of UTC's, and were behind once; the hours of the other hold two dates. */
export const samoan = metric('samoan', sale.sum('cents'), { by: ['shop'], per: 'day', zone: 'Pacific/Apia' })
export const atHome = metric('at_home', sale.max('cents'), { per: 'month', zone: 'America/New_York' })
export const guests = metric('guests', sale.countDistinct('customer'), {
  by: ['express'],
  per: 'hour',
  zone: 'Asia/Kolkata',
})
export const visits = metric('visits', visit.count('visits'), { by: ['page', 'from.site', 'inside'], per: 'second' })

export const till = entity('till', sale, { ref: 'express', latest: 'at', deleted: { paid: false } })
export const page = entity('page', visit, { ref: 'page', latest: 'at', children: { tills: till.under('shop') } })
