import fc from 'fast-check'
import { event, metric, minus, ratio, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import type { Contribution } from '../../core/contribution.ts'
import { type Hash64, loadHash64 } from '../../core/hash.ts'
import type { Model } from '../../core/model.ts'
import { dayStart, localOffsets, storedDimensions, zoneOf } from '../../core/zoned-metric.ts'
import { resolveZones } from '../../scripts/build/zones.ts'
import { compileZoned } from '../resolved.ts'

const opened = event('opened', { playerId: z.string(), country: z.string() })
const hourMs = 3_600_000
const by = ['country'] as const

let hash: Hash64
beforeAll(async () => {
  hash = await loadHash64()
})

const contributionsAt = (model: Model, time: number | string, layer: 'batch' | 'speed' = 'speed'): Contribution[] => {
  const at = new Date(time).toISOString()
  const text = JSON.stringify({ type: 'opened', id: at, at, playerId: 'p', country: 'FR' })
  const arrivalTime = Date.parse(at)
  const decoded = model.decode({ shardId: 's', sequenceNumber: '1', arrivalTime, text })
  expect(decoded.rejection).toBeNull()
  return model.contributions(decoded, layer)
}

const bucketsOf = (model: Model, time: number | string): string[] =>
  contributionsAt(model, time).map(({ bucket, dims }) => [new Date(bucket).toISOString(), ...dims].join(' '))

describe('a day of a zone', () => {
  let model: Model
  beforeAll(() => {
    const players = metric('players', opened.count(), { per: 'day', zone: 'Europe/Paris' })
    model = compileZoned({ players }, hash)
  })

  it.each([
    ['2026-01-15', 24],
    ['2026-03-29', 23],
    ['2026-10-25', 25],
  ])('%s has %s hours', (date, hours) => {
    const around = Array.from({ length: 72 }, (_, hour) => Date.parse(date) + (hour - 24) * hourMs)
    const inDay = around.filter((time) => bucketsOf(model, time)[0] === `${date}T00:00:00.000Z`)
    expect(inDay).toHaveLength(hours)
  })

  it('holds the first and the last hours of all time, whose local year no store takes', () => {
    const east = metric('east', opened.count(), { per: 'day', zone: 'Asia/Kolkata' })
    const west = metric('west', opened.count(), { per: 'hour', zone: 'America/New_York' })
    expect(bucketsOf(compileZoned({ east }, hash), '9999-12-31T23:30:00Z')).toEqual(['9999-12-31T00:00:00.000Z'])
    expect(bucketsOf(compileZoned({ west }, hash), '0001-01-01T00:30:00Z')).toEqual([
      '0001-01-01T00:00:00.000Z 0001-01-01',
    ])
  })
})

it('a week, a month and a year of a zone begin with its days', () => {
  const pers = ['week', 'month', 'year'] as const
  const metrics = pers.map((per) => metric(`a_${per}`, opened.count(), { per, zone: 'Pacific/Apia' }))
  const model = compileZoned(Object.fromEntries(metrics.map((each) => [each.name, each])), hash)
  expect(new Set(bucketsOf(model, '2023-12-31T11:00:00Z'))).toEqual(new Set(['2024-01-01T00:00:00.000Z']))
  expect(new Set(bucketsOf(model, '2023-12-31T10:59:59Z'))).toEqual(
    new Set(['2023-12-25T00:00:00.000Z', '2023-12-01T00:00:00.000Z', '2023-01-01T00:00:00.000Z']),
  )
})

describe('a bucket finer than a day', () => {
  const perHour = (zone: 'Asia/Kolkata' | 'Europe/Paris') =>
    compileZoned({ players: metric('players', opened.countDistinct('playerId'), { by, per: 'hour', zone }) }, hash)

  it('stays an hour of UTC, and the local date stands behind the dimensions', () => {
    expect(bucketsOf(perHour('Europe/Paris'), '2026-11-22T23:30:00Z')[0]).toBe('2026-11-22T23:00:00.000Z FR 2026-11-23')
  })

  it('holds two local dates where an hour is not the zone’s own; its exact count is of both', () => {
    const model = perHour('Asia/Kolkata')
    const [before, after] = ['2026-11-22T18:29:59Z', '2026-11-22T18:30:00Z'].map((time) =>
      contributionsAt(model, time, 'batch'),
    )
    expect(before?.map(({ bucket }) => bucket)).toEqual(after?.map(({ bucket }) => bucket))
    expect(before?.map(({ dims }) => dims)).toEqual([
      ['FR', '2026-11-22'],
      ['FR', '2026-11-22'],
      ['FR', null],
    ])
    expect(after?.map(({ dims }) => dims)).toEqual([
      ['FR', '2026-11-23'],
      ['FR', '2026-11-23'],
      ['FR', null],
    ])
    expect(before?.[2]).toMatchObject({ distinct: true })
  })

  it('keeps no date in a window', () => {
    const live = metric('live', opened.count(), { by, per: 'hour', zone: 'Asia/Kolkata', live: '1h' })
    const model = compileZoned({ live }, hash)
    const at = '2026-11-22T18:30:00.000Z'
    const text = JSON.stringify({ type: 'opened', id: 'a', at, playerId: 'p', country: 'FR' })
    const decoded = model.decode({ shardId: 's', sequenceNumber: '1', arrivalTime: Date.parse(at), text })
    expect(model.liveContributions(decoded)).toEqual([
      expect.objectContaining({ bucket: Date.parse(at), dims: ['FR'] }),
    ])
  })

  it('is kept by its dimensions and the date', () => {
    const [players] = perHour('Europe/Paris').data.metrics
    expect(players && storedDimensions(players).map(({ name }) => name)).toEqual(['country', 'local_day'])
    expect(players?.by.map(({ name }) => name)).toEqual(['country'])
  })
})

describe('a version', () => {
  const versionOf = (
    options: { per: 'day'; zone?: 'UTC' | 'Europe/Paris' },
    zones = resolveZones(new Map([['Europe/Paris', ['m']]])),
  ) =>
    compileDefinitions({ m: metric('m', opened.count(), options) }, hash, zones).data.metrics.find(
      ({ name }) => name === 'm',
    )?.version

  it('is what it was before there were zones', () => {
    expect(versionOf({ per: 'day' }, {})).toBe('def2529ce724')
    expect(versionOf({ per: 'day', zone: 'UTC' }, {})).toBe('def2529ce724')
  })

  it('is another where the zone, or what the zone means, is another', () => {
    const tables = resolveZones(new Map([['Europe/Paris', ['m']]]))
    const paris = tables['Europe/Paris']
    if (paris === undefined) throw new Error('Paris was not resolved.')
    const version = versionOf({ per: 'day', zone: 'Europe/Paris' }, tables)
    expect(version).not.toBe(versionOf({ per: 'day' }))
    const released = { 'Europe/Paris': { ...paris, release: '2099z' } }
    expect(versionOf({ per: 'day', zone: 'Europe/Paris' }, released)).toBe(version)
    const abolished = {
      'Europe/Paris': { ...paris, transitions: paris.transitions.filter(([at]) => at < 1_900_000_000) },
    }
    expect(versionOf({ per: 'day', zone: 'Europe/Paris' }, abolished)).not.toBe(version)
  })
})

describe('a mistake', () => {
  const inZone = (zone: string) => ({ m: metric('players', opened.count(), { per: 'day', zone: zone as 'UTC' }) })

  it.each([
    ['Europe/Pari', /Metric players: there is no time zone 'Europe\/Pari'; did you mean 'Europe\/Paris'\?/],
    ['Paris', /did you mean 'Europe\/Paris'\?/],
    ['europe/paris', /did you mean 'Europe\/Paris'\?/],
    ['New York', /did you mean 'America\/New_York'\?/],
    ['+01:00', /there is no time zone '\+01:00'\./],
    ['CET', /there is no time zone 'CET'\./],
  ])('%s is no zone', (zone, message) => {
    expect(() => compileZoned(inZone(zone), hash)).toThrow(message)
  })

  it('is a model without its zones', () => {
    expect(() => compileDefinitions(inZone('Europe/Paris'), hash)).toThrow(/No table of the time zone Europe\/Paris/)
  })

  it('is an eighth dimension beside the local date, or one of its name', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const
    const fields = Object.fromEntries([...names, 'local_day'].map((name) => [name, z.string()]))
    const wide = event('wide', fields)
    const zone = 'Europe/Paris'
    const of = (per: 'day' | 'hour', dimensions: readonly string[]) => () =>
      compileZoned({ m: metric('m', wide.count(), { per, zone, by: dimensions as readonly never[] }) }, hash)
    expect(of('day', names)).not.toThrow()
    expect(of('hour', names)).toThrow(/Metric m: 8 dimensions; there can be 7 per hour in a zone/)
    expect(of('day', ['local_day'])).not.toThrow()
    expect(of('hour', ['local_day'])).toThrow(/can't be called local_day/)
  })

  it('is a metric derived of two zones', () => {
    const paris = metric('paris', opened.count(), { per: 'day', zone: 'Europe/Paris' })
    const hourly = metric('hourly', opened.count(), { per: 'hour', zone: 'Europe/Paris' })
    const utc = metric('utc', opened.count(), { per: 'day' })
    expect(() => compileZoned({ paris, utc, d: minus('d', paris, utc) }, hash)).toThrow(
      /the days of paris are Europe\/Paris's and those of utc UTC's/,
    )
    const { derived } = compileZoned({ paris, hourly, d: ratio('d', paris, hourly) }, hash).data
    expect(derived).toEqual([expect.objectContaining({ per: 'day', zone: 'Europe/Paris' })])
  })
})

describe('the start of a local date', () => {
  const zones = ['Europe/Paris', 'America/Sao_Paulo', 'Pacific/Apia', 'America/St_Johns', 'Asia/Kolkata'] as const

  it.each(zones)('in %s has all earlier dates before it, and none behind', (name) => {
    const model = compileZoned({ m: metric('m', opened.count(), { per: 'day', zone: name }) }, hash)
    const zone = zoneOf(model.data, name)
    const days = fc.sample(fc.integer({ min: -40_000, max: 40_000 }), { numRuns: 500, seed: 3 })
    for (const day of days.map((each) => each * 24 * hourMs)) {
      const start = dayStart(zone, day)
      const around = Array.from({ length: 24 * 12 }, (_, step) => day - 30 * hourMs + step * 0.25 * hourMs)
      const isOf = (time: number): boolean => Date.parse(bucketsOf(model, time)[0] ?? '') >= day
      if (start === null) {
        // America/St_Johns went back from 00:01 to 23:01: that date has two beginnings.
        expect(name).toBe('America/St_Johns')
        continue
      }
      expect(isOf(start) && !isOf(start - 1)).toBe(true)
      if (day % (50 * 24 * hourMs) === 0) for (const time of around) expect(isOf(time)).toBe(time >= start)
    }
  })

  it('is none where clocks went back over midnight, and one where they skipped it or a date', () => {
    const of = (name: string, date: string) => {
      const zone = resolveZones(new Map([[name, ['m']]]))[name]
      const start = zone === undefined ? undefined : dayStart(zone, Date.parse(date))
      return start == null ? start : new Date(start).toISOString()
    }
    expect(of('America/St_Johns', '2010-11-07')).toBeNull()
    expect(of('America/Sao_Paulo', '2017-10-15')).toBe('2017-10-15T03:00:00.000Z')
    expect(of('Pacific/Apia', '2011-12-30')).toBe('2011-12-30T10:00:00.000Z')
    expect(of('Pacific/Apia', '2011-12-31')).toBe('2011-12-30T10:00:00.000Z')
    expect(of('Europe/Paris', '2026-11-23')).toBe('2026-11-22T23:00:00.000Z')
    expect(of('Europe/Paris', '9000-07-01')).toBe('9000-06-30T22:00:00.000Z')
  })
})

it('offsets leave out no day between the least and the most', () => {
  const model = compileZoned({ m: metric('m', opened.count(), { per: 'day', zone: 'Pacific/Apia' }) }, hash)
  const m = model.data.metrics.find(({ name }) => name === 'm')
  const offsets = (m && localOffsets(model.data, m)) ?? []
  expect(offsets[0]).toBe(-11.5 * hourMs)
  expect(offsets.at(-1)).toBe(14 * hourMs)
  for (const [at, offset] of offsets.slice(1).entries()) expect(offset - (offsets[at] ?? 0)).toBeLessThan(24 * hourMs)
})
