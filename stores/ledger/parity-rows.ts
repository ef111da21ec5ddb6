import { text, timestamp } from '../../sql/states.ts'
import { epochMsOf } from '../warehouse/sql-time.ts'
import type { ResultRow } from '../warehouse/warehouse.ts'
import { type BucketDifference, type BucketParity, largestFirst, type Parity, type Reason, reasons } from './dataset.ts'

/** A statement is at most 200 KB, and a bucket's row some 200 bytes. */
const bucketsPerStatement = 500
/** The Data API's limit. */
const statementsPerTransaction = 40

/**
 * The transactions that keep a comparison, in place of an earlier one: one, unless it is very large. The totals come
 * last: where they stand, the buckets do. Each is under the mutex: of two that come at once, the second deletes what the
 * first committed.
 */
export const parityTransactions = (datasetId: string, parities: readonly Parity[]): string[][] => {
  const id = text(datasetId)
  const totals = parities.map(
    (parity) =>
      `(${id}, ${text(parity.metric)}, ${parity.rowsServed}, ${parity.rowsBuilt}, ${parity.rowsMissing}, ${parity.rowsExtra}, ${parity.rowsChanged}, ${parity.bucketsDiffering})`,
  )
  const statements = [
    `DELETE FROM ledger.parity WHERE dataset_id = ${id}`,
    `DELETE FROM ledger.parity_bucket WHERE dataset_id = ${id}`,
    ...parities.flatMap(({ metric, buckets }) => bucketInserts(datasetId, metric, buckets)),
    `INSERT INTO ledger.parity (dataset_id, metric, rows_served, rows_built, rows_missing, rows_extra, rows_changed, buckets_differing) VALUES ${totals.join(', ')}`,
  ]
  const perTransaction = statementsPerTransaction - 1
  const transactions = Math.ceil(statements.length / perTransaction)
  return Array.from({ length: transactions }, (_, place) => [
    'LOCK ledger.mutex',
    ...statements.slice(place * perTransaction, (place + 1) * perTransaction),
  ])
}

const bucketInserts = (datasetId: string, metric: string, buckets: readonly BucketParity[]): string[] => {
  const rows = buckets.map(
    (one) =>
      `(${text(datasetId)}, ${text(metric)}, ${timestamp(one.bucket)}, ${one.rowsMissing}, ${one.rowsExtra}, ${one.rowsChanged}, ${valueSql(one.servedValue)}, ${valueSql(one.builtValue)}, '${one.reasons.join(' ')}')`,
  )
  return Array.from({ length: Math.ceil(rows.length / bucketsPerStatement) }, (_, place) => {
    const values = rows.slice(place * bucketsPerStatement, (place + 1) * bucketsPerStatement)
    return `INSERT INTO ledger.parity_bucket (dataset_id, metric, bucket, rows_missing, rows_extra, rows_changed, served_value, built_value, reasons) VALUES ${values.join(', ')}`
  })
}

const valueSql = (value: bigint | null): string => (value === null ? 'NULL' : `'${value}'`)

/** The rows of both tables as they were kept. */
export const paritiesOf = (totals: readonly ResultRow[], buckets: readonly ResultRow[]): Parity[] =>
  totals.map((row) => ({
    metric: String(row.metric),
    rowsServed: Number(row.rows_served),
    rowsBuilt: Number(row.rows_built),
    rowsMissing: Number(row.rows_missing),
    rowsExtra: Number(row.rows_extra),
    rowsChanged: Number(row.rows_changed),
    bucketsDiffering: Number(row.buckets_differing),
    buckets: buckets
      .filter(({ metric }) => metric === row.metric)
      .map(bucketOf)
      .sort(largestFirst),
  }))

const bucketOf = (row: ResultRow): BucketParity => ({
  ...differenceOf(row),
  reasons: String(row.reasons).split(' ').map(reasonOf),
})

/** A differing bucket as SQL answers it, kept or just compared. */
export const differenceOf = (row: ResultRow): BucketDifference => ({
  bucket: epochMsOf(String(row.bucket)),
  rowsMissing: Number(row.rows_missing),
  rowsExtra: Number(row.rows_extra),
  rowsChanged: Number(row.rows_changed),
  servedValue: bigintOf(row.served_value),
  builtValue: bigintOf(row.built_value),
})

const bigintOf = (value: ResultRow[string] | undefined): bigint | null =>
  value === null || value === undefined ? null : BigInt(String(value))

const reasonOf = (word: string): Reason => {
  const reason = reasons.find((known) => known === word)
  if (reason === undefined) throw new Error(`ledger.parity_bucket names a reason that there is not: ${word}.`)
  return reason
}
