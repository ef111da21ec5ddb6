import type { Group } from './example.ts'

const visits = `const visit = event('visit', { page: z.string(), member: z.boolean(), size: int('bytes'), at: instant() })
export const visits = metric('visits', visit.count('visits'), { by: ['page', 'member'], per: 'day' })`
const limitOf = (name: string, options: Partial<Record<'each' | 'atMost' | 'notifyAt', string>>): string => {
  const { each = "'page'", atMost = "'10 visits'", notifyAt = "['100%']" } = options
  return `export const ${name} = limit('${name}', visits, { each: ${each}, per: 'month', atMost: ${atMost}, notifyAt: ${notifyAt} })`
}

export const limits: Group = {
  title: 'Limits',
  examples: [
    {
      title: 'A limit of a metric that is not exported, or of one that more events may lower',
      definitions: `const visit = event('visit', { page: z.string(), size: int('bytes') })
const hidden = metric('hidden', visit.count('visits'), { by: ['page'], per: 'day' })
export const mean = metric('mean', visit.mean('size'), { by: ['page'], per: 'day' })
export const a = limit('a', hidden, { each: 'page', per: 'month', atMost: '10 visits', notifyAt: ['100%'] })
export const b = limit('b', mean, { each: 'page', per: 'month', atMost: '10 bytes', notifyAt: ['100%'] })`,
    },
    {
      title: 'For each of what says nothing of whom, or per a period that the metric has not',
      definitions: `${visits}
export const weekly = metric('weekly', visit.count('visits'), { by: ['page'], per: 'week' })
export const kept = metric('kept', visit.count('visits'), { by: ['page'], keep: { page: ['home'] }, per: 'day' })
${limitOf('a', { each: "'country'" })}
${limitOf('b', { each: "'member'" })}
export const c = limit('c', weekly, { each: 'page', per: 'month', atMost: '10 visits', notifyAt: ['100%'] })
export const d = limit('d', kept, { each: 'page', per: 'month', atMost: '10 visits', notifyAt: ['100%'] })`,
    },
    {
      title: 'An amount that is none, and parts that are none',
      definitions: `${visits}
${limitOf('a', { atMost: "'10 EUR'" })}
${limitOf('b', { notifyAt: "['0.8']" })}
${limitOf('c', { notifyAt: "['80%', '80%']" })}`,
    },
    {
      title: 'A bound by an entity that is not exported, of another ref, in another unit, or by no quantity',
      definitions: `${visits}
const change = event('change', { page: z.string(), number: z.int(), visits: int('visits'), cap: decimal(2, 'EUR'), at: instant() })
const hidden = entity('hidden', change, { ref: 'page', latest: 'at' })
export const numbered = entity('numbered', change, { ref: 'number', latest: 'at' })
export const contract = entity('contract', change, { ref: 'page', latest: 'at' })
${limitOf('a', { atMost: "hidden.field('visits')" })}
${limitOf('b', { atMost: "numbered.field('visits')" })}
${limitOf('c', { atMost: "contract.field('cap')" })}
${limitOf('d', { atMost: "contract.field('number')" })}`,
    },
    {
      title: 'Two limits of one name',
      definitions: `${visits}
export const few = limit('visits', visits, { each: 'page', per: 'day', atMost: '10 visits', notifyAt: ['100%'] })
export const many = limit('visits', visits, { each: 'page', per: 'month', atMost: '99 visits', notifyAt: ['100%'] })`,
    },
  ],
}
