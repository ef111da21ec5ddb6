import type { Group } from './example.ts'

const longName = 'an_event_whose_name_goes_on_and_on_until_nobody_reads_it_to_the_end'

export const names: Group = {
  title: 'Names',
  examples: [
    {
      title: 'A name with a capital, a name that is too long, a name that is taken by the views',
      definitions: `export const visit = event('visit', { page: z.string() })
export const perDay = metric('perDay', visit.count(), { per: 'day' })
export const value = metric('value', visit.count(), { per: 'day' })
export const long = event('${longName}', { page: z.string() })
export const page = entity('Page', event('page', { name: z.string() }), { ref: 'name', latest: 'at' })
export const pages = profile('Pages', { visits: visit.count() }, { by: ['page'], over: '30d' })`,
    },
    {
      title: 'Two events of one name',
      definitions: `export const visit = event('visit', { page: z.string() })
export const other = event('visit', { site: z.string() })`,
    },
    {
      title: 'Two metrics of one name',
      definitions: `export const visit = event('visit', { page: z.string() })
export const visits = metric('visits', visit.count(), { per: 'day' })
export const hourly = metric('visits', visit.count(), { per: 'hour' })`,
    },
    {
      title: 'A metric of the name that another one has per a coarser bucket',
      definitions: `export const visit = event('visit', { page: z.string() })
export const visits = metric('visits', visit.count(), { per: 'hour' })
export const daily = metric('visits_day', visit.count(), { per: 'day', zone: 'Europe/Paris' })`,
    },
    {
      title: 'A ratio of a name that a metric has',
      definitions: `const visit = event('visit', { seconds: int('seconds') })
export const visits = metric('visits', visit.count('visits'), { per: 'day' })
export const seconds = metric('seconds', visit.sum('seconds'), { per: 'day' })
export const each = ratio('visits', seconds, visits)`,
    },
    {
      title: 'A profile of a name that a metric has',
      definitions: `export const visit = event('visit', { page: z.string() })
export const page = metric('page', visit.count(), { per: 'day' })
export const pages = profile('page', { visits: visit.count() }, { by: ['page'], over: '30d' })`,
    },
  ],
}
