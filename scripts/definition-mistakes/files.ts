import type { Group } from './example.ts'

export const files: Group = {
  title: 'Files and samples',
  examples: [
    {
      title: 'A folder without an index.ts',
      file: 'visits.ts',
      definitions: "export const visit = event('visit', { page: z.string() })",
    },
    {
      title: 'A file that imports more than the language',
      definitions: `import { readFileSync } from 'node:fs'
export const visit = event('visit', { page: z.enum(readFileSync('pages.txt', 'utf8').split('\\n')) })`,
    },
    {
      title: 'An index.ts that exports nothing',
      definitions: "const visit = event('visit', { page: z.string() })",
    },
    {
      title: 'A word that there is not, wherever a file is loaded',
      definitions: `export const opened = event('opened', { page: z.string() })
export const pages = metric('pages',
  opened.counts('pages'), { per: 'day' })`,
    },
    { title: 'A file that never ends loading', definitions: 'while (true);' },
    {
      title: 'A file imported for what it does, by an event that has functions',
      definitions: `import './setup.ts'
export const visit = event('visit', { page: z.string() }, { derive: { first: (v) => v.page.slice(0, 1) } })`,
      files: { 'setup.ts': 'Object.assign(globalThis, { limit: 5 })\n' },
    },
    {
      title: 'A file that is not there',
      definitions: "export * from './visits.ts'",
    },
    {
      title: 'A dimension of more values in a sample than its metric allows',
      definitions: `export const visit = event('visit', { page: z.string() })
export const pages = metric('pages', visit.count(), { by: ['page'], per: 'day', values: 2 })`,
      sample: ['home', 'cart', 'help']
        .map((page) => JSON.stringify({ type: 'visit', page, at: '2026-01-01T00:00:00Z' }))
        .join('\n'),
    },
    {
      title: 'Events of a sample that the definitions would reject, which is no mistake of theirs',
      definitions: "export const visit = event('visit', { page: z.string() })",
      sample: [
        '{"type":"visti","page":"home","at":"2026-01-01T00:00:00Z"}',
        '{"type":"visit","at":"2026-01-01T00:00:00Z"}',
      ].join('\n'),
    },
    {
      title: 'A number of values that is none',
      definitions: `export const visit = event('visit', { page: z.string() })
export const pages = metric('pages', visit.count(), { by: ['page'], per: 'day', values: 0 })`,
    },
  ],
}
