/** A result's row, by column. Numerics and timestamps come as text, as the Data API gives them. */
export type ResultRow = Readonly<Record<string, string | number | boolean | null>>

/** SQL with `:name` parameters, whose values are text, never empty. */
export interface Transaction {
  readonly statements: readonly string[]
  readonly parameters?: Readonly<Record<string, string>>
}

/** The warehouse, as the Redshift Data API lets it be used: each call one transaction, under snapshot isolation. */
export interface Warehouse {
  /**
   * Runs the statements as one transaction and waits for it.
   * @returns each statement's rows; none for a statement without a result set
   * @throws TransactionFailed where it was rolled back; TransactionUnknown where it did not end in time
   */
  run(transaction: Transaction): Promise<ResultRow[][]>
  /** Begins a transaction that may take long. @param token calls with the same one begin it once (within 8 hours) */
  start(transaction: Transaction, token: string): Promise<string>
  /** @throws TransactionFailed where it was rolled back */
  isDone(statementId: string): Promise<boolean>
}

/** The transaction was rolled back: nothing of it is there. */
export class TransactionFailed extends Error {
  readonly statementId: string

  constructor(statementId: string, reason: string) {
    super(`The warehouse rolled back ${statementId}: ${reason}`)
    this.name = 'TransactionFailed'
    this.statementId = statementId
  }
}

/** The transaction was cancelled because it took too long; it may have been committed just before. */
export class TransactionUnknown extends Error {
  readonly statementId: string

  constructor(statementId: string, waitedMs: number) {
    super(`The warehouse had not ended ${statementId} after ${waitedMs} ms; it was cancelled.`)
    this.name = 'TransactionUnknown'
    this.statementId = statementId
  }
}
