import { type Bucket, buckets, divides } from '../core/bucket.ts'
import type { MetricData } from '../core/model.ts'
import { cellsSql } from './cells.ts'
import { finishedValue } from './finish.ts'
import { gapsSql } from './states.ts'
import { quoted } from './table.ts'

export interface View {
  readonly name: string
  readonly sql: string
}

/** A metric's view, and one for each coarser bucket: `analytics.departures`, `analytics.departures_day`, … */
export const metricViews = (metric: MetricData): View[] => {
  const coarser = buckets.filter((bucket) => bucket !== metric.per && divides(metric.per, bucket))
  return [
    { name: metric.name, sql: viewSql(metric, metric.per) },
    ...coarser.map((bucket) => ({ name: `${metric.name}_${bucket}`, sql: viewSql(metric, bucket) })),
  ]
}

/**
 * The merged answer. Where it would have a hole (the definition changed, and no dataset holds the new version yet), the
 * query fails with a text that says what to do: an empty or partial answer would look like an answer.
 */
const viewSql = (metric: MetricData, per: Bucket): string => {
  const by = metric.by.map(({ name }) => name)
  const cells = cellsSql({ metric, per, by, where: [], layer: null, from: null, to: null, pin: null })
  const columns = ['bucket', ...by.map(quoted), `${finishedValue(metric)} AS value`]
  if (metric.measure.kind === 'countDistinct') columns.push('exact')
  if (metric.measure.kind === 'quantile') columns.push('FALSE AS exact')
  const hint = `${metric.name} changed: run tidemark recompute --full`
  return `SELECT ${columns.join(', ')} FROM (\n${cells}\n) cells
CROSS JOIN (\n${gapsSql(metric)}\n) gaps
WHERE CAST(CASE WHEN gaps.gaps = 0 THEN '0' ELSE '${hint}' END AS INTEGER) = 0`
}
