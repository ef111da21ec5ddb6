import type { MetricPage, MetricRow, Value } from '../../cli/answers.ts'
import type { Connection } from '../../cli/connection.ts'
import { queryMetric } from '../../cli/metric-query.ts'
import type { ArchivedRecord } from './archived.ts'
import { type Counted, keyOf, type PlainMetric, plainMetrics, recount, type Winners, winners } from './recount.ts'

/** One metric's served answer beside the recount. */
export interface Figure {
  readonly check: string
  readonly metric: string
  readonly cells: number
  readonly served: number
  readonly counted: number
  /** Cells that hold more of the producers' duplicates than the recount, and no other difference. */
  readonly withDuplicates: number
  readonly differences: readonly string[]
}

/** What an answer may be: the recount of `from`'s winners and, where `upTo` names more records, anything up to theirs. */
export interface Allowed {
  readonly exactly: Winners
  /** The most that may count where the memory of identities was lost, or does not reach. */
  readonly upTo?: Winners
  /** countDistinct may be an estimate. */
  readonly estimates: boolean
}

const wide = { from: Date.parse('2000-01-01'), to: Date.parse('2100-01-01') }
/** 0.81% is the standard error of the estimate; five of them, and two for small counts. */
const estimateWithin = (counted: number): number => Math.max(2, 0.0405 * counted)

/** Asks for every metric, per bucket and dimension, and compares each cell. */
export const compareAll = async (
  check: string,
  connection: Connection,
  records: readonly ArchivedRecord[],
  allowed: Allowed,
): Promise<Figure[]> => {
  const exactly = winners(records, allowed.exactly)
  const upTo = allowed.upTo === undefined ? exactly : winners(records, allowed.upTo)
  const figures: Figure[] = []
  for (const metric of plainMetrics) {
    const page = await queryMetric(connection.api, { metric: metric.name, interval: wide, by: metric.by })
    const bounds = { exact: recount(metric, exactly), most: recount(metric, upTo) }
    figures.push(compareOne(check, metric, page, bounds, allowed.estimates))
  }
  return figures
}

const compareOne = (
  check: string,
  metric: PlainMetric,
  page: MetricPage,
  { exact, most }: { exact: Map<string, Counted>; most: Map<string, Counted> },
  estimates: boolean,
): Figure => {
  const served = new Map(page.rows.map((row) => [keyOf(Date.parse(row.bucket), dimsOf(metric, row)), row]))
  const differences: string[] = []
  let withDuplicates = 0
  for (const key of new Set([...exact.keys(), ...served.keys()])) {
    const [row, counted, top] = [served.get(key), exact.get(key), most.get(key)]
    const value = row === undefined ? undefined : scaled(row.value, metric.scale)
    if (value !== undefined && value === counted?.value && (estimates || row?.exact === true)) continue
    const verdict = judge(metric, value, counted?.value, top?.value, estimates)
    if (verdict === 'duplicates') withDuplicates += 1
    else if (verdict === 'different')
      differences.push(
        `${check}: ${metric.name} ${key}: served ${value ?? 'nothing'}${row?.exact === false ? ' (estimate)' : ''}, counted ${counted?.value ?? 'nothing'}${top?.value === counted?.value ? '' : ` up to ${top?.value}`}; records ${(top ?? counted)?.places.join(', ') ?? 'none'}`,
      )
  }
  const sum = (values: Iterable<number>) => [...values].reduce((a, b) => a + b, 0)
  return {
    check,
    metric: metric.name,
    cells: exact.size,
    served: sum([...served.values()].map(({ value }) => scaled(value, metric.scale))),
    counted: sum([...exact.values()].map(({ value }) => value)),
    withDuplicates,
    differences,
  }
}

const judge = (
  { measure }: PlainMetric,
  value: number | undefined,
  exact: number | undefined,
  most: number | undefined,
  estimates: boolean,
): 'same' | 'duplicates' | 'different' => {
  if (value === undefined || exact === undefined || most === undefined) return 'different'
  if (measure === 'countDistinct')
    return estimates && Math.abs(value - exact) <= estimateWithin(exact) ? 'same' : 'different'
  const [low, high] = exact < most ? [exact, most] : [most, exact]
  if (value === exact || low === high) return value === exact ? 'same' : 'different'
  return value >= low && value <= high ? 'duplicates' : 'different'
}

const dimsOf = (metric: PlainMetric, row: MetricRow): (string | null)[] =>
  metric.by.map((name) => {
    const value = row.by[name]
    return value === null || value === undefined ? null : String(value)
  })

/** A served value as a whole number of its smallest unit. */
const scaled = (value: Value, scale: number): number => {
  const [whole = '', fraction = ''] = String(value).split('.')
  return Number(`${whole}${fraction.padEnd(scale, '0')}`)
}
