import type { MetricData } from '../core/model.ts'
import { batchTable, resultColumns, type Slot, text } from './states.ts'
import { qualified, quoted } from './table.ts'

/**
 * One transaction that makes a slot's table hold one dataset's states, and nothing else. COPY goes by way of a
 * temporary table, since a dataset's files are carried over to later ones and so can't name their dataset.
 * Two executions may load one dataset into one slot, where the first was stopped while its COPY ran on: of two such
 * transactions at once, neither sees what the other inserts, and so one must fail.
 * @param manifestUri COPY's manifest; null where the dataset has no state of this metric
 */
export const loadSql = (
  metric: MetricData,
  slot: Slot,
  datasetId: string,
  manifestUri: string | null,
  roleArn: string,
): string[] => {
  const table = qualified(batchTable(metric, slot))
  const empty = `DELETE FROM ${table}`
  const owned = refuseUnownedSql(slot, datasetId)
  if (manifestUri === null) return [owned, empty]
  const columns = resultColumns(metric)
  const names = columns.map(({ name }) => quoted(name)).join(', ')
  const staged = quoted(`staged_${metric.name}`)
  return [
    owned,
    empty,
    `CREATE TEMP TABLE ${staged} (${columns.map(({ name, type }) => `${quoted(name)} ${type}`).join(', ')})`,
    `COPY ${staged} FROM '${manifestUri}' IAM_ROLE '${roleArn}' FORMAT PARQUET MANIFEST`,
    `INSERT INTO ${table} (dataset_id, ${names}) SELECT ${text(datasetId)}, ${names} FROM ${staged}`,
    `DROP TABLE ${staged}`,
    alonePerDatasetSql(metric, datasetId),
  ]
}

/** Changes nothing but the row's version: of two transactions that write one row the second is rolled back. Last, as it locks. */
const alonePerDatasetSql = ({ name, version }: MetricData, datasetId: string): string =>
  `UPDATE ledger.dataset_metric SET metric_version = ${text(version)}
WHERE dataset_id = ${text(datasetId)} AND metric = ${text(name)} AND metric_version = ${text(version)}`

/** A load that begins after its slot went to another dataset (it waited in a queue) would empty what stands there. */
const refuseUnownedSql = (slot: Slot, datasetId: string): string =>
  `SELECT CAST(CASE WHEN ${slot}_dataset_id = ${text(datasetId)} AND ${slot}_state = 'loading' THEN '0'
ELSE 'Slot ${slot} is not being loaded with ${datasetId} any more' END AS INTEGER) AS owned FROM ledger.control`
