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

const startOfMonth: BucketOf = (eventTime) => {
  const date = new Date(eventTime)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
}

const startOfYear: BucketOf = (eventTime) => Date.UTC(new Date(eventTime).getUTCFullYear(), 0, 1)

const bucketStarts: Record<Bucket, BucketOf> = {
  second: floorTo(secondMs),
  minute: floorTo(60 * secondMs),
  hour: floorTo(3600 * secondMs),
  day: floorTo(dayMs),
  week: floorTo(7 * dayMs, firstMondayMs),
  month: startOfMonth,
  year: startOfYear,
}

/** Buckets are UTC, half-open, and named by their start. */
export const bucketStart = (per: Bucket): BucketOf => bucketStarts[per]

/** Whether buckets of `coarse` are made of whole buckets of `fine`: a week divides no month or year. */
export const divides = (fine: Bucket, coarse: Bucket): boolean =>
  fine === coarse || (fine !== 'week' && buckets.indexOf(fine) < buckets.indexOf(coarse))
