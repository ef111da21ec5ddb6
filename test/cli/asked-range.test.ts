import { askedRange, isRelative, type MetricTime, type RangeOptions, rangeText } from '../../cli/asked-range.ts'
import { exitCodes } from '../../cli/exit.ts'
import type { Bucket } from '../../core/bucket.ts'
import { localTimeIn } from '../../core/zone.ts'
import { resolveZones } from '../../scripts/build/zones.ts'

const now = Date.parse('2026-03-10T15:30:00Z')
const ofUtc = (per: Bucket): MetricTime => ({ per, localTime: null })
const inZone = (per: Bucket, name = 'Asia/Tokyo'): MetricTime => {
  const zone = resolveZones(new Map([[name, ['m']]]))[name]
  if (zone === undefined) throw new Error(`${name} was not resolved.`)
  return { per, localTime: localTimeIn(zone) }
}

describe('a range of time', () => {
  it.each<[RangeOptions, string]>([
    [{ last: '24h' }, '[2026-03-09T15:30:00Z, 2026-03-10T15:30:00Z)'],
    [{ from: 'yesterday' }, '[2026-03-09T00:00:00Z, 2026-03-10T00:00:00Z)'],
    [{ from: 'today' }, '[2026-03-10T00:00:00Z, 2026-03-11T00:00:00Z)'],
    [{ from: '2026-03-01' }, '[2026-03-01T00:00:00Z, 2026-03-10T15:30:00Z)'],
    [{ from: '2013', to: '2014' }, '[2013-01-01T00:00:00Z, 2014-01-01T00:00:00Z)'],
    [{ from: '2013-07-01T10:15', to: '2013-07-01T12:15+02:00' }, 'nothing'],
  ])('%j is read', (options, expected) => {
    const shown = () => rangeText(askedRange(options, now, null), undefined)
    if (expected === 'nothing') expect(shown).toThrow('--from must be before --to')
    else expect(shown()).toBe(expected)
  })

  it.each<[RangeOptions, Bucket, string]>([
    [{ last: '24h' }, 'hour', '2026-03-09T15:00:00Z 2026-03-10T16:00:00Z'],
    [{ last: '24h' }, 'day', '2026-03-09T00:00:00Z 2026-03-11T00:00:00Z'],
    [{ from: '2026-02-15' }, 'month', '2026-02-01 2026-04-01T00:00:00Z'],
    [{ from: '2026-02-15', to: 'now' }, 'day', '2026-02-15 2026-03-11T00:00:00Z'],
    [{ from: 'yesterday', to: 'today' }, 'day', '2026-03-09 2026-03-10'],
  ])('%j is widened to whole buckets per %s where now bounds it', (options, per, expected) => {
    const { from, to } = askedRange(options, now, ofUtc(per))
    expect(`${from} ${to}`).toBe(expected)
  })

  it.each<[RangeOptions, Bucket, string]>([
    // In Tokyo it is 00:30 of the eleventh.
    [{ from: 'yesterday' }, 'day', '2026-03-10 2026-03-11'],
    [{ from: 'today' }, 'hour', '2026-03-11 2026-03-12'],
    [{ last: '7d' }, 'day', '2026-03-04 2026-03-12'],
    [{ last: '7d' }, 'month', '2026-03-01 2026-04-01'],
    [{ last: '24h' }, 'hour', '2026-03-09T15:00:00Z 2026-03-10T16:00:00Z'],
    [{ from: '2026-03-11' }, 'day', '2026-03-11 2026-03-12'],
    [{ from: '2026-03-11' }, 'hour', '2026-03-11 2026-03-10T16:00:00Z'],
    [{ from: '2026-03-01T00:00:00Z', to: 'now' }, 'day', '2026-03-01T00:00:00Z 2026-03-12'],
  ])('%j is read by the days of Tokyo, per %s', (options, per, expected) => {
    const { from, to } = askedRange(options, now, inZone(per))
    expect(`${from} ${to}`).toBe(expected)
  })

  it('is shown with the zone it is of', () => {
    const range = askedRange({ from: 'yesterday' }, now, inZone('day'))
    expect(rangeText(range, 'Asia/Tokyo')).toBe('[2026-03-10, 2026-03-11) in Asia/Tokyo')
  })

  it('needs no more than what was typed where nothing of it is relative', () => {
    expect(isRelative({ from: '2013', to: '2014' })).toBe(false)
    for (const relative of [
      { last: '1h' },
      { from: '2013' },
      { from: 'today', to: '2013' },
      { from: '2013', to: 'now' },
    ])
      expect(isRelative(relative)).toBe(true)
  })

  it.each<RangeOptions>([
    {},
    { to: '2014' },
    { last: '1h', from: 'today' },
    { from: '2014', to: '2013' },
    { from: '2014', to: '2014' },
  ])('%j is wrong usage', (options) => {
    expect(() => askedRange(options, now, null)).toThrow(expect.objectContaining({ exitCode: exitCodes.usage }))
  })
})
