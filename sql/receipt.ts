import type { MetricData } from '../core/model.ts'
import { gapsSql, text } from './states.ts'

/**
 * What an answer's receipt is made of, to be run in the answer's own transaction: rows (kind, a, b) of texts.
 * @param datasetId the dataset that the query is pinned to; null: the live one
 */
export const receiptSql = (metric: MetricData, datasetId: string | null): string => {
  const served =
    datasetId === null
      ? 'SELECT live_dataset_id AS dataset_id FROM ledger.control'
      : `SELECT ${text(datasetId)} AS dataset_id`
  const parts = [
    `SELECT 'dataset' AS kind, dataset_id AS a, '' AS b FROM (${served}) s`,
    "SELECT 'serving' AS kind, serving_version AS a, '' AS b FROM ledger.model",
    "SELECT 'slot' AS kind, blue_dataset_id AS a, blue_state AS b FROM ledger.control",
    "SELECT 'slot' AS kind, green_dataset_id AS a, green_state AS b FROM ledger.control",
    `SELECT 'mark' AS kind, m.shard_id AS a, m.mark AS b FROM ledger.mark m JOIN (${served}) s ON s.dataset_id = m.dataset_id`,
    "SELECT 'position' AS kind, shard_id AS a, position AS b FROM ledger.speed_position",
    "SELECT 'pruned' AS kind, shard_id AS a, pruned_to AS b FROM ledger.pruned",
    `SELECT 'sealed' AS kind, d.model_version AS a, CAST(d.sealed_at AS VARCHAR(32)) AS b FROM ledger.dataset d JOIN (${served}) s ON s.dataset_id = d.dataset_id`,
    `SELECT 'exclusions' AS kind, CAST(d.exclusions AS VARCHAR(20)) AS a, '' AS b FROM ledger.dataset d JOIN (${served}) s ON s.dataset_id = d.dataset_id`,
    "SELECT 'excluded' AS kind, shard_id AS a, edge || ' ' || CAST(revision AS VARCHAR(20)) AS b FROM ledger.exclusion_edge",
    "SELECT 'committed' AS kind, 'speed' AS a, CAST(MAX(committed_at) AS VARCHAR(32)) AS b FROM ledger.speed_edge",
    `SELECT 'gaps' AS kind, CAST(gaps AS VARCHAR(20)) AS a, '' AS b FROM (\n${gapsSql(metric)}\n) holes`,
  ]
  return parts.join('\nUNION ALL\n')
}
