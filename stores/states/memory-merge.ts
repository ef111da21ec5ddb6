import { answerOf } from '../../core/answer.ts'
import { bucketStart } from '../../core/bucket.ts'
import type { MergeOp } from '../../core/contribution.ts'
import { estimate } from '../../core/hyperloglog.ts'
import { mergeWide, opOf } from '../../core/merge.ts'
import type { DimensionData, MetricData } from '../../core/model.ts'
import { dimsKey } from '../../core/state.ts'
import { type DayRange, hasLocalBuckets, isOfDays, keepsLocalDay } from '../../core/zoned-metric.ts'
import type { DimensionCondition } from '../../sql/cells.ts'
import type { Layer } from '../../sql/states.ts'
import type { StateRow } from '../warehouse/memory-tables.ts'
import type { AnsweredCell, PairCell, StatesQuestion } from './states.ts'

/** A state, and which side of the tidemark it is on. */
export interface LayerRow extends StateRow {
  readonly layer: Layer
}

type Place = Pick<Gathered, 'bucket' | 'dims'>

/** What answers a cell: its place, and all states that fall in it. */
interface Gathered {
  readonly bucket: number | null
  readonly dims: readonly (string | null)[]
  readonly rows: LayerRow[]
}

/** The cells of an answer in its order, all of them: merged as the metric's measure says. */
export const answeredCells = (question: StatesQuestion, rows: readonly LayerRow[]): AnsweredCell[] => {
  const dimensions = dimensionsOf(question.metric, question.by)
  const gathered = gather(question, rows)
  const answered = gathered.flatMap((cell) => {
    const merged =
      question.metric.measure.kind === 'countDistinct' ? countDistinct(question, cell) : total(question, cell)
    return merged === null ? [] : [{ cell, merged }]
  })
  return answered
    .sort((a, b) => inOrder(dimensions, a.cell, b.cell))
    .map(({ cell, merged }) => ({
      bucket: cell.bucket,
      dims: cell.dims.map((dim, place) => typed(dimensions[place], dim)),
      ...merged,
    }))
}

export const dimensionsOf = (metric: MetricData, by: readonly string[]): DimensionData[] =>
  by.map((name) => dimensionOf(metric, name))

/** Of each bucket the cells of the greatest values, greatest first; the cells come bucket by bucket. */
export const greatestCells = (
  cells: readonly AnsweredCell[],
  top: number,
): { readonly cells: AnsweredCell[]; readonly leftOut: number } => {
  const byBucket = new Map<number | null, AnsweredCell[]>()
  for (const cell of cells) byBucket.set(cell.bucket, [...(byBucket.get(cell.bucket) ?? []), cell])
  const kept = [...byBucket.values()].flatMap((own) =>
    own.toSorted((a, b) => (a.value === b.value ? 0 : a.value > b.value ? -1 : 1)).slice(0, top),
  )
  return { cells: kept, leftOut: cells.length - kept.length }
}

/** Two metrics' cells side by side, in an answer's order. */
export const pairedCells = (
  dimensions: readonly DimensionData[],
  left: readonly AnsweredCell[],
  right: readonly AnsweredCell[],
): PairCell[] => {
  const pairs = new Map<string, PairCell>()
  for (const [side, cells] of [
    ['left', left],
    ['right', right],
  ] as const)
    for (const { bucket, dims, value, exact } of cells) {
      if (typeof value !== 'bigint') throw new Error('A list has no place beside another value.')
      const key = JSON.stringify([bucket, dims])
      const held = pairs.get(key) ?? { bucket, dims, left: null, right: null, exact: true }
      pairs.set(key, { ...held, [side]: value, exact: held.exact && exact })
    }
  const texts = ({ bucket, dims }: PairCell) => ({
    bucket,
    dims: dims.map((dim) => (dim === null ? null : String(dim))),
  })
  return [...pairs.values()].sort((a, b) => inOrder(dimensions, texts(a), texts(b)))
}

const dimensionOf = ({ name: metric, by }: MetricData, name: string): DimensionData => {
  const dimension = by.find((each) => each.name === name)
  if (dimension === undefined) throw new Error(`${metric} has no dimension ${name}.`)
  return dimension
}

const gather = (question: StatesQuestion, rows: readonly LayerRow[]): Gathered[] => {
  const { metric, by, where, layer, from, to, days } = question
  const places = by.map((name) => metric.by.findIndex((dimension) => dimension.name === name))
  const start = bucketOf(question)
  const dayOf = localDayOf(metric)
  const cells = new Map<string, Gathered>()
  for (const row of rows) {
    const isAsked =
      (layer === null || row.layer === layer) &&
      (from === null || row.bucket >= from) &&
      (to === null || row.bucket < to) &&
      (days === undefined || isWithin(dayOf(row), days)) &&
      where.every((condition) => holds(metric, condition, row))
    if (!isAsked) continue
    const bucket = start(row)
    const dims = places.map((place) => row.dims[place] ?? null)
    const key = `${bucket}/${dimsKey(dims)}`
    const cell = cells.get(key) ?? { bucket, dims, rows: [] }
    cells.set(key, cell)
    cell.rows.push(row)
  }
  return [...cells.values()]
}

const bucketOf = ({ metric, per }: StatesQuestion): ((row: StateRow) => number | null) => {
  if (per === null) return () => null
  if (per === metric.per) return ({ bucket }) => bucket
  const start = bucketStart(per)
  const dayOf = localDayOf(metric)
  return keepsLocalDay(metric) && isOfDays(per) ? (row) => start(dayOf(row)) : ({ bucket }) => start(bucket)
}

