import type { ColumnMetadata } from './column-metadata.ts'
import { notFoundFault, validationFault } from './faults.ts'
import type { BoundSql, SqlParameter } from './parameters.ts'
import type { ResultSet } from './result-set.ts'

export type Status = 'SUBMITTED' | 'PICKED' | 'STARTED' | 'FINISHED' | 'FAILED' | 'ABORTED'

/** What a finished SQL statement gave: affected or returned rows (-1 where it counts none, such as DDL), and its result set if it has one. */
export interface Outcome {
  rows: number
  result: (ResultSet & { columns: ColumnMetadata[] }) | undefined
}

/** Something that has a status and ends once. */
class Progress {
  status: Status = 'SUBMITTED'
  error: string | undefined
  readonly createdAtMs: number
  updatedAtMs: number
  readonly settled: Promise<void>
  #settle: () => void = () => undefined

  constructor(nowMs: number) {
    this.createdAtMs = nowMs
    this.updatedAtMs = nowMs
    this.settled = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  get isActive(): boolean {
    return this.status === 'SUBMITTED' || this.status === 'PICKED' || this.status === 'STARTED'
  }

  /** Moves on to a later status; the first of FINISHED, FAILED and ABORTED stays. */
  advance(status: Status, nowMs: number, error?: string): void {
    if (!this.isActive) return
    this.status = status
    this.error = error
    this.updatedAtMs = nowMs
    if (!this.isActive) this.#settle()
  }
}

/** One SQL text of a request. */
export class SubStatement extends Progress {
  readonly sql: string
  readonly bound: BoundSql
  readonly queryId: number
  outcome: Outcome | undefined
  durationNs = -1

  constructor(sql: string, bound: BoundSql, queryId: number, nowMs: number) {
    super(nowMs)
    this.sql = sql
    this.bound = bound
    this.queryId = queryId
  }
}

/** What a request to run SQL says, checked. */
export interface StatementRequest {
  sqls: string[]
  isBatch: boolean
  parameters: SqlParameter[]
  database: string
  workgroup: string
  statementName: string | undefined
  clientToken: string | undefined
}

/** An ExecuteStatement or BatchExecuteStatement: one transaction. */
export class Statement extends Progress {
  readonly id: string
  readonly request: StatementRequest
  readonly parts: SubStatement[]
  readonly cancelled = new AbortController()
  redshiftPid: number | undefined
  durationNs = -1

  constructor(id: string, request: StatementRequest, parts: SubStatement[], nowMs: number) {
    super(nowMs)
    this.id = id
    this.request = request
    this.parts = parts
  }

  /** Bytes that this statement keeps in memory. */
  get keptBytes(): number {
    return this.parts.reduce((sum, { sql, outcome }) => sum + sql.length + (outcome?.result?.keptBytes ?? 0) + 1_000, 0)
  }
}

const ID = /^([a-z0-9]{8}(?:-[a-z0-9]{4}){3}-[a-z0-9]{12})(?::(\d+))?$/

/** Splits `ID` or `ID:1` (the first statement of a batch). */
export function parseStatementId(id: string): { id: string; part: number | undefined } {
  const [, whole, part] = ID.exec(id) ?? []
  if (whole === undefined)
    throw validationFault(`Id "${id}" is not a statement's id, nor one with the suffix of a batch's statement.`)
  return { id: whole, part: part === undefined ? undefined : Number(part) }
}

/** The batch's n-th statement, from 1. */
export function partOf(statement: Statement, part: number): SubStatement {
  const found = statement.request.isBatch ? statement.parts[part - 1] : undefined
  if (!found) throw notFoundFault('Query does not exist.', `${statement.id}:${part}`)
  return found
}
