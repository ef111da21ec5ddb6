import type { MetricData } from '../../core/model.ts'
import { quoted } from './sql-text.ts'

type Placed = Pick<MetricData, 'per' | 'zone'>

const finerThanDays: readonly string[] = ['second', 'minute', 'hour']

/** Whether the metric's buckets are the days of a zone, or made of such. */
export const isOfZone = ({ per, zone }: Placed): boolean => zone !== undefined && !finerThanDays.includes(per)

/** The metric once more per day of its zone, where its own buckets are instants: the local dates are checked too. */
export const perLocalDay = (metric: MetricData): readonly MetricData[] =>
  metric.zone === undefined || isOfZone(metric) ? [] : [{ ...metric, per: 'day' }]

/** The start of the bucket of an instant (epoch ms) as a TIMESTAMP: of UTC's, or of the zone's as if it were UTC. */
export const bucketSql = (metric: Placed, time: string): string =>
  `date_trunc('${metric.per}', ${isOfZone(metric) ? localSql(metric.zone ?? '', time) : `make_timestamp_ms(${time})`})`

/** By DuckDB's own copy of the tz database; held to the years 1 to 9999, as answers are. */
export const localSql = (zone: string, time: string): string =>
  `least(greatest(timezone(${quoted(zone)}, make_timestamp_ms(${time}) AT TIME ZONE 'UTC'), TIMESTAMP '0001-01-01 00:00:00'), TIMESTAMP '9999-12-31 23:59:59.999')`