/** The local date as if it were UTC: the bucket itself, or the text behind the metric's own dimensions. */
const localDayOf =
  (metric: MetricData) =>
  ({ bucket, dims }: StateRow): number =>
    hasLocalBuckets(metric) ? bucket : Date.parse(dims[metric.by.length] ?? '')

/** An exact count has no local date, and is of no range of dates. */
const isWithin = (day: number, { from, to }: DayRange): boolean =>
  (from === null || day >= from) && (to === null || day < to)

/** Whether a row's dimension holds the value asked for. */
export const holds = ({ by }: MetricData, { dimension, value }: DimensionCondition, { dims }: StateRow): boolean => {
  const dim = dims[by.findIndex(({ name }) => name === dimension)] ?? null
  if (dim === null) return false
  if (typeof value === 'string') return dim === value
  return typeof value === 'boolean' ? (dim === 'true') === value : BigInt(dim) === value
}

/** A dimension's text as its type. */
export const typed = (dimension: DimensionData | undefined, dim: string | null): string | number | boolean | null => {
  if (dim === null || dimension === undefined || dimension.type === 'string') return dim
  return dimension.type === 'boolean' ? dim === 'true' : Number(dim)
}

/** Merged component by component, past 2^53 too. */
const total = ({ metric }: StatesQuestion, { rows }: Gathered): Pick<AnsweredCell, 'value' | 'exact'> | null => {
  const state = new Map<string, bigint>()
  for (const { component, value } of rows) {
    const held = state.get(component)
    state.set(component, held === undefined ? BigInt(value) : mergeWide(opOf(component), held, BigInt(value)))
  }
  const { value, exact } = answerOf(metric.measure, state)
  return value === null ? null : { value, exact }
}

/** Registers make an estimate; a cell that speed has no part in is answered by batch's exact count, where there is one. */
const countDistinct = (question: StatesQuestion, { rows }: Gathered): Omit<AnsweredCell, 'bucket' | 'dims'> | null => {
  const registers = new Map<string, number>()
  for (const { component, value } of rows)
    if (/^r\d+$/.test(component)) registers.set(component, Math.max(value, registers.get(component) ?? 0))
  if (registers.size === 0) return null
  const counted = exactCount(question, rows)
  const aboveTidemark = rows
    .filter(({ layer, component }) => layer === 'speed' && component === 'seen')
    .reduce((sum, { value }) => sum + value, 0)
  if (counted !== null && !rows.some(({ layer }) => layer === 'speed'))
    return { value: BigInt(counted), exact: true, aboveTidemark }
  const inverseSum = [...registers.values()].reduce((sum, rank) => sum + 2 ** -rank, 0)
  return { value: BigInt(estimate(registers.size, inverseSum)), exact: false, aboveTidemark }
}

const exactCount = ({ metric, per, by, where }: StatesQuestion, rows: readonly LayerRow[]): number | null => {
  if (per !== metric.per) return null
  const isWhole = metric.by.every(({ name }) => by.includes(name))
  if (!isWhole && (by.length > 0 || where.length > 0)) return null
  const component = isWhole ? 'exact' : 'exact_total'
  return rows.reduce<number | null>(
    (largest, row) => (row.component === component ? Math.max(row.value, largest ?? 0) : largest),
    null,
  )
}

/** By bucket, then the dimensions by their types, null last. */
const inOrder = (dimensions: readonly DimensionData[], a: Place, b: Place): number => {
  const byBucket = (a.bucket ?? 0) - (b.bucket ?? 0)
  if (byBucket !== 0) return byBucket
  for (const [place, { type }] of dimensions.entries()) {
    const order = compareDims(type, a.dims[place] ?? null, b.dims[place] ?? null)
    if (order !== 0) return order
  }
  return 0
}

/** Texts are ordered by their code points, which UTF-8 keeps; JavaScript's `<` compares UTF-16. */
const compareDims = (type: DimensionData['type'], a: string | null, b: string | null): number => {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  if (type === 'integer') return Number(BigInt(a) - BigInt(b))
  return type === 'boolean'
    ? Number(a === 'true') - Number(b === 'true')
    : Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** One state, merged. */
export interface MergedState {
  readonly bucket: number
  readonly component: string
  readonly value: bigint
}

/** States of one bucket, dimensions and component as one value. Exact counts are left out. */
export const mergedStates = (
  rows: readonly StateRow[],
  opFor: (component: string) => MergeOp = opOf,
): Map<string, MergedState> => {
  const states = new Map<string, MergedState>()
  for (const { bucket, dims, component, value: number } of rows) {
    if (component.startsWith('exact')) continue
    const key = `${bucket}/${component}/${dimsKey(dims)}`
    const value = BigInt(number)
    const held = states.get(key)?.value
    const merged = held === undefined ? value : mergeWide(opFor(component), held, value)
    states.set(key, { bucket, component, value: merged })
  }
  return states
}

/** Of each ref (and whatever else is told apart) the greatest version. */
export const latestVersions = <Row extends StateRow>(
  rows: readonly Row[],
  apart: (row: Row) => unknown = () => null,
): Row[] => {
  const latest = new Map<string, Row>()
  for (const row of rows) {
    const key = `${apart(row)}/${dimsKey(row.dims.slice(0, 1))}`
    const held = latest.get(key)
    if (held === undefined || held.component < row.component) latest.set(key, row)
  }
  return [...latest.values()]
}
