import { bucketStart } from '../../core/bucket.ts'
import { earliestMs, latestMs } from '../../core/definition/quantity.ts'
import type { MetricData, ModelData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { type DayRange, dateText, dayStart, hasLocalBuckets, zoneOf } from '../../core/zoned-metric.ts'

/** As an answer names it: instants in ISO 8601, local dates as YYYY-MM-DD; null: unbounded. */
export interface AnsweredRange {
  readonly from: string | null
  readonly to: string | null
}

/** What is asked for, as bounds of the metric's buckets, or of the local dates that stand beside them. */
interface Range {
  readonly from: number | null
  readonly to: number | null
  readonly days: DayRange
  readonly range: AnsweredRange
}

type Ranged = Pick<MetricData, 'name' | 'per' | 'zone'>

/** One end of a range: an instant, a local date as if it were UTC, or neither. */
interface Bound {
  readonly instant: number | null
  readonly day: number | null
  readonly text: string | null
}

const unbounded: Bound = { instant: null, day: null, text: null }

/** @throws Problem invalid_range, unaligned_range, zoned_range, empty_range */
export const readRange = (metric: Ranged, query: URLSearchParams, model: Pick<ModelData, 'zones'>): Range => {
  const [from, to] = [readBound(metric, query, 'from', model), readBound(metric, query, 'to', model)]
  if (isReached(from.instant, to.instant) || isReached(from.day, to.day))
    throw new Problem(
      'empty_range',
      400,
      `The range from ${query.get('from')} to ${query.get('to')} is empty: from must be before to.`,
    )
  return {
    from: from.instant,
    to: to.instant,
    days: { from: from.day, to: to.day },
    range: { from: from.text, to: to.text },
  }
}

const isReached = (from: number | null, to: number | null): boolean => from !== null && to !== null && from >= to

const isoDate = /^\d{4}-\d{2}-\d{2}$/
const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/
/** A date, or its midnight without an offset. */
const localMidnight = /^(\d{4}-\d{2}-\d{2})(?:T00:00(?::00(?:\.0{1,3})?)?)?$/

/** A date (its midnight in UTC) or a time with its offset, as epoch ms; null where the text is neither. */
export const instantOf = (text: string): number | null => {
  if (!isoDate.test(text) && !isoTime.test(text)) return null
  const time = Date.parse(text)
  return isInCalendar(text) && time >= earliestMs && time <= latestMs ? time : null
}

/** `Date.parse` takes 30 February for 2 March. */
const isInCalendar = (text: string): boolean => {
  const date = new Date(`${text.slice(0, 10)}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text.slice(0, 10))
}

const readBound = (
  metric: Ranged,
  query: URLSearchParams,
  name: 'from' | 'to',
  model: Pick<ModelData, 'zones'>,
): Bound => {
  const text = query.get(name)
  if (text === null) return unbounded
  const { zone } = metric
  if (zone === undefined) return readInstant(metric, name, text)
  const [, date] = localMidnight.exec(text) ?? []
  if (date !== undefined) return readDate({ ...metric, zone }, name, date, model)
  if (hasLocalBuckets(metric) && instantOf(text) !== null)
    throw new Problem(
      'zoned_range',
      400,
      `${metric.name} is kept per ${metric.per} of ${zone}; ${name} must be a date there, such as 2026-11-23, not an instant.`,
      { zone },
    )
  return readInstant(metric, name, text)
}

const readInstant = (metric: Ranged, name: string, text: string): Bound => {
  const instant = instantOf(text)
  if (instant === null) throw invalid(name, text, 'a date or an ISO 8601 time with its offset')
  refuseUnaligned(metric, name, instant, (time) => new Date(time).toISOString())
  return { instant, day: null, text: new Date(instant).toISOString() }
}

/** A date where the metric's days begin. Of finer buckets it is an instant, unless no bucket begins there. */
const readDate = (
  metric: Ranged & { readonly zone: string },
  name: string,
  text: string,
  model: Pick<ModelData, 'zones'>,
): Bound => {
  const day = instantOf(text)
  if (day === null) throw invalid(name, text, `a date of ${metric.zone}`)
  if (hasLocalBuckets(metric)) {
    refuseUnaligned(metric, name, day, dateText)
    return { instant: null, day, text }
  }
  const start = dayStart(zoneOf(model, metric.zone), day)
  return start !== null && bucketStart(metric.per)(start) === start
    ? { instant: start, day: null, text }
    : { instant: null, day, text }
}

const invalid = (name: string, text: string, wanted: string): Problem =>
  new Problem('invalid_range', 400, `${name} is ${text}; it must be ${wanted}.`)

const refuseUnaligned = (metric: Ranged, name: string, time: number, written: (time: number) => string): void => {
  const start = bucketStart(metric.per)(time)
  if (start === time) return
  throw new Problem(
    'unaligned_range',
    400,
    `${metric.name} is kept per ${metric.per}; ${name} must be the start of one, such as ${written(start)}.`,
    { bucket: metric.per, before: written(start) },
  )
}
