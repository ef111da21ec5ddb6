import type { ZoneData } from '../../core/zone.ts'
import type { Interval } from '../time.ts'
import { localSql } from './buckets.ts'

const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs
/** Of longer intervals one hour of each day is looked at. */
const hourlyMs = 50 * yearMs

/**
 * The first hour (epoch ms) of the interval at which DuckDB's copy of the tz database and the table differ, as `doubted`;
 * NULL where there is none. Past the table's end nothing is doubted.
 */
export const doubtedSql = (zone: ZoneData, { from, to }: Interval): string => {
  const starts = [[-1e11, zone.first], ...zone.transitions]
  const stretches = starts.map(([at, offset]) => `(${(at ?? 0) * 1000}, ${(offset ?? 0) * 1000})`)
  const end = Math.min(to, Date.parse('2500-01-01T00:00:00Z'))
  const first = Math.floor(from / hourMs) * hourMs
  const step = to - from > hourlyMs ? 24 * hourMs : hourMs
  return `WITH zone(start, ahead) AS (VALUES ${stretches.join(', ')}),
  hours AS (SELECT unnest(range(${first}, ${Math.max(end, first)}, ${step})) AS hour)
  SELECT min(hour) AS doubted FROM hours ASOF JOIN zone ON hour >= start
  WHERE epoch_ms(${localSql(zone.name, 'hour')}) <> hour + ahead`
}
