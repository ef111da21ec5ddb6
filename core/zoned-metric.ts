import { type Bucket, type BucketOf, bucketStart, buckets } from './bucket.ts'
import type { DimensionData, MetricData, ModelData } from './model.ts'
import { localTimeIn, offsetBounds, pastTable, stretchesIn, type ZoneData } from './zone.ts'

type Zoned = Pick<MetricData, 'per' | 'zone'>

/** The dimension that core adds behind a metric's own: the local date, YYYY-MM-DD. Never shown. */
export const localDay = 'local_day'

/** Whether a bucket is one of local dates, where there is a zone. */
export const isOfDays = (per: Bucket): boolean => buckets.indexOf(per) >= buckets.indexOf('day')

/** Whether the metric's buckets are local dates, as if they were UTC. */
export const hasLocalBuckets = ({ zone, per }: Zoned): boolean => zone !== undefined && isOfDays(per)

/** Whether the metric's buckets are instants, and the local date stands beside each. */
export const keepsLocalDay = ({ zone, per }: Zoned): boolean => zone !== undefined && !isOfDays(per)

/** The dimensions that the metric's states are kept by, in the order of a contribution's `dims`. */
export const storedDimensions = (metric: Zoned & Pick<MetricData, 'by'>): readonly DimensionData[] =>
  keepsLocalDay(metric) ? [...metric.by, { name: localDay, type: 'string' }] : metric.by

/** @throws where the model was compiled without the zone's table */
export const zoneOf = (model: Pick<ModelData, 'zones'>, name: string): ZoneData => {
  const zone = model.zones?.find((one) => one.name === name)
  if (zone === undefined) throw new Error(`The model holds no table of the time zone ${name}.`)
  return zone
}

/** Local dates as if they were UTC, epoch ms, half-open; null: unbounded. */
export interface DayRange {
  readonly from: number | null
  readonly to: number | null
}

/** What places an event in a metric. */
export interface Placing {
  readonly bucketOf: BucketOf
  /** The local date beside a finer bucket; null where none is kept. */
  readonly dayOf: ((eventTime: number) => string) | null
}

/** In the metric's own zone. */
export const placingOf = (model: Pick<ModelData, 'zones'>, metric: Zoned): Placing => {
  const start = bucketStart(metric.per)
  if (metric.zone === undefined) return { bucketOf: start, dayOf: null }
  const localTime = localTimeIn(zoneOf(model, metric.zone))
  return isOfDays(metric.per)
    ? { bucketOf: (eventTime) => start(localTime(eventTime)), dayOf: null }
    : { bucketOf: start, dayOf: (eventTime) => dateText(localTime(eventTime)) }
}

/** No zone was ever further from UTC: Manila was 15:56:00 behind until 1844. */
const farthestMs = 16 * 3_600_000

/**
 * The instant at which a local date begins: all before is of earlier dates, and nothing after. null where there is none,
 * since clocks were put back over midnight. @param day as if it were UTC, epoch ms
 */
export const dayStart = (zone: ZoneData, day: number): number | null => {
  const shift = pastTable(day - farthestMs)
  const within = day - shift
  let [begins, lastBefore] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { from, to, offset } of stretchesIn(zone, within - farthestMs, within + farthestMs)) {
    const midnight = within - offset
    if (midnight < to) begins = Math.min(begins, Math.max(from, midnight))
    if (midnight > from) lastBefore = Math.max(lastBefore, Math.min(to, midnight))
  }
  return lastBefore <= begins ? begins + shift : null
}

const dayMs = 86_400_000

/**
 * How far the metric's buckets may be ahead of UTC's, ms: from the least to the most that its zone ever was, less than a
 * day apart, so that of buckets a day long none is left out between. null: its buckets are UTC's.
 */
export const localOffsets = (model: Pick<ModelData, 'zones'>, metric: Zoned): readonly number[] | null => {
  if (metric.zone === undefined || !hasLocalBuckets(metric)) return null
  const { least, most } = offsetBounds(zoneOf(model, metric.zone))
  const offsets: number[] = []
  for (let offset = least; offset < most; offset += dayMs - 1000) offsets.push(offset)
  return [...offsets, most]
}

/** A bucket's start as people are told it: an instant in ISO 8601, or the local date that it is. */
export const bucketText = (metric: Zoned, bucket: number): string =>
  hasLocalBuckets(metric) ? dateText(bucket) : new Date(bucket).toISOString()

/** YYYY-MM-DD. @param time epoch ms of the years 1 to 9999 */
export const dateText = (time: number): string => new Date(time).toISOString().slice(0, 10)
