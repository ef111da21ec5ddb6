import type { MetricData } from '../core/model.ts'
import { finishedValue, stateColumn } from './finish.ts'
import { quoted } from './table.ts'

/** Beyond the components of any measure. */
const place = stateColumn(100)
/** How many rows a top leaves out, in each of its rows. */
export const leftOutColumn = stateColumn(101)

/**
 * Of each bucket's cells the `top` of the greatest values, greatest first, ties in the order of dimensions; ordered.
 * Values that a view writes as doubles are ordered as such.
 * @param cells what `cellsSql` renders
 */
export const topSql = (cells: string, metric: MetricData, by: readonly string[], top: number): string => {
  const order = [`${finishedValue(metric)} DESC`, ...by.map((name) => `cells.${quoted(name)}`)].join(', ')
  return `SELECT * FROM (
SELECT placed.*, SUM(CASE WHEN ${place} > ${top} THEN 1 ELSE 0 END) OVER () AS ${leftOutColumn} FROM (
SELECT cells.*, ROW_NUMBER() OVER (PARTITION BY cells.bucket ORDER BY ${order}) AS ${place} FROM (\n${cells}\n) cells
) placed
) topped WHERE ${place} <= ${top}
ORDER BY bucket, ${place}`
}
