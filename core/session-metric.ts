import type { MergedValue } from './answer.ts'
import { type Bucket, bucketStart } from './bucket.ts'
import { matcher } from './contributor.ts'
import { measured } from './entity-total.ts'
import type { Session } from './folded.ts'
import { dimensionReader, textOf } from './kept.ts'
import type { DimensionData, MetricData, ModelData } from './model.ts'
import type { Row } from './record.ts'
import { durationOf } from './session.ts'
import { type DayRange, hasLocalBuckets, isOfDays, placingOf } from './zoned-metric.ts'

/** Which sessions are measured, and into what cells. */
export interface SessionCellsQuestion {
  readonly metric: MetricData
  /** null: the whole range as one. */
  readonly per: Bucket | null
  readonly by: readonly string[]
  readonly where: readonly { readonly dimension: string; readonly value: string | boolean | bigint }[]
  /** Epoch ms, half-open, of the metric's own buckets; null: unbounded. */
  readonly from: number | null
  readonly to: number | null
  /** Local dates, where the metric has a zone. */
  readonly days: DayRange
}

export interface SessionCell {
  /** Epoch ms; null where the range was asked as one. */
  readonly bucket: number | null
  /** In the order of the question's `by`. */
  readonly dims: readonly (string | number | boolean | null)[]
  readonly value: MergedValue
}

/**
 * A metric over sessions: each is measured as an event would be, at the time it started. In order of bucket and `by`.
 * @param key the sessions' key
 */
export const sessionCells = (
  model: Pick<ModelData, 'zones'>,
  key: DimensionData,
  sessions: readonly Session[],
  question: SessionCellsQuestion,
): SessionCell[] => {
  const { metric } = question
  const matches = matcher(metric.where)
  const placed = placer(model, question)
  const dimensionsOf = dimensionsReader(metric)
  const cells = new Map<string, { readonly place: Omit<SessionCell, 'value'>; readonly rows: Row[] }>()
  for (const session of sessions) {
    const row = rowOf(key, session)
    const own = dimensionsOf(row)
    if (!matches(row) || !question.where.every(({ dimension, value }) => isOne(own[dimension], value))) continue
    const bucket = placed(session.startedAt)
    if (bucket === undefined) continue
    const dims = question.by.map((name) => own[name] ?? null)
    const id = JSON.stringify([bucket, dims])
    const cell = cells.get(id) ?? { place: { bucket, dims }, rows: [] }
    cells.set(id, cell)
    cell.rows.push(row)
  }
  return [...cells.values()]
    .flatMap(({ place, rows }): SessionCell[] => {
      const value = measured(metric.measure, rows)
      return value === null ? [] : [{ ...place, value }]
    })
    .sort(inOrder)
}

/** A row's dimensions by name, each as its type; of one that keeps some values all others are its `other`. */
const dimensionsReader = ({
  by,
}: MetricData): ((row: Row) => Readonly<Record<string, SessionCell['dims'][number]>>) => {
  const readers = by.map((dimension) => ({
    ...dimension,
    read: dimension.keep === undefined ? null : dimensionReader(dimension),
  }))
  return (row) =>
    Object.fromEntries(
      readers.map(({ name, read }) => [name, read === null ? (row[name] as SessionCell['dims'][number]) : read(row)]),
    )
}

/** What a session says, as an event's row would. */
const rowOf = ({ name }: DimensionData, session: Session): Row => ({
  [name]: session.key,
  startedAt: session.startedAt,
  duration: durationOf(session),
  events: session.events,
  closed: session.isClosed,
  state: textOf(session.state),
})

const isOne = (actual: unknown, value: string | boolean | bigint): boolean =>
  typeof actual === 'number' && typeof value === 'bigint' ? BigInt(actual) === value : actual === value

/** The bucket that a session is in, null where the range is one; undefined where it lies outside of what is asked. */
const placer = (
  model: Pick<ModelData, 'zones'>,
  { metric, per, from, to, days }: SessionCellsQuestion,
): ((startedAt: number) => number | null | undefined) => {
  const { bucketOf, dayOf } = placingOf(model, metric)
  const start = per === null || per === metric.per ? null : bucketStart(per)
  const isLocal = per !== null && isOfDays(per)
  return (startedAt) => {
    const own = bucketOf(startedAt)
    const day = hasLocalBuckets(metric) ? own : dayOf === null ? null : Date.parse(dayOf(startedAt))
    if (!isWithin(own, from, to) || (day !== null && !isWithin(day, days.from, days.to))) return undefined
    if (per === null) return null
    return start === null ? own : start(isLocal && day !== null ? day : own)
  }
}

const isWithin = (time: number, from: number | null, to: number | null): boolean =>
  (from === null || time >= from) && (to === null || time < to)

const inOrder = (a: SessionCell, b: SessionCell): number => {
  const byBucket = (a.bucket ?? 0) - (b.bucket ?? 0)
  if (byBucket !== 0) return byBucket
  for (const [place, dim] of a.dims.entries()) {
    const order = compared(dim, b.dims[place] ?? null)
    if (order !== 0) return order
  }
  return 0
}

/** Texts by their code points, as the warehouse does; null last. */
const compared = (a: SessionCell['dims'][number], b: SessionCell['dims'][number]): number => {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(String(b))) : Number(a) - Number(b)
}
