import type { Group } from './example.ts'

export const spans: Group = {
  title: 'Spans, buckets, windows and zones',
  examples: [
    {
      title: 'A span that is none',
      definitions: `export const visit = event('visit', { page: z.string() }, { accept: { late: '2 days' } })
export const click = event('click', { page: z.string() }, { accept: { early: '1.5h' } })
export const open = event('open', { page: z.string() })
export const opens = metric('opens', open.count(), { per: 'day', live: '5 minutes' })`,
    },
    {
      title: 'A window that reaches too far back',
      definitions: `export const visit = event('visit', { page: z.string() })
export const visits = metric('visits', visit.count(), { per: 'day', live: '365d' })`,
    },
    {
      title: 'A bucket that there is none of',
      definitions: `export const visit = event('visit', { page: z.string() })
export const visits = metric('visits', visit.count(), { per: 'quarter' })`,
    },
    {
      title: 'A time zone that there is none of',
      definitions: `export const visit = event('visit', { page: z.string() })
export const visits = metric('visits', visit.count(), { per: 'day', zone: 'Europe/Pariss' })
export const clicks = metric('clicks', visit.count(), { per: 'day', zone: 'Mars/Olympus' })`,
    },
  ],
}
