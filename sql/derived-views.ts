import { answerScale } from '../core/answer.ts'
import type { Bucket } from '../core/bucket.ts'
import { derivedScale, isZeroOfNothing } from '../core/derived.ts'
import type { DerivedData, MeasureData, MetricData, ModelData } from '../core/model.ts'
import { viewsOfMetric } from '../core/view-names.ts'
import { pairColumns, pairSql } from './pairs.ts'
import { allGapsSql } from './states.ts'
import { quoted } from './table.ts'
import { type View, wholeSql } from './whole.ts'

/** A derived metric's view, and one for each coarser bucket. */
export const derivedViews = (model: ModelData): View[] =>
  (model.derived ?? []).flatMap((derived) => {
    const [left, right] = derived.of.map((name) => model.metrics.find((metric) => metric.name === name))
    if (left === undefined || right === undefined) throw new Error(`${derived.name} is made of no metric.`)
    return viewsOfMetric(derived).map(({ name, per }) => ({
      name,
      columns: [...derived.by.map(({ type }) => type), ...columnsOf(derived, left, right)].join(', '),
      sql: (servedBy) => viewSql(derived, [left, right], per, servedBy),
    }))
  })

const viewSql = (
  derived: DerivedData,
  [left, right]: readonly [MetricData, MetricData],
  per: Bucket,
  servedBy: string | null,
): string => {
  const by = derived.by.map(({ name }) => name)
  const question = { per, by, where: [], layer: null, from: null, to: null, pin: null }
  const pairs = pairSql({ ...question, metric: left }, { ...question, metric: right })
  const gaps = allGapsSql([left, right])
  return `SELECT ${columnsOf(derived, left, right).join(', ')} FROM (\n${pairs}\n) pairs
${wholeSql(derived.name, gaps, servedBy)}`
}

const columnsOf = (derived: DerivedData, left: MetricData, right: MetricData): string[] => [
  ...['bucket', ...derived.by.map(({ name }) => quoted(name))].map((column) => `pairs.${column}`),
  `${valueSql(derived.kind, left.measure, right.measure)} AS value`,
  `CASE WHEN ${pairColumns.estimates} = 0 THEN TRUE ELSE FALSE END AS exact`,
]

/** `derived` of core/derived.ts in SQL; a ratio is a double. */
const valueSql = (kind: DerivedData['kind'], left: MeasureData, right: MeasureData): string => {
  const [a, b] = [operandSql(pairColumns.left, left), operandSql(pairColumns.right, right)]
  const [ofA, ofB] = [answerScale(left), answerScale(right)]
  if (kind === 'ratio')
    return `CAST(${a} AS DOUBLE PRECISION) / NULLIF(${b}, 0) * CAST('1e${ofB - ofA}' AS DOUBLE PRECISION)`
  const scale = derivedScale(kind, left, right)
  const difference = `${a} * ${10 ** (scale - ofA)} - ${b} * ${10 ** (scale - ofB)}`
  if (scale === 0) return `CAST(${difference} AS BIGINT)`
  const unit = `CAST(${(10 ** -scale).toFixed(scale)} AS DECIMAL(${scale + 1}, ${scale}))`
  return `CAST(${difference} AS DECIMAL(19, 0)) * ${unit}`
}

const operandSql = (column: string, measure: MeasureData): string =>
  isZeroOfNothing(measure) ? `COALESCE(${column}, 0)` : column
