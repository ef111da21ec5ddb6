import { type Bucket, type BucketOf, bucketStart, nextBucketStart } from '../core/bucket.ts'
import { dateText, isOfDays } from '../core/zoned-metric.ts'
import { usageError } from './exit.ts'
import { intervalText, iso, parseInstant, parseSpan } from './time.ts'

/** What time is asked for, half-open, as the API takes it: dates (of the metric's zone) or instants in ISO 8601. */
export interface AskedRange {
  readonly from: string
  readonly to: string
}

export interface RangeOptions {
  readonly from?: string
  readonly to?: string
  readonly last?: string
}

/** How a metric tells time: by which buckets, and where it is in a zone, by whose local time. */
export interface MetricTime {
  readonly per: Bucket
  readonly localTime: BucketOf | null
}

/** An end of a range, epoch ms; of a date, and `now` by a zone's days, as if UTC were local. */
interface End {
  readonly kind: 'date' | 'instant' | 'now'
  readonly at: number
}

const dayMs = 86_400_000
const wordDays: Readonly<Record<string, number>> = { yesterday: -1, today: 0, tomorrow: 1 }
const isDate = (text: string): boolean => /^\d{4}(-\d{2}){0,2}$/.test(text)

/** Whether the range depends on now, so that it must be known how the metric tells time. */
export const isRelative = ({ from, to, last }: RangeOptions): boolean =>
  last !== undefined || to === undefined || [from, to].some((text) => text === 'now' || (text ?? '') in wordDays)

/** Before anything is asked of the stage. @throws a usage error where an end can't be read */
export const refuseUnreadable = (options: RangeOptions, now: number): void => {
  endsOf(options, now, null)
}

/**
 * `--last SPAN` up to now; or `--from` and `--to`, where `--from yesterday` alone means that day, and `--from` alone
 * otherwise reaches to now. What now bounds is widened to the metric's own buckets, of which the API answers whole ones
 * only. @param time null: not known, and not asked for @throws a usage error where nothing lies between
 */
export const askedRange = (options: RangeOptions, now: number, time: MetricTime | null): AskedRange => {
  const [from, to] = endsOf(options, now, time)
  const isWidened = time !== null && (from.kind === 'now' || to.kind === 'now')
  const ends = isWidened ? [floored(from, time), ceiled(to, time)] : [from, to]
  const range = { from: endText(ends[0] ?? from, time), to: endText(ends[1] ?? to, time) }
  const areAlike = time?.localTime == null || (from.kind === 'date') === (to.kind === 'date')
  if (areAlike && from.at >= to.at)
    throw usageError(`Nothing lies between ${range.from} and ${range.to}: --from must be before --to.`)
  return range
}

/** The range as it is shown: in UTC to the second, in a zone as it was asked. */
export const shownRange = ({ from, to }: AskedRange, zone: string | undefined): AskedRange =>
  zone === undefined ? { from: iso(Date.parse(from)), to: iso(Date.parse(to)) } : { from, to }

/** `[2013-07-01T00:00:00Z, 2013-07-02T00:00:00Z)`, `[2013-07-01, 2013-07-02) in Europe/Paris` */
export const rangeText = (range: AskedRange, zone: string | undefined): string =>
  zone === undefined
    ? intervalText({ from: Date.parse(range.from), to: Date.parse(range.to) })
    : `[${range.from}, ${range.to}) in ${zone}`

const endsOf = ({ from, to, last }: RangeOptions, now: number, time: MetricTime | null): [End, End] => {
  if (last !== undefined) {
    if (from !== undefined || to !== undefined) throw usageError('Give either --last, or --from and --to.')
    return [nowEnd(now - parseSpan(last), time), nowEnd(now, time)]
  }
  if (from === undefined)
    throw usageError('Say which time is meant: --from and --to, or --last (for example --last 24h).')
  const start = endOf(from, now, time)
  if (to !== undefined) return [start, endOf(to, now, time)]
  const isOneDay = from === 'yesterday' || from === 'today'
  return [start, isOneDay ? { ...start, at: start.at + dayMs } : nowEnd(now, time)]
}

const endOf = (text: string, now: number, time: MetricTime | null): End => {
  if (text === 'now') return nowEnd(now, time)
  const days = wordDays[text]
  if (days === undefined) return { kind: isDate(text) ? 'date' : 'instant', at: parseInstant(text, now) }
  const today = bucketStart('day')(time?.localTime?.(now) ?? now)
  return { kind: 'date', at: today + days * dayMs }
}

const hasLocalBuckets = (time: MetricTime | null): boolean => time?.localTime != null && isOfDays(time.per)

const nowEnd = (at: number, time: MetricTime | null): End => ({
  kind: 'now',
  at: hasLocalBuckets(time) ? (time?.localTime?.(at) ?? at) : at,
})

const floored = (end: End, { per }: MetricTime): End => ({ ...end, at: bucketStart(per)(end.at) })

const ceiled = (end: End, time: MetricTime): End =>
  floored(end, time).at === end.at ? end : { ...end, at: nextBucketStart(time.per)(end.at) }

const endText = ({ kind, at }: End, time: MetricTime | null): string =>
  kind === 'date' || (kind === 'now' && hasLocalBuckets(time)) ? dateText(at) : iso(at)
