import type { Group } from './example.ts'

const look = `export const look = event('look', { visitor: z.string(), page: z.string() })`
const visit = `export const visit = sessions('visit', [look], { by: 'visitor', gap: '30m', longest: '12h' })`
const stepping = (step: string, before = ''): string => `${look}
${before}export const visit = sessions('visit', [look], {
  by: 'visitor', gap: '30m', longest: '12h',
  state: { start: 'new', step: ${step} },
})`
const many = Array.from({ length: 9 }, (_, nth) => `e${nth}`)

export const sessions: Group = {
  title: 'Sessions',
  examples: [
    {
      title: 'A gap that is none, and one that is longer than the longest',
      definitions: `${look}
export const a = sessions('a', [look], { by: 'visitor', gap: '30 minutes', longest: '12h' })
export const b = sessions('b', [look], { by: 'visitor', gap: '1d', longest: '12h' })`,
    },
    {
      title: 'A key that not every event has, or that is not one of a kind',
      definitions: `${look}
export const buy = event('buy', { visitor: z.string().optional(), amount: decimal(2, 'EUR'), card: secret(z.string()) })
export const sale = event('sale', { visitor: z.int(), amount: decimal(2, 'EUR') })
export const a = sessions('a', [look], { by: 'reader', gap: '30m', longest: '12h' })
export const b = sessions('b', [buy], { by: 'visitor', gap: '30m', longest: '12h' })
export const c = sessions('c', [buy], { by: 'amount', gap: '30m', longest: '12h' })
export const d = sessions('d', [buy], { by: 'card', gap: '30m', longest: '12h' })
export const e = sessions('e', [look, sale], { by: 'visitor', gap: '30m', longest: '12h' })
export const read = event('read', { state: z.string() })
export const f = sessions('f', [read], { by: 'state', gap: '30m', longest: '12h' })`,
    },
    {
      title: 'Sessions of no event, of one twice, of too many, and of one that can not be kept whole',
      definitions: `${look}
${many.map((name) => `const ${name} = event('${name}', { visitor: z.string() })`).join('\n')}
export const basket = event('basket', { visitor: z.string(), items: z.array(z.object({ price: decimal(2, 'EUR') })) })
export const a = sessions('a', [], { by: 'visitor', gap: '30m', longest: '12h' })
export const b = sessions('b', [look, look], { by: 'visitor', gap: '30m', longest: '12h' })
export const c = sessions('c', [${many.join(', ')}], { by: 'visitor', gap: '30m', longest: '12h' })
export const d = sessions('d', [basket], { by: 'visitor', gap: '30m', longest: '12h' })`,
    },
    {
      title: 'A name that is too long with its event’s',
      definitions: `export const somebody_looked_at_a_page = event('somebody_looked_at_a_page', { visitor: z.string() })
export const visit_of_a_visitor = sessions('visit_of_a_visitor', [somebody_looked_at_a_page], { by: 'visitor', gap: '30m', longest: '12h' })`,
    },
    {
      title: 'A metric over sessions that are not exported, with a window, or with a drift',
      definitions: `${look}
${visit}
const hidden = sessions('hidden', [look], { by: 'visitor', gap: '30m', longest: '12h' })
export const a = metric('a', hidden.count('visits'), { per: 'hour' })
export const b = metric('b', visit.count('visits'), { per: 'hour', live: '1h' })
export const c = metric('c', visit.count('visits'), { per: 'hour', maxDrift: 0.1 })`,
    },
    {
      title: 'A ratio of metrics over sessions',
      definitions: `${look}
${visit}
export const visits = metric('visits', visit.count('visits'), { per: 'hour' })
export const looks = metric('looks', look.count('looks'), { per: 'hour' })
export const pages = ratio('pages', looks, visits)`,
    },
    {
      title: 'A step of sessions that are not exported',
      definitions: `${look}
const hidden = sessions('hidden', [look], {
  by: 'visitor', gap: '30m', longest: '12h', state: { start: 'new', step: (state) => state },
})
export const visits = metric('visits', hidden.count('visits'), { per: 'hour' })`,
    },
    {
      title: 'A step that fails on some events',
      definitions: stepping("(state, told) => (told.page === '' ? null : told.page.at(0).toUpperCase())"),
    },
    {
      title: 'A step that asks for more than its event, or keeps something',
      definitions: stepping('(state, told) => (Date.now() - told.at > 1000 ? "old" : state)'),
    },
  ],
}
