import type { Outcome, Statement, SubStatement } from './statement.ts'

/** JSON 1.1 writes times as epoch seconds. */
const seconds = (ms: number): number => ms / 1_000

const hasResultSet = (part: SubStatement): boolean => part.outcome?.result !== undefined

/** The answer of ExecuteStatement and BatchExecuteStatement. */
export function describeStart(statement: Statement): Record<string, unknown> {
  return {
    Id: statement.id,
    CreatedAt: seconds(statement.createdAtMs),
    Database: statement.request.database,
    WorkgroupName: statement.request.workgroup,
    DbUser: 'IAM:local',
    Status: statement.status,
    RedshiftPid: statement.redshiftPid ?? 0,
    HasResultSet: statement.parts.some(hasResultSet),
  }
}

/** The answer of DescribeStatement for a whole statement. */
export function describeStatement(statement: Statement): Record<string, unknown> {
  const { request, parts } = statement
  const [only] = request.isBatch ? [] : parts
  return {
    ...describeStart(statement),
    UpdatedAt: seconds(statement.updatedAtMs),
    Duration: statement.durationNs,
    Error: statement.error,
    QueryString: only?.sql,
    QueryParameters: request.parameters.length > 0 ? request.parameters : undefined,
    RedshiftQueryId: only?.queryId ?? 0,
    ...resultCounts(only?.outcome),
    ResultFormat: 'JSON',
    SubStatements: request.isBatch
      ? parts.map((part, index) => describePart(`${statement.id}:${index + 1}`, part))
      : undefined,
  }
}

/** One statement of a batch, as SubStatements lists it. */
function describePart(id: string, part: SubStatement): Record<string, unknown> {
  return {
    Id: id,
    Status: part.status,
    CreatedAt: seconds(part.createdAtMs),
    UpdatedAt: seconds(part.updatedAtMs),
    Duration: part.durationNs,
    Error: part.error,
    QueryString: part.sql,
    RedshiftQueryId: part.queryId,
    HasResultSet: hasResultSet(part),
    ...resultCounts(part.outcome),
  }
}

/** The answer of DescribeStatement for one statement of a batch. */
export function describeSubStatement(statement: Statement, id: string, part: SubStatement): Record<string, unknown> {
  const { Database, WorkgroupName, DbUser, RedshiftPid } = describeStart(statement)
  return { ...describePart(id, part), Database, WorkgroupName, DbUser, RedshiftPid, ResultFormat: 'JSON' }
}

/** An entry of ListStatements. */
export function describeListed(statement: Statement): Record<string, unknown> {
  const { request } = statement
  return {
    Id: statement.id,
    Status: statement.status,
    CreatedAt: seconds(statement.createdAtMs),
    UpdatedAt: seconds(statement.updatedAtMs),
    StatementName: request.statementName,
    IsBatchStatement: request.isBatch,
    QueryString: request.isBatch ? undefined : request.sqls[0],
    QueryStrings: request.isBatch ? request.sqls : undefined,
    QueryParameters: request.parameters.length > 0 ? request.parameters : undefined,
    ResultFormat: 'JSON',
  }
}

/** -1 stands for "none", as in the service. */
const resultCounts = (outcome: Outcome | undefined) => ({
  ResultRows: outcome?.rows ?? -1,
  ResultSize: outcome?.result?.bytes ?? -1,
})
