/** Sizes of bucket, finest first. */
export const buckets = ['second', 'minute', 'hour', 'day', 'week', 'month', 'year'] as const
export type Bucket = (typeof buckets)[number]

/** The start of the bucket that an instant (epoch ms UTC) falls in. */
export type BucketOf = (eventTime: number) => number

const secondMs = 1000
const dayMs = 86_400_000
/** 1970-01-05, the first Monday of the epoch: ISO 8601 weeks begin on Mondays. */
const firstMondayMs = 4 * dayMs

const floorTo =
  (sizeMs: number, originMs = 0): BucketOf =>
  (eventTime) =>
    Math.floor((eventTime - originMs) / sizeMs) * sizeMs + originMs

const startOfDay = floorTo(dayMs)

/** By setters: `Date.UTC` takes the years 0 to 99 for 1900 to 1999. */
const startOfMonth: BucketOf = (eventTime) => new Date(startOfDay(eventTime)).setUTCDate(1)

const startOfYear: BucketOf = (eventTime) => new Date(startOfDay(eventTime)).setUTCMonth(0, 1)

const bucketStarts: Record<Bucket, BucketOf> = {
  second: floorTo(secondMs),
  minute: floorTo(60 * secondMs),
  hour: floorTo(3600 * secondMs),
  day: startOfDay,
  week: floorTo(7 * dayMs, firstMondayMs),
  month: startOfMonth,
  year: startOfYear,
}

/** Buckets are UTC, half-open, and named by their start. */
export const bucketStart = (per: Bucket): BucketOf => bucketStarts[per]

/** The start of the bucket after the one that an instant falls in. */
export const nextBucketStart = (per: Bucket): BucketOf => {
  const start = bucketStart(per)
  // A month's longest and a year's longest lead into the next one, and never past it.
  const longestMs = {
    second: secondMs,
    minute: 60 * secondMs,
    hour: 3600 * secondMs,
    day: dayMs,
    week: 7 * dayMs,
    month: 31 * dayMs,
    year: 366 * dayMs,
  }
  return (eventTime) => start(start(eventTime) + longestMs[per])
}

/** Whether buckets of `coarse` are made of whole buckets of `fine`: a week divides no month or year. */
export const divides = (fine: Bucket, coarse: Bucket): boolean =>
  fine === coarse || (fine !== 'week' && buckets.indexOf(fine) < buckets.indexOf(coarse))
