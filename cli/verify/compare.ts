import type { MetricData } from '../../core/model.ts'
import { type MetricRow, valueCell } from '../answers.ts'
import { addedDecimals, type Counted } from './finished.ts'
import type { Cell } from './recount.ts'

/** The standard error of a HyperLogLog of 2^14 registers: 1.04 / sqrt(2^14) (Flajolet et al., 2007). */
const standardError = 1.04 / Math.sqrt(2 ** 14)
const toleratedErrors = 4

export interface Difference {
  /** ISO. */
  readonly bucket: string
  readonly dims: readonly (string | null)[]
  /** As the API writes it; null: no such row. */
  readonly served: string | null
  readonly recounted: string | null
}

export interface Comparison {
  readonly metric: string
  readonly cells: number
  /** Cells that are estimates, and so need only lie near. */
  readonly estimated: number
  readonly differences: readonly Difference[]
  /** Of the estimates' errors, in standard errors; null where nothing is estimated. About 1 at most. */
  readonly rootMeanSquare: number | null
  readonly equal: boolean
}

/** Holds what is served against what was recounted, cell by cell. */
export const compare = (
  metric: Pick<MetricData, 'name' | 'measure' | 'by'>,
  rows: readonly MetricRow[],
  cells: readonly Cell[],
): Comparison => {
  const scale = scaleOf(metric)
  const recounted = new Map(cells.map((cell) => [keyOf(cell.bucket, cell.dims), cell]))
  const differences: Difference[] = []
  const errors: number[] = []
  for (const row of rows) {
    const bucket = Date.parse(row.bucket)
    const dims = metric.by.map(({ name }) => textOf(row.by[name]))
    const key = keyOf(bucket, dims)
    const cell = recounted.get(key)
    recounted.delete(key)
    const served = readValue(row.value, scale)
    const truth = cell?.value
    const estimated = metric.measure.kind === 'countDistinct' && !row.exact
    if (estimated && typeof truth === 'bigint' && typeof served === 'bigint') errors.push(errorOf(served, truth))
    if (served === null || truth === undefined || !isRight(metric, served, truth, estimated))
      differences.push(difference(bucket, dims, row.value, cell, scale))
  }
  for (const cell of recounted.values()) differences.push(difference(cell.bucket, cell.dims, null, cell, scale))
  const rootMeanSquare = errors.length === 0 ? null : Math.hypot(...errors) / Math.sqrt(errors.length)
  return {
    metric: metric.name,
    cells: Math.max(rows.length, cells.length),
    estimated: errors.length,
    differences,
    rootMeanSquare,
    equal:
      differences.length === 0 && (rootMeanSquare === null || rootMeanSquare <= largestRootMeanSquare(errors.length)),
  }
}

/**
 * 1, and three standard errors of the root mean square itself over so few cells (1 / sqrt(2n) each): a single estimate
 * lies beyond one standard error every third time.
 */
const largestRootMeanSquare = (cells: number): number => 1 + 3 / Math.sqrt(2 * cells)

const keyOf = (bucket: number, dims: readonly (string | null)[]): string => JSON.stringify([bucket, ...dims])

const textOf = (value: string | number | boolean | null | undefined): string | null =>
  value === null || value === undefined ? null : String(value)

const hasAddedDecimals = new Set(['mean', 'stddev', 'quantile'])

/** The decimals of an answer. */
const scaleOf = ({ measure }: Pick<MetricData, 'measure'>): number => {
  if (!('scale' in measure)) return 0
  return hasAddedDecimals.has(measure.kind) ? measure.scale + addedDecimals : measure.scale
}

/** How far an estimate lies from the truth, in standard errors. */
const errorOf = (served: bigint, truth: bigint): number =>
  Number(served - truth) / (standardError * Math.max(1, Number(truth)))

const isRight = (
  { measure }: Pick<MetricData, 'measure'>,
  served: Counted,
  truth: Counted,
  estimated: boolean,
): boolean => {
  if (typeof served !== 'bigint' || typeof truth !== 'bigint') return String(served) === String(truth)
  return measure.kind === 'quantile' ? isWithinBound(served, truth) : agrees(served, truth, estimated)
}

/** What quantiles promise: within 1% of the value of that rank. */
const isWithinBound = (served: bigint, truth: bigint): boolean =>
  100n * (served < truth ? truth - served : served - truth) <= (truth < 0n ? -truth : truth)

/** Estimates are whole: two values in one register already make a step of 1, which is more than 4 errors of a small count. */
const agrees = (served: bigint, truth: bigint, estimated: boolean): boolean =>
  served === truth ||
  (estimated && (Math.abs(Number(served - truth)) <= 1 || Math.abs(errorOf(served, truth)) <= toleratedErrors))

/** A list is read number by number; null where something is none. */
const readValue = (value: MetricRow['value'], scale: number): Counted | null => {
  if (typeof value !== 'object' || value === null) return scaled(value, scale)
  const read = value.map((one) => scaled(one, scale))
  const numbers = read.filter((one) => one !== null)
  return numbers.length === read.length ? numbers : null
}

/** The value as an integer scaled by 10^scale; null where it is no such number. */
const scaled = (value: number | string | null, scale: number): bigint | null => {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(String(value))
  const fraction = match?.[2] ?? ''
  if (match === null || fraction.length > scale) return null
  return BigInt(`${match[1]}${fraction.padEnd(scale, '0')}`)
}

const difference = (
  bucket: number,
  dims: readonly (string | null)[],
  served: MetricRow['value'],
  cell: Cell | undefined,
  scale: number,
): Difference => ({
  bucket: new Date(bucket).toISOString(),
  dims,
  served: served === null ? null : String(valueCell(served)),
  recounted: cell === undefined ? null : countedText(cell.value, scale),
})

const countedText = (value: Counted, scale: number): string =>
  typeof value === 'bigint' ? unscaled(value, scale) : value.join(' ')

const unscaled = (value: bigint, scale: number): string => {
  if (scale === 0) return value.toString()
  const digits = value
    .toString()
    .replace('-', '')
    .padStart(scale + 1, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}
