import type { MetricData } from '../core/model.ts'
import { batchTable, type Pin, type Slot, statesSql, text } from './states.ts'
import { qualified, quoted } from './table.ts'

/**
 * Compares a loaded dataset's states with what was served up to its tidemark: rows_served, rows_built, rows_missing,
 * rows_extra, rows_changed. Exact distinct counts are batch's alone, and no part of it.
 * @param served the live dataset, and the new dataset's marks as positions
 */
export const paritySql = (metric: MetricData, slot: Slot, datasetId: string, served: Pin): string => {
  const keys = ['bucket', ...metric.by.map(({ name }) => quoted(name)), 'component'].join(', ')
  const merged =
    "CASE WHEN component = 'min' THEN MIN(value) WHEN component = 'max' OR component LIKE 'r%' THEN MAX(value) ELSE SUM(value) END"
  return `SELECT
SUM(CASE WHEN served IS NOT NULL THEN 1 ELSE 0 END) AS rows_served,
SUM(CASE WHEN built IS NOT NULL THEN 1 ELSE 0 END) AS rows_built,
SUM(CASE WHEN built IS NULL THEN 1 ELSE 0 END) AS rows_missing,
SUM(CASE WHEN served IS NULL THEN 1 ELSE 0 END) AS rows_extra,
SUM(CASE WHEN served <> built THEN 1 ELSE 0 END) AS rows_changed
FROM (
SELECT ${keys}, MAX(CASE WHEN side = 'served' THEN value END) AS served, MAX(CASE WHEN side = 'built' THEN value END) AS built
FROM (
SELECT 'served' AS side, ${keys}, ${merged} AS value FROM (\n${statesSql(metric, served)}\n) states
WHERE component NOT LIKE 'exact%' GROUP BY ${keys}
UNION ALL
SELECT 'built' AS side, ${keys}, value FROM ${qualified(batchTable(metric, slot))}
WHERE dataset_id = ${text(datasetId)} AND component NOT LIKE 'exact%'
) sides GROUP BY ${keys}
) joined`
}
