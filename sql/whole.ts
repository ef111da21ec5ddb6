import { text } from './states.ts'

/** A view of a metric, a derived metric or an entity, as one model defines it. */
export interface View {
  readonly name: string
  /** Equal where two views have the same columns of the same types, so that one view can hold both. */
  readonly columns: string
  /** Its query. @param servedBy it has rows only while this model is served; null: always */
  readonly sql: (servedBy: string | null) => string
}

/**
 * The end of a view's query. Where the answer would have a hole (the definition changed, and no dataset holds the new
 * version yet), the query fails with a text that says what to do: an empty or partial answer would look like an answer.
 * @param gaps a query of one row, whose `gaps` counts the holes
 */
export const wholeSql = (name: string, gaps: string, servedBy: string | null): string => {
  const hint = `${name} changed: run tidemark recompute --full`
  const fails = (isLooked: string): string =>
    `CAST(CASE WHEN ${isLooked}gaps.gaps = 0 THEN '0' ELSE '${hint}' END AS INTEGER) = 0`
  if (servedBy === null) return `CROSS JOIN (\n${gaps}\n) gaps\nWHERE ${fails('')}`
  const isServed = `served.serving_version = ${text(servedBy)}`
  return `CROSS JOIN (\n${gaps}\n) gaps
CROSS JOIN ledger.model served
WHERE ${isServed} AND ${fails(`NOT (${isServed}) OR `)}`
}
