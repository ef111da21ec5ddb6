import { decimal, entity, event, metric, minus, profile, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const compiled = (...all: readonly object[]) =>
  compileDefinitions(Object.fromEntries(all.map((one, nth) => [`x${nth}`, one])), hash)
const by = (...names: readonly string[]) => {
  const visit = event('visit', Object.fromEntries(names.map((name) => [name, z.string()])))
  return compiled(metric('visits', visit.count(), { by: names as never, per: 'day' }))
}

describe('a dimension’s column', () => {
  it.each(['order', 'Select', 'rejected', 'gaps', 'a b', 'a-b', 'a.b', '1st', 'straße', '数', 'x'.repeat(63)])(
    'may be %s',
    (name) => expect(() => by(name)).not.toThrow(),
  )

  it.each<[string, string]>([
    ['bucket', 'its tables and views have such a column already. Rename the field, or derive one of another name.'],
    ['Component', 'a dimension can’t be called component'],
    ['value', 'its tables and views'],
    ['BODY', 'its tables and views'],
    ['exact', 'its tables and views'],
    ['dataset_id', 'its tables and views'],
    ['layer', 'its tables and views'],
    ['state_7', 'its tables and views'],
    ['oid', 'which is the warehouse’s own column of every table'],
    ['XMIN', 'a dimension can’t be called xmin, which is the warehouse’s own'],
    ['ctid', 'the warehouse’s own'],
    ['insertxid', 'the warehouse’s own'],
    ['a"b', '"a\\"b" can’t be a column’s name, which is of letters, digits, spaces and _ - . $ alone'],
    ['utm:source', 'can’t be a column’s name'],
    ["it's", 'can’t be a column’s name'],
    ['a,b', 'can’t be a column’s name'],
    ['a=b', 'can’t be a column’s name'],
    ['a\nb', 'can’t be a column’s name'],
    ['', 'can’t be a column’s name'],
    ['ü'.repeat(32), 'is longer than the 63 bytes of a column’s name'],
  ])('can’t be %j', (name, message) => {
    expect(() => by(name)).toThrow(message.replaceAll('’', "'"))
    expect(() => by(name)).toThrow('Metric visits: ')
  })

  it('can’t differ from another one in case alone', () => {
    expect(() => by('Page', 'page')).toThrow('two dimensions would both be the column page')
  })

  it('is held to the same as a profile’s key and an entity’s ref', () => {
    const pay = event('pay', { oid: z.string(), body: z.string() })
    expect(() => compiled(profile('card', { pays: pay.count() }, { by: ['oid'], over: '1d' }))).toThrow(
      "Metric card.pays: a dimension can't be called oid",
    )
    expect(() => compiled(entity('card', pay, { ref: 'body', latest: 'at' }))).toThrow("can't be called body")
  })
})

describe('a view’s name', () => {
  const visit = event('visit', { page: z.string(), price: decimal(2, 'EUR') })
  const hourly = metric('visits', visit.count(), { per: 'hour' })

  it.each(['visits_day', 'visits_week', 'visits_month', 'visits_year'])('is %s of one metric alone', (name) => {
    const message = `${name}: analytics.${name} is metric visits per ${name.slice(7)} already; rename ${name}, or that metric.`
    expect(() => compiled(hourly, metric(name, visit.count(), { per: 'month' }))).toThrow(`Metric ${message}`)
    expect(() => compiled(hourly, entity(name, visit, { ref: 'page', latest: 'at' }))).toThrow(`Entity ${message}`)
  })

  it('is that of a derived metric as well, and of the rejected records', () => {
    const [spent, back] = ['spent', 'back'].map((name) => metric(name, visit.sum('price'), { per: 'day' }))
    if (spent === undefined || back === undefined) throw new Error('Two metrics are needed.')
    const kept = minus('kept', spent, back)
    const taken = metric('kept_month', visit.count(), { per: 'day' })
    expect(() => compiled(spent, back, kept, taken)).toThrow(
      'Metric kept_month: analytics.kept_month is metric kept per month already',
    )
    expect(() => compiled(metric('rejected_day', visit.count(), { per: 'day' }))).toThrow(
      'Metric rejected_day: analytics.rejected_day is metric rejected per day already',
    )
  })

  it('may end as one that the metric has not', () => {
    const daily = metric('visits', visit.count(), { per: 'day' })
    for (const name of ['visits_hour', 'visits_day', 'visits_months'])
      expect(() => compiled(daily, metric(name, visit.count(), { per: 'year' }))).not.toThrow()
    const profiled = profile('visits_month', { all: visit.count() }, { by: ['page'], over: '1d' })
    expect(() => compiled(daily, profiled)).not.toThrow()
  })
})
