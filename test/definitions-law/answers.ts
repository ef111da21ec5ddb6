import type { MeasureData } from '../../core/model.ts'
import { flawOf } from '../plain-measures.ts'
import { fieldNamed, type MetricPlan } from './plan.ts'
import type { RecountedCell } from './recount.ts'

/** One cell of an answer, whoever gave it. */
export interface Given {
  /** Scaled as it is answered; of a histogram the counts. */
  readonly value: bigint | readonly bigint[] | null
  readonly exact: boolean
}

/** The standard error of 2^14 registers is 1.04 / 2^7; six of them hold but once in some 10^8, and few values collide. */
const distinctBound = 6 * (1.04 / 128)

/**
 * Whether an answer is what the recount says, cell by cell: exact measures exactly, the others within their bounds.
 * @param isOwn asked per the metric's own bucket and by all its dimensions: a distinct count without speed's part is exact
 * @returns what is wrong; null: nothing
 */
export const answerFlaw = (
  metric: MetricPlan,
  wanted: ReadonlyMap<string, RecountedCell>,
  given: ReadonlyMap<string, Given>,
  isOwn: boolean,
): { readonly cell: string; readonly flaw: string } | null => {
  for (const key of given.keys()) if (!wanted.has(key)) return { cell: key, flaw: 'there is no such cell' }
  for (const [cell, recounted] of wanted) {
    const answer = given.get(cell)
    const flaw = answer === undefined ? 'the cell is missing' : cellFlaw(metric, recounted, answer, isOwn)
    if (flaw !== null) return { cell, flaw }
  }
  return null
}

const cellFlaw = ({ measure, event }: MetricPlan, cell: RecountedCell, given: Given, isOwn: boolean): string | null => {
  const { values, distinct } = cell
  switch (measure.kind) {
    case 'count':
      return same(given.value, BigInt(values.length))
    case 'sum':
      return same(given.value, sumOf(values))
    case 'min':
      return same(given.value, sorted(values)[0])
    case 'max':
      return same(given.value, sorted(values).at(-1))
    case 'countDistinct': {
      if (isOwn && given.exact !== !cell.ofSpeed) return `exact is ${given.exact}`
      if (given.exact) return same(given.value, BigInt(distinct.size))
      const off = Math.abs(Number(given.value) - distinct.size)
      return off <= 1 + distinctBound * distinct.size ? null : `${given.value} is no estimate of ${distinct.size}`
    }
    case 'quantile': {
      const { scale } = fieldNamed(event, measure.field)
      const data = { kind: 'quantile', field: '', q: measure.millionths / 1_000_000, unit: '', scale } as const
      return flawOf(data, values, given.value)
    }
    case 'histogram': {
      const edges = measure.edges.map(Number)
      const data: MeasureData = { kind: 'histogram', field: '', edges, edgeUnit: '', edgeScale: 0, unit: 'values' }
      return flawOf(data, values, given.value)
    }
    default:
      return flawOf({ kind: measure.kind, field: '', unit: '', scale: 0 }, values, given.value)
  }
}

const same = (given: Given['value'], wanted: bigint | undefined): string | null =>
  given === wanted ? null : `${String(given)} where ${wanted} is right`

const sumOf = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n)
export const sorted = (values: readonly bigint[]): bigint[] => values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
