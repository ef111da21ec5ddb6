import type { Group } from './example.ts'

const wait = "const wait = event('wait', { shop: z.string(), time: int('seconds'), price: decimal(2, 'EUR') })"

export const measures: Group = {
  title: 'Measures',
  examples: [
    {
      title: 'A sum of something that is no quantity',
      definitions: `const visit = event('visit', { page: z.string() })
export const pages = metric('pages', visit.sum('page'), { per: 'day' })`,
    },
    {
      title: 'Each element of something that is no list',
      definitions: `const visit = event('visit', { page: z.string() })
export const pages = metric('pages', visit.each('page').count(), { per: 'day' })`,
    },
    {
      title: 'The elements of the elements',
      definitions: `const basket = event('basket', { tags: z.array(z.string()), shops: z.array(z.string()) })
export const tags = metric('tags', basket.each('tags').each('shops').count(), { per: 'day' })`,
    },
    {
      title: 'A quantile that is none',
      definitions: `${wait}
export const a = metric('a', wait.quantile('time', 95), { per: 'day' })
export const b = metric('b', wait.quantile('time', 0.12345678), { per: 'day' })`,
    },
    {
      title: 'Edges that are none',
      definitions: `${wait}
export const a = metric('a', wait.histogram('time', []), { per: 'day' })
export const b = metric('b', wait.histogram('time', [60, 0]), { per: 'day' })
export const c = metric('c', wait.histogram('time', [0.5]), { per: 'day' })`,
    },
    {
      title: 'A ratio or a difference that is none',
      definitions: `${wait}
const hidden = metric('hidden', wait.count('waits'), { per: 'day' })
export const waits = metric('waits', wait.count('waits'), { per: 'week' })
export const time = metric('time', wait.sum('time'), { per: 'month' })
export const spent = metric('spent', wait.sum('price'), { per: 'month' })
export const usual = metric('usual', wait.quantile('time', 0.5), { per: 'month' })
export const paris = metric('paris', wait.sum('time'), { per: 'month', zone: 'Europe/Paris' })
export const a = ratio('a', time, hidden)
export const b = minus('b', time, spent)
export const c = ratio('c', time, waits)
export const d = ratio('d', usual, spent)
export const e = minus('e', time, paris)`,
    },
    {
      title: 'A limit of drift that is no part',
      definitions: `${wait}
export const waits = metric('waits', wait.count(), { per: 'day', maxDrift: 5 })`,
    },
  ],
}
