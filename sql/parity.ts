import { comparedComponent } from '../core/answer.ts'
import type { MetricData } from '../core/model.ts'
import { storedDimensions } from '../core/zoned-metric.ts'
import { latestSql } from './entities.ts'
import { stateColumn } from './finish.ts'
import { batchTable, keepsVersions, type Pin, type Slot, statesSql, text } from './states.ts'
import { qualified, quoted } from './table.ts'

/** Named as no dimension can be. */
const side = stateColumn(0)
const served = stateColumn(1)
const built = stateColumn(2)

const counted = ['rows_served', 'rows_built', 'rows_missing', 'rows_extra', 'rows_changed'] as const

/**
 * Compares a loaded dataset's states with what was served up to its tidemark. The row whose `bucket` is null is the
 * total, with `buckets_differing`; the others are the differing buckets, those with the largest difference in value
 * first. `served_value` and `built_value` merge what the measure counts or measures (of countDistinct, its
 * contributions; where a state has several components, all of them added up) over all dimensions. Exact distinct counts are batch's alone, and no part of it.
 * @param live the live dataset, and the new dataset's marks as positions
 * @param maxBuckets how many differing buckets are answered at most
 */
export const paritySql = (metric: MetricData, slot: Slot, datasetId: string, live: Pin, maxBuckets: number): string => {
  const keys = ['bucket', ...storedDimensions(metric).map(({ name }) => quoted(name)), 'component'].join(', ')
  const merged =
    "CASE WHEN component = 'min' THEN MIN(value) WHEN component = 'max' OR component LIKE 'r%' THEN MAX(value) ELSE SUM(value) END"
  const component = comparedComponent(metric.measure)
  const merge = component === 'min' ? 'MIN' : component === 'max' ? 'MAX' : 'SUM'
  const compared = (side: string): string =>
    component === null ? side : `CASE WHEN component = ${text(component)} THEN ${side} END`
  const valueSql = (name: string, column: string): string => `${merge}(${compared(column)}) AS ${name}_value`
  const states = keepsVersions(metric) ? latestSql(metric, live, '', ['bucket']) : statesSql(metric, live)
  return `WITH sides AS (
SELECT ${keys}, MAX(CASE WHEN ${side} = 'served' THEN value END) AS ${served}, MAX(CASE WHEN ${side} = 'built' THEN value END) AS ${built}
FROM (
SELECT 'served' AS ${side}, ${keys}, ${merged} AS value FROM (\n${states}\n) states
WHERE component NOT LIKE 'exact%' GROUP BY ${keys}
UNION ALL
SELECT 'built' AS ${side}, ${keys}, value FROM ${qualified(batchTable(metric, slot))}
WHERE dataset_id = ${text(datasetId)} AND component NOT LIKE 'exact%'
) both_sides GROUP BY ${keys}
), buckets AS (
SELECT bucket,
SUM(CASE WHEN ${served} IS NOT NULL THEN 1 ELSE 0 END) AS rows_served,
SUM(CASE WHEN ${built} IS NOT NULL THEN 1 ELSE 0 END) AS rows_built,
SUM(CASE WHEN ${built} IS NULL THEN 1 ELSE 0 END) AS rows_missing,
SUM(CASE WHEN ${served} IS NULL THEN 1 ELSE 0 END) AS rows_extra,
SUM(CASE WHEN ${served} <> ${built} THEN 1 ELSE 0 END) AS rows_changed,
${valueSql('served', served)},
${valueSql('built', built)}
FROM sides GROUP BY bucket
)
SELECT CAST(NULL AS TIMESTAMP) AS bucket, ${counted.map((column) => `SUM(${column}) AS ${column}`).join(', ')},
SUM(CASE WHEN rows_missing + rows_extra + rows_changed > 0 THEN 1 ELSE 0 END) AS buckets_differing,
CAST(NULL AS VARCHAR(40)) AS served_value, CAST(NULL AS VARCHAR(40)) AS built_value FROM buckets
UNION ALL
SELECT * FROM (
SELECT bucket, ${counted.join(', ')}, 0 AS buckets_differing,
CAST(served_value AS VARCHAR(40)) AS served_value, CAST(built_value AS VARCHAR(40)) AS built_value
FROM buckets WHERE rows_missing + rows_extra + rows_changed > 0
ORDER BY ABS(COALESCE(served_value, 0) - COALESCE(built_value, 0)) DESC, rows_missing + rows_extra + rows_changed DESC, bucket
LIMIT ${maxBuckets}
) largest`
}
