import type { MetricPage, Receipt } from '../../cli/answers.ts'
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

/** One query's answer, still to be compared. */
interface Asked {
  readonly question: Question
  readonly per: string
  readonly by: readonly string[]
  readonly page: MetricPage
  readonly elapsedMs: number
}

/**
 * Asks everything, then counts everything again from the CSV, for the records that each answer's receipt lets in. All
 * is asked first: the archive is then waited for once, however often the positions moved in between.
 */
export const checkAll = async (step: string, parts: CheckParts): Promise<CheckRow[]> => {
  const asked: Asked[] = []
  for (const question of questions)
    for (const per of question.pers)
      for (const by of question.bys) {
        parts.progress.update(`${step}: ${question.metric} per ${per} by ${by.join(', ') || 'none'}`)
        asked.push(await ask(question, per, by, parts))
      }
  await readArrivals(
    asked.map(({ page }) => boundsOf(page.receipt)),
    parts,
  )
  const rows: CheckRow[] = []
  for (const question of questions)
    rows.push(
      await checkMetric(
        step,
        asked.filter((each) => each.question === question),
        parts,
      ),
    )
  return rows
}

const ask = async (question: Question, per: string, by: readonly string[], parts: CheckParts): Promise<Asked> => {
  const startedAt = performance.now()
  const page = await queryMetric(parts.connection.api, { metric: question.metric, interval: year, per, by })
  return { question, per, by, page, elapsedMs: performance.now() - startedAt }
}

const checkMetric = async (step: string, asked: readonly Asked[], { oracle }: CheckParts): Promise<CheckRow> => {
  const comparisons: Comparison[] = []
  let [total, counted] = ['0', '0']
  for (const { question, per, by, page } of asked) {
    await oracle.bound(boundsOf(page.receipt))
    const cells = await oracle.cells(question.metric, per, by)
    comparisons.push(compare(asMetric(question, by), page.rows, cells))
    if (per !== 'year' || by.length > 0) continue
    total = String(page.rows.reduce((all, row) => all + Number(row.value), 0))
    counted = String(cells.reduce((all, cell) => all + cell.value, 0n))
  }
  return {
    step,
    metric: asked[0]?.question.metric ?? 'departures',
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
    elapsedMs: sum(asked.map((each) => each.elapsedMs)),
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

type Bounded = Pick<Receipt, 'positions' | 'tidemark'>

/** By shard the last record that an answer counts: its position, or its mark where no speed row was ever written. */
const boundsOf = ({ positions, tidemark }: Bounded): Record<string, string> => {
  const bounds = { ...tidemark }
  for (const [shard, position] of Object.entries(positions))
    if (position > (bounds[shard] ?? '')) bounds[shard] = position
  return bounds
}

const readArrivals = async (
  bounds: readonly Record<string, string>[],
  { oracle, files, progress }: CheckParts,
): Promise<void> => {
  await waitForArchive(
    files,
    bounds.map((positions) => ({ positions })),
    progress,
  )
  await oracle.readArrivals(files.dir)
}

/** Chooses the flights that one receipt counts. */
export const boundBy = async (receipt: Bounded, parts: CheckParts): Promise<void> => {
  const bounds = boundsOf(receipt)
  await readArrivals([bounds], parts)
  await parts.oracle.bound(bounds)
}
