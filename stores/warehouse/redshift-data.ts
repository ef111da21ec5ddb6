import {
  BatchExecuteStatementCommand,
  CancelStatementCommand,
  type ColumnMetadata,
  DescribeStatementCommand,
  type DescribeStatementCommandOutput,
  type Field,
  GetStatementResultCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { type ResultRow, type Transaction, TransactionFailed, TransactionUnknown, type Warehouse } from './warehouse.ts'

export interface WarehouseTarget {
  readonly workgroup: string
  readonly database: string
  /** The database user's secret; null where the caller's own identity is the user. */
  readonly secretArn: string | null
}

/** BatchExecuteStatement takes at most 40 statements. */
export const maxStatements = 40
const defaultPatienceMs = 60_000
/** A call answers at the latest after this long and is then repeated (the API allows 30 s). */
const longPollSeconds = 20

export const warehouseClient = (): RedshiftDataClient =>
  new RedshiftDataClient({ requestHandler: new NodeHttpHandler(), maxAttempts: 6 })

/** Redshift by its Data API: no connection to keep, and no network of its own to be in. */
export class RedshiftDataWarehouse implements Warehouse {
  readonly #client: RedshiftDataClient
  readonly #target: WarehouseTarget
  readonly #patienceMs: number
  readonly #now: () => number

  constructor(client: RedshiftDataClient, target: WarehouseTarget, patienceMs = defaultPatienceMs, now = Date.now) {
    this.#client = client
    this.#target = target
    this.#patienceMs = patienceMs
    this.#now = now
  }

  async run(transaction: Transaction): Promise<ResultRow[][]> {
    const deadline = this.#now() + this.#patienceMs
    const statementId = await this.#submit(transaction, undefined, this.#pollSeconds(deadline))
    const done = await this.#waitFor(statementId, deadline)
    const results = done.SubStatements ?? []
    return Promise.all(results.map((sub) => (sub.HasResultSet && sub.Id !== undefined ? this.#rows(sub.Id) : [])))
  }

  start(transaction: Transaction, token: string): Promise<string> {
    return this.#submit(transaction, token, undefined)
  }

  async isDone(statementId: string): Promise<boolean> {
    return ended(statementId, await this.#client.send(new DescribeStatementCommand({ Id: statementId })))
  }

  async #submit(
    { statements, parameters }: Transaction,
    token: string | undefined,
    waitSeconds: number | undefined,
  ): Promise<string> {
    const named = Object.entries(parameters ?? {}).map(([name, value]) => ({ name, value }))
    const { Id } = await this.#client.send(
      new BatchExecuteStatementCommand({
        WorkgroupName: this.#target.workgroup,
        Database: this.#target.database,
        Sqls: [...statements],
        ...(this.#target.secretArn === null ? {} : { SecretArn: this.#target.secretArn }),
        ...(named.length === 0 ? {} : { Parameters: named }),
        ...(token === undefined ? {} : { ClientToken: token }),
        ...(waitSeconds === undefined ? {} : { WaitTimeSeconds: waitSeconds }),
      }),
    )
    if (Id === undefined) throw new Error('The Redshift Data API accepted a transaction but named no id for it.')
    return Id
  }

  async #waitFor(statementId: string, deadline: number): Promise<DescribeStatementCommandOutput> {
    for (;;) {
      const description = await this.#client.send(
        new DescribeStatementCommand({ Id: statementId, WaitTimeSeconds: this.#pollSeconds(deadline) }),
      )
      if (ended(statementId, description)) return description
      const now = this.#now()
      if (now < deadline) continue
      await this.#client.send(new CancelStatementCommand({ Id: statementId }))
      throw new TransactionUnknown(statementId, now - deadline + this.#patienceMs)
    }
  }

  /** How long one call may wait: not beyond what the whole is given. */
  #pollSeconds(deadline: number): number {
    return Math.min(longPollSeconds, Math.max(1, Math.ceil((deadline - this.#now()) / 1000)))
  }

  async #rows(statementId: string): Promise<ResultRow[]> {
    const rows: ResultRow[] = []
    let token: string | undefined
    do {
      const page = await this.#client.send(
        new GetStatementResultCommand({ Id: statementId, ...(token === undefined ? {} : { NextToken: token }) }),
      )
      const columns = (page.ColumnMetadata ?? []).map(columnName)
      for (const record of page.Records ?? []) rows.push(rowOf(columns, record))
      token = page.NextToken
    } while (token !== undefined && token !== '')
    return rows
  }
}

/** @throws TransactionFailed where it ended otherwise than well */
const ended = (statementId: string, { Status, Error: reason }: DescribeStatementCommandOutput): boolean => {
  if (Status === 'FINISHED') return true
  if (Status === 'FAILED' || Status === 'ABORTED') throw new TransactionFailed(statementId, reason ?? Status)
  return false
}

const columnName = ({ label, name }: ColumnMetadata): string => label ?? name ?? ''

const rowOf = (columns: readonly string[], record: readonly Field[]): ResultRow =>
  Object.fromEntries(columns.map((column, place) => [column, answeredValue(record[place])]))

const answeredValue = (field: Field | undefined): string | number | boolean | null => {
  if (field === undefined || field.isNull === true) return null
  return field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue ?? null
}
