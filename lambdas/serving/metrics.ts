import { type AnsweredValue, answeredValue } from '../../core/answer.ts'
import { spanText } from '../../core/definition/span.ts'
import {
  type DerivedData,
  type DimensionData,
  type MeasureData,
  type MetricData,
  type ModelData,
  measuredBy,
  sessionMetrics,
} from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { answeredQuantity } from '../../core/quantity-text.ts'
import { bucketText } from '../../core/zoned-metric.ts'
import type { Pin } from '../../sql/states.ts'
import type { AnsweredCell, Asked, Snapshot, States } from '../../stores/states/states.ts'
import { type Cursor, writeCursor } from './cursor.ts'
import type { MetricQuestion, Question } from './question.ts'
import { countedTo, type Receipt, receiptFor } from './receipt.ts'

export interface AnswerRow {
  /** The bucket's start, ISO 8601: of a metric in a zone its local date; null where the whole range was asked as one. */
  readonly bucket: string | null
  readonly by: Readonly<Record<string, string | number | boolean | null>>
  /** Decimals, and integers past 2^53, are exact text; a histogram's is a list. */
  readonly value: AnsweredValue
  readonly exact: boolean
}

export interface MetricAnswer {
  readonly metric: string
  readonly unit: string
  readonly per: string
  /** Whose days the dates are; left out: UTC's. */
  readonly zone?: string
  readonly from: string | null
  readonly to: string | null
  readonly by: readonly string[]
  readonly rows: readonly AnswerRow[]
  /** Where only the greatest were asked for: how many, of each bucket, and how many rows of all buckets are left out. */
  readonly top?: number
  readonly leftOut?: number
  /** Where to go on, as `cursor`; null: that was all. */
  readonly next: string | null
  readonly receipt: Receipt
}

/** The catalogue: every metric as it may be asked for. */
export const listMetrics = (model: ModelData) => ({
  modelVersion: model.version,
  metrics: [
    ...model.metrics.map(listed),
    ...(model.derived ?? []).map(listedDerived),
    ...sessionMetrics(model).map((metric) => ({ ...listed(metric), sessions: metric.event })),
  ],
})

const listedDerived = ({ name, version, description, owner, kind, of, unit, per, zone, by, liveMs }: DerivedData) => ({
  name,
  version,
  description,
  owner: owner ?? null,
  measure: kind,
  of,
  unit,
  per,
  ...inZone(zone),
  by: by.map((dimension) => dimension.name),
  ...keptOf(by),
  live: liveMs === null ? null : spanText(liveMs),
})

const inZone = (zone: string | undefined) => (zone === undefined ? {} : { zone })

/** By dimension, of those that don't keep all values. */
const keptOf = (by: readonly DimensionData[]) => {
  const kept = by.flatMap(({ name, keep }) => (keep === undefined ? [] : [[name, keep] as const]))
  return kept.length === 0 ? {} : { keep: Object.fromEntries(kept) }
}

const listed = (metric: MetricData) => ({
  name: metric.name,
  version: metric.version,
  description: metric.description,
  owner: metric.owner ?? null,
  ...measureOf(metric),
  per: metric.per,
  ...inZone(metric.zone),
  by: metric.by.map((dimension) => dimension.name),
  ...keptOf(metric.by),
  live: metric.liveMs === null ? null : spanText(metric.liveMs),
})

/** What is measured, as catalogues tell it. */
export const measureOf = ({ measure, each }: Pick<MetricData, 'measure' | 'each'>) => ({
  measure: measure.kind,
  ...(each === undefined ? {} : { each: each.field }),
  ...(measure.kind === 'quantile' ? { q: measure.q } : {}),
  ...(measure.kind === 'histogram' ? { edges: edgesOf(measure), edgeUnit: measure.edgeUnit } : {}),
  unit: measure.unit,
})

const edgesOf = ({ edges, edgeScale }: Extract<MeasureData, { kind: 'histogram' }>) =>
  edges.map((edge) => answeredQuantity(BigInt(edge), edgeScale))

/** What a profile keeps is asked for as a metric too, `PROFILE.MEASURE`, and not listed. @throws Problem unknown_metric */
export const findMetric = (model: ModelData, name: string): MetricData => {
  const metric = measuredBy(model).find((candidate) => candidate.name === name)
  if (metric !== undefined) return metric
  throw new Problem('unknown_metric', 404, `There is no metric ${name}.`, {
    allowed: [...model.metrics, ...(model.derived ?? []), ...sessionMetrics(model)].map((candidate) => candidate.name),
  })
}

/**
 * A metric's answer of one snapshot of both sides. Pages after the first are held to the first one's snapshot.
 * @throws Problem definition_changed, snapshot_gone, no_order
 */
