/**
 * The Data API's limits, from "Considerations when calling the Amazon Redshift Data API", its troubleshooting page and the
 * service's model. Where the documentation leaves a reading open (KB), the stricter one stands here: what passes locally
 * then passes on Redshift.
 */
export const LIMITS = {
  statementBytes: 200_000,
  statementsPerBatch: 40,
  parameters: 200,
  activeStatements: 500,
  rowBytes: 64_000,
  resultBytes: 500_000_000,
  waitSeconds: 30,
  clientTokenLength: 64,
  statementNameLength: 500,
  statementsPerListing: 100,
  resultRetentionMs: 24 * 3_600_000,
  clientTokenRetentionMs: 8 * 3_600_000,
} as const

/** What this endpoint chooses for itself. */
export const LOCAL_LIMITS = {
  /** Connections to PostgreSQL; a statement beyond waits as SUBMITTED. */
  connections: 12,
  /** Finished statements and their results are dropped, the oldest first, once they hold more than this. */
  keptBytes: 256_000_000,
  /** A page of GetStatementResult ends with the row that reaches this. */
  pageBytes: 1_000_000,
  /** A batch of 40 statements of the greatest size, with room for parameters. */
  requestBytes: 32_000_000,
} as const
