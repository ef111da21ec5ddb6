import type { Example, Group } from './example.ts'

const impure = [
  'String(Date.now())',
  'new Date().toISOString()',
  'Date()',
  'String(Math.random())',
  'crypto.randomUUID()',
  'process.env.HOME ?? null',
  'String(performance.now())',
  "String(fetch('http://localhost'))",
  'String(setTimeout(() => 1, 1))',
  'String(setInterval(() => 1, 1))',
  'String(setImmediate(() => 1))',
  'String(queueMicrotask(() => 1))',
  'String(new WeakRef(v))',
  'String(new FinalizationRegistry(() => 1))',
  'String(new Date(v.at))',
  'new Date(2013, 0, 1).toISOString()',
  "String(Date.parse('2013-01-01T00:00'))",
  'new Date(v.at).toLocaleDateString()',
  "new Date(v.at).toLocaleDateString('en')",
  'new Intl.DateTimeFormat().format(v.at)',
  "new Intl.DateTimeFormat('en').format(v.at)",
  'v.at.toLocaleString()',
  'v.page.toLocaleUpperCase()',
  "String(v.page.localeCompare('b'))",
]

const deriving = (title: string, derive: string, before = ''): Example => ({
  title,
  definitions: `${before}export const visit = event('visit', { page: z.string(), ref: z.string().nullable(), size: int('bytes') }, {
  derive: { ${derive} },
})`,
})

export const functions: Group = {
  title: 'Functions of derive',
  examples: [
    {
      title: 'A dimension that is no function, or whose name is taken',
      definitions: `export const visit = event('visit', { page: z.string() }, { derive: { kind: 'fixed' } })
export const click = event('click', { page: z.string() }, { derive: { page: (c) => c.page } })
export const open = event('open', { page: z.string() }, { derive: { toString: (o) => o.page } })`,
    },
    {
      title: 'Functions of an event that is not exported',
      definitions: `const visit = event('visit', { page: z.string() }, { derive: { first: (v) => v.page.slice(0, 1) } })
export const visits = metric('visits', visit.count(), { by: ['first'], per: 'day' })`,
    },
    deriving(
      'A function that asks for more than its event',
      impure
        .map((answer, nth) => `\n    f${String(nth + 1).padStart(2, '0')}: (v) => ${answer},`)
        .join('')
        .concat('\n '),
    ),
    deriving('A function that keeps something between events', 'nth: (v) => String(seen++)', 'let seen = 0\n'),
    deriving('A function that throws', 'from: (v) => v.ref.toLowerCase()'),
    deriving('A function that answers another type', 'kilobytes: { integer: (v) => v.size / 1024 }'),
    deriving('A function that never ends', 'first: (v) => { while (true); }'),
    {
      ...deriving(
        'A function that throws on the events of a sample',
        'site: (v) => JSON.parse(v.page === "a|b" ? v.page : "{}").site ?? null',
      ),
      sample: '{"type":"visit","page":"a|b","ref":null,"size":1,"at":"2026-01-01T00:00:00Z"}',
    },
  ],
}