export const answerMetric = async (
  model: ModelData,
  states: Pick<States, 'read'>,
  question: MetricQuestion,
): Promise<MetricAnswer> => {
  if (question.top !== null && question.metric.measure.kind === 'histogram')
    throw new Problem('no_order', 400, `A row of ${question.metric.name} is a list, of which none is the greatest.`)
  return pagedAnswer(model, { ...question.metric, unit: question.metric.measure.unit }, question, {
    read: (asked) => states.read({ ...asked, metric: question.metric, top: question.top }),
    row: (cell: AnsweredCell) => answerRow(question, cell),
    aboveTidemark,
  })
}

/** What an answer is of; `measure` is null where it is derived of two. */
interface Answered {
  readonly name: string
  readonly version: string
  readonly unit: string
  readonly measure: MeasureData | null
  readonly zone?: string
  /** Of a metric over sessions: as of when, epoch ms. Pages after the first go on from it. */
  readonly asOf?: number
}

interface Source<Cell> {
  readonly read: (asked: Asked) => Promise<{
    readonly snapshot: Snapshot
    readonly cells: readonly Cell[]
    readonly leftOut?: number
  }>
  readonly row: (cell: Cell) => AnswerRow
  /** What the receipt says of cells that may be estimates. */
  readonly aboveTidemark?: (cells: readonly Cell[]) => Pick<Receipt, 'aboveTidemark'>
}

/** One page of an answer, and the receipt of the snapshot that it was read from. @throws Problem as `answerMetric` */
export const pagedAnswer = async <Cell>(
  model: ModelData,
  metric: Answered,
  question: Omit<MetricQuestion, 'metric'>,
  { read, row, aboveTidemark }: Source<Cell>,
): Promise<MetricAnswer> => {
  const { cursor, limit } = question
  const pin = cursor?.pin ?? null
  const offset = cursor?.offset ?? 0
  // One cell more than the page holds shows whether there is another page.
  const found = await read({ ...question, pin, offset, limit: limit + 1 })
  if (cursor !== null && cursor.modelVersion !== model.version) throw snapshotGone()
  const snapshot = pinned(found.snapshot, pin)
  refuseGaps(metric, snapshot, pin)
  const answered = found.cells.slice(0, limit).map(row)
  const isMore = found.cells.length > limit
  const nextPin = { datasetId: snapshot.datasetId, positions: countedTo(snapshot) }
  return {
    metric: metric.name,
    unit: metric.unit,
    per: question.per ?? 'total',
    ...inZone(metric.zone),
    ...question.range,
    by: question.by,
    rows: answered,
    ...(question.top === null ? {} : { top: question.top, leftOut: found.leftOut ?? 0 }),
    next: isMore
      ? writeCursor({ offset: offset + limit, pin: nextPin, modelVersion: model.version, ...asOfIn(metric) })
      : null,
    receipt: {
      ...receiptFor(
        model,
        metric,
        snapshot,
        question.layer,
        answered.every(({ exact }) => exact),
      ),
      ...aboveTidemark?.(found.cells.slice(0, limit)),
    },
  }
}

const asOfIn = ({ asOf }: Answered): Pick<Cursor, 'asOf'> => (asOf === undefined ? {} : { asOf })

const aboveTidemark = (cells: readonly AnsweredCell[]): Pick<Receipt, 'aboveTidemark'> => {
  const counts = cells.flatMap((cell) => cell.aboveTidemark ?? [])
  return counts.length === 0 ? {} : { aboveTidemark: counts.reduce((sum, count) => sum + count, 0) }
}

/** @throws Problem snapshot_gone where what the first page was answered from is no longer there */
export const pinned = (snapshot: Snapshot, pin: Pin | null): Snapshot => {
  if (pin === null) return snapshot
  const isLoaded = pin.datasetId === '' || snapshot.loaded.has(pin.datasetId)
  const isPruned = Object.entries(snapshot.pruned).some(([shardId, to]) => to > (snapshot.marks[shardId] ?? ''))
  if (!isLoaded || isPruned) throw snapshotGone()
  return { ...snapshot, positions: pin.positions }
}

const snapshotGone = (): Problem =>
  new Problem('snapshot_gone', 410, 'What this cursor goes on from is no longer kept; ask again from the first page.')

const refuseGaps = (metric: Answered, { gaps }: Snapshot, pin: Pin | null): void => {
  if (gaps === 0 || pin !== null) return
  throw new Problem(
    'definition_changed',
    409,
    `${metric.name} was defined anew, and no dataset holds version ${metric.version} of it yet; run \`tidemark recompute --full\`.`,
    { metric: metric.name, version: metric.version },
  )
}

/** Days of a zone, and what is made of them, are dates: their start is an instant only there. */
export const answeredBucket = (
  { metric, per }: Question<Pick<MetricData, 'zone'>>,
  bucket: number | null,
): string | null => {
  if (bucket === null || per === null) return null
  return bucketText(metric.zone === undefined ? { per } : { per, zone: metric.zone }, bucket)
}

const answerRow = (question: MetricQuestion, { bucket, dims, value, exact }: AnsweredCell): AnswerRow => ({
  bucket: answeredBucket(question, bucket),
  by: Object.fromEntries(question.by.map((name, place) => [name, dims[place] ?? null])),
  value: answeredValue(question.metric.measure, value),
  exact,
})
