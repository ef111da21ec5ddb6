import type { Receipt } from '../../cli/answers.ts'
import type { Connection } from '../../cli/connection.ts'
import { queryMetric } from '../../cli/metric-query.ts'
import type { Progress } from '../../cli/progress.ts'
import { type Comparison, compare } from '../../cli/verify/compare.ts'
import type { RawFiles } from '../../cli/verify/raw-files.ts'
import { waitForArchive } from '../../cli/verify/wait.ts'
import type { FlightsOracle, OracleMetric } from './oracle.ts'

/** The year, with a day on either side for the hours between New York and UTC. */
const year = { from: Date.parse('2012-01-01'), to: Date.parse('2015-01-01') }

interface Question {
  readonly metric: OracleMetric
  readonly kind: 'count' | 'sum' | 'countDistinct'
  readonly pers: readonly string[]
  readonly bys: readonly (readonly string[])[]
}

/** Each metric per bucket at and above its own, by each dimension, all, and none. */
const questions: readonly Question[] = [
  {
    metric: 'departures',
    kind: 'count',
    pers: ['hour', 'day', 'month', 'year'],
    bys: [[], ['carrier'], ['origin'], ['carrier', 'origin']],
  },
  { metric: 'arrival_delay_minutes', kind: 'sum', pers: ['day', 'month', 'year'], bys: [[], ['carrier']] },
  { metric: 'aircraft', kind: 'countDistinct', pers: ['day', 'month', 'year'], bys: [[], ['origin']] },
]

export interface CheckRow {
  readonly step: string
  readonly metric: OracleMetric
  readonly queries: number
  readonly cells: number
  readonly estimated: number
  readonly differing: number
  /** The largest root mean square of a query's estimates, in standard errors. */
  readonly rootMeanSquare: number | null
  /** The year as one value, as it was served and as the CSV has it. */
  readonly total: string
  readonly counted: string
  readonly equal: boolean
  readonly elapsedMs: number
}

export interface CheckParts {
  readonly connection: Connection
  readonly oracle: FlightsOracle
  readonly files: RawFiles
  readonly progress: Progress
}

/** Asks everything, and counts everything again from the CSV, for the records that each answer's receipt lets in. */
export const checkAll = async (step: string, parts: CheckParts): Promise<CheckRow[]> => {
  const rows: CheckRow[] = []
  for (const question of questions) rows.push(await checkMetric(step, question, parts))
  return rows
}

const checkMetric = async (step: string, question: Question, parts: CheckParts): Promise<CheckRow> => {
  const { metric, pers, bys } = question
  const comparisons: Comparison[] = []
  let elapsedMs = 0
  let [total, counted] = ['0', '0']
  for (const per of pers)
    for (const by of bys) {
      parts.progress.update(`${step}: ${metric} per ${per} by ${by.join(', ') || 'none'}`)
      const startedAt = performance.now()
      const page = await queryMetric(parts.connection.api, { metric, interval: year, per, by })
      elapsedMs += performance.now() - startedAt
      await boundBy(page.receipt, parts)
      const cells = await parts.oracle.cells(metric, per, by)
      comparisons.push(compare(asMetric(question, by), page.rows, cells))
      if (per !== 'year' || by.length > 0) continue
      total = String(page.rows.reduce((sum, row) => sum + Number(row.value), 0))
      counted = String(cells.reduce((sum, cell) => sum + cell.value, 0n))
    }
  return {
    step,
    metric,
    queries: comparisons.length,
    cells: sum(comparisons.map((each) => each.cells)),
    estimated: sum(comparisons.map((each) => each.estimated)),
    differing: sum(comparisons.map((each) => each.differences.length)),
    rootMeanSquare: comparisons.reduce<number | null>(
      (most, { rootMeanSquare: each }) => (each === null ? most : Math.max(most ?? 0, each)),
      null,
    ),
    total,
    counted,
    equal: comparisons.every((each) => each.equal),
    elapsedMs,
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

/** As much of a metric as comparing takes. */
const asMetric = ({ metric, kind }: Question, by: readonly string[]): Parameters<typeof compare>[0] => ({
  name: metric,
  measure: measureOf(kind),
  by: by.map((name) => ({ name, type: 'string' })),
})

const measureOf = (kind: Question['kind']): Parameters<typeof compare>[0]['measure'] => {
  if (kind === 'count') return { kind, unit: 'flights' }
  if (kind === 'sum') return { kind, field: 'arrivalDelayMinutes', unit: 'minutes', scale: 0 }
  return { kind, fields: ['tailnum'], unit: 'distinct' }
}

let boundTo = ''

/** Chooses the flights that the receipt counts. Most answers in a row have the same receipt: those are chosen once. */
export const boundBy = async (
  receipt: Pick<Receipt, 'positions' | 'tidemark'>,
  { oracle, files, progress }: CheckParts,
): Promise<void> => {
  const bounds = { ...receipt.tidemark }
  for (const [shard, position] of Object.entries(receipt.positions))
    if (position > (bounds[shard] ?? '')) bounds[shard] = position
  const key = JSON.stringify(bounds)
  if (key === boundTo) return
  const fresh = await waitForArchive(files, [{ positions: bounds }], progress)
  if (fresh > 0 || boundTo === '') await oracle.readArrivals(files.dir)
  await oracle.bound(bounds)
  boundTo = key
}
