import type { Bucket } from '../core/bucket.ts'
import type { MetricData } from '../core/model.ts'
import { viewsOfMetric } from '../core/view-names.ts'
import { cellsSql } from './cells.ts'
import { finishedValue } from './finish.ts'
import { gapsSql } from './states.ts'
import { quoted } from './table.ts'
import { type View, wholeSql } from './whole.ts'

/** A metric's view, and one for each coarser bucket: `analytics.departures`, `analytics.departures_day`, … */
export const metricViews = (metric: MetricData): View[] =>
  viewsOfMetric(metric).map(({ name, per }) => ({
    name,
    columns: [...metric.by.map(({ type }) => type), ...columnsOf(metric)].join(', '),
    sql: (servedBy) => viewSql(metric, per, servedBy),
  }))

/** The merged answer. */
const viewSql = (metric: MetricData, per: Bucket, servedBy: string | null): string => {
  const by = metric.by.map(({ name }) => name)
  const cells = cellsSql({ metric, per, by, where: [], layer: null, from: null, to: null, pin: null })
  return `SELECT ${columnsOf(metric).join(', ')} FROM (\n${cells}\n) cells
${wholeSql(metric.name, gapsSql(metric), servedBy)}`
}

const columnsOf = (metric: MetricData): string[] => {
  // What is joined has columns of its own, which a dimension may be called as.
  const columns = ['bucket', ...metric.by.map(({ name }) => quoted(name))].map((column) => `cells.${column}`)
  columns.push(`${finishedValue(metric)} AS value`)
  if (metric.measure.kind === 'countDistinct') columns.push('cells.exact')
  if (metric.measure.kind === 'quantile') columns.push('FALSE AS exact')
  return columns
}
