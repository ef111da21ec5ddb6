import { type AnsweredValue, answeredValue, answerOf, type MergedComponents } from '../../core/answer.ts'
import { type Components, opOf } from '../../core/merge.ts'
import type { DimensionData, DimensionType, MetricData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { dimsKey } from '../../core/state.ts'
import type { WindowCell } from '../../core/window-chunk.ts'

type Scalar = string | number | boolean | null

export interface Row {
  /** The dimensions' values, of their own types. */
  readonly by: Readonly<Record<string, Scalar>>
  /** Decimals are exact text; null: the least, greatest or mean of nothing. */
  readonly value: AnsweredValue
  readonly exact: boolean
  /** The estimate's relative standard error; only where the value is not exact. */
  readonly relativeError?: number
}

interface Group {
  readonly dims: readonly (string | null)[]
  /** BigInt: sums over many slices may leave the safe integers. */
  readonly components: Map<string, bigint>
}

interface PlacedDimension extends DimensionData {
  /** The dimension's place in the metric's order. */
  readonly at: number
}

/** Adds up a metric's states into answered rows. */
export class WindowRows {
  readonly #metric: MetricData
  readonly #by: readonly PlacedDimension[]
  readonly #where: readonly { at: number; text: string | null }[]
  readonly #groups = new Map<string, Group>()

  /** @throws Problem unknown_dimension */
  constructor(metric: MetricData, by: readonly string[], where: Readonly<Record<string, Scalar>>) {
    this.#metric = metric
    this.#by = by.map((name) => dimensionOf(metric, name))
    this.#where = Object.entries(where).map(([name, value]) => ({
      at: dimensionOf(metric, name).at,
      text: value === null ? null : String(value),
    }))
    if (by.length === 0) this.#group([])
  }

  add(cell: WindowCell): void {
    if (!this.#where.every(({ at, text }) => cell.dims[at] === text)) return
    mergeInto(this.#group(this.#by.map(({ at }) => cell.dims[at] ?? null)).components, cell.components)
  }

  /** In the order of the dimensions' texts, nulls first. */
  answer(): Row[] {
    const groups = [...this.#groups.values()].sort((a, b) => compareDims(a.dims, b.dims))
    return groups.map(({ dims, components }) => ({
      by: Object.fromEntries(this.#by.map(({ name, type }, at) => [name, typed(type, dims[at] ?? null)])),
      ...measured(this.#metric, components),
    }))
  }

  #group(dims: readonly (string | null)[]): Group {
    const key = dimsKey(dims)
    const held = this.#groups.get(key)
    if (held !== undefined) return held
    const group: Group = { dims, components: new Map() }
    this.#groups.set(key, group)
    return group
  }
}

const dimensionOf = (metric: MetricData, name: string): PlacedDimension => {
  const at = metric.by.findIndex((dimension) => dimension.name === name)
  const dimension = metric.by[at]
  if (dimension !== undefined) return { ...dimension, at }
  const dimensions = metric.by.map((known) => known.name)
  throw new Problem('unknown_dimension', 400, `Metric ${metric.name} has no dimension ${name}.`, { dimensions })
}

const mergeInto = (into: Map<string, bigint>, components: Readonly<Components>): void => {
  for (const [component, number] of Object.entries(components)) {
    const value = BigInt(number)
    const held = into.get(component)
    into.set(component, held === undefined ? value : mergeBig(opOf(component), held, value))
  }
}

const mergeBig = (op: ReturnType<typeof opOf>, a: bigint, b: bigint): bigint => {
  if (op === 'sum') return a + b
  return a < b === (op === 'min') ? a : b
}

const measured = ({ measure }: MetricData, components: MergedComponents): Omit<Row, 'by'> => {
  const { value, exact, relativeError } = answerOf(measure, components)
  return { value: answeredValue(measure, value), exact, ...(relativeError === null ? {} : { relativeError }) }
}

const typed = (type: DimensionType, text: string | null): Scalar => {
  if (text === null || type === 'string') return text
  return type === 'integer' ? Number(text) : text === 'true'
}

const compareDims = (a: readonly (string | null)[], b: readonly (string | null)[]): number => {
  for (const [at, left] of a.entries()) {
    const right = b[at] ?? null
    if (left === right) continue
    if (left === null || right === null) return left === null ? -1 : 1
    return left < right ? -1 : 1
  }
  return 0
}
