import type { Group } from './example.ts'

const sale = `const sale = event('sale', {
  shop: z.string(),
  country: z.enum(['DE', 'FR']),
  price: decimal(2, 'EUR'),
  items: z.array(z.string()),
  paidAt: instant(),
  card: z.object({ brand: z.string() }),
})`

const letters = [...'abcdefghi']

export const conditionsAndDimensions: Group = {
  title: 'where and by',
  examples: [
    {
      title: 'An option that is none',
      definitions: `${sale}
export const a = metric('a', sale.count(), { wher: { country: 'DE' }, per: 'day' })`,
    },
    {
      title: 'An option that is missing',
      definitions: `${sale}
export const a = metric('a', sale.count(), { by: ['country'] })`,
    },
    {
      title: 'A condition that can never hold',
      definitions: `${sale}
export const a = metric('a', sale.count(), { where: { store: 'x' }, per: 'day' })
export const b = metric('b', sale.count(), { where: { country: 'US' }, per: 'day' })
export const c = metric('c', sale.count(), { where: { shop: 5 }, per: 'day' })
export const d = metric('d', sale.count(), { where: { shop: { like: 'x%' } }, per: 'day' })
export const e = metric('e', sale.count(), { where: { price: { gte: '100 USD' } }, per: 'day' })
export const f = metric('f', sale.count(), { where: { paidAt: { gte: 'yesterday' } }, per: 'day' })
export const g = metric('g', sale.count(), { where: { items: 'x' }, per: 'day' })`,
    },
    {
      title: 'A dimension that is none',
      definitions: `${sale}
export const a = metric('a', sale.count(), { by: ['store'], per: 'day' })
export const b = metric('b', sale.count(), { by: ['items'], per: 'day' })
export const c = metric('c', event('step', { steps: int('steps') }).count(), { by: ['steps'], per: 'day' })
export const d = metric('d', sale.count(), { by: ['price'], per: 'day' })`,
    },
    {
      title: 'Values to keep that are none',
      definitions: `${sale}
export const a = metric('a', sale.count(), { by: ['shop'], keep: { country: ['DE'] }, per: 'day' })
export const b = metric('b', event('visit', { floor: z.int() }).count(), { by: ['floor'], keep: { floor: [1] }, per: 'day' })
export const c = metric('c', sale.count(), { by: ['shop'], keep: { shop: [] }, per: 'day' })
export const d = metric('d', sale.count(), { by: ['shop'], keep: { shop: 'mitte' }, per: 'day' })
export const e = metric('e', sale.count(), { by: ['shop'], keep: { shop: [5] }, per: 'day' })
export const f = metric('f', sale.count(), { by: ['country'], keep: { country: ['US'] }, per: 'day' })
export const g = metric('g', sale.count(), { by: ['shop'], keep: { shop: ['a', 'a'] }, per: 'day' })
export const h = metric('h', sale.count(), { by: ['shop'], keep: { shop: ['other'] }, per: 'day' })
export const i = metric('i', sale.count(), { by: ['shop'], keep: { shop: ['x'.repeat(257)] }, per: 'day' })
export const j = metric('j', sale.count(), {
  by: ['shop'],
  keep: { shop: Array.from({ length: 1001 }, (_, nth) => String(nth)) },
  per: 'day',
})
export const k = metric('k', sale.count(), {
  by: ['shop'],
  keep: { shop: Array.from({ length: 900 }, (_, nth) => String(nth).padStart(100, 'x')) },
  per: 'day',
})`,
    },
    {
      title: 'Too many dimensions',
      definitions: `const many = event('many', { ${letters.map((name) => `${name}: z.string()`).join(', ')} })
export const all = metric('all', many.count(), { by: [${letters.map((name) => `'${name}'`).join(', ')}], per: 'day' })
export const zoned = metric('zoned', many.count(), {
  by: [${letters
    .slice(1)
    .map((name) => `'${name}'`)
    .join(', ')}],
  per: 'hour',
  zone: 'Europe/Paris',
})`,
    },
    {
      title: 'Two dimensions of one column',
      definitions: `const visit = event('visit', { Page: z.string(), page: z.string() })
export const visits = metric('visits', visit.count(), { by: ['Page', 'page'], per: 'day' })
const step = event('step', { device_os: z.string(), device: z.object({ os: z.string() }) })
export const steps = metric('steps', step.count(), { by: ['device.os', 'device_os'], per: 'day' })`,
    },
    {
      title: 'A dimension whose column is taken, too long, or none',
      definitions: `const visit = event('visit', { bucket: z.string(), xmin: z.string(), 'utm:source': z.string(), ${'x'.repeat(64)}: z.string() })
export const taken = metric('taken', visit.count(), { by: ['bucket'], per: 'day' })
export const system = metric('system', visit.count(), { by: ['xmin'], per: 'day' })
export const odd = metric('odd', visit.count(), { by: ['utm:source'], per: 'day' })
export const long = metric('long', visit.count(), { by: ['${'x'.repeat(64)}'], per: 'day' })`,
    },
  ],
}
