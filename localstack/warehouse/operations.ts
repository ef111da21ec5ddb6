import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../running.ts'
import { describeListed, describeStart, describeStatement, describeSubStatement } from './descriptions.ts'
import { notFoundFault, validationFault } from './faults.ts'
import { InputReader } from './input-reader.ts'
import { LIMITS } from './limits.ts'
import type { StatementRegistry } from './registry.ts'
import type { Runner } from './runner.ts'
import { type Outcome, parseStatementId, partOf, type Statement, type SubStatement } from './statement.ts'
import { readStatementInput, readWaitSeconds } from './statement-input.ts'

/** An answer: a value for JSON, or JSON already written. */
export type Answer = Record<string, unknown> | Buffer

type Operation = (body: unknown, ended: AbortSignal) => Promise<Answer>

/** The operations by their names; `ended` is aborted where nobody waits for the answer any more. */
export function operations(registry: StatementRegistry, runner: Runner, log: Log): ReadonlyMap<string, Operation> {
  const start =
    (operation: 'ExecuteStatement' | 'BatchExecuteStatement'): Operation =>
    async (body, ended) => {
      const { request, waitSeconds } = readStatementInput(operation, body)
      const { id, statement, isNew } = registry.admit(request)
      if (!statement) return { Id: id, Database: request.database, WorkgroupName: request.workgroup }
      if (isNew) runner.run(statement).catch((error: Error) => log(`Statement ${id} could not be run: ${error.stack}`))
      await settledWithin(statement, waitSeconds, ended)
      return describeStart(statement)
    }
  return new Map<string, Operation>([
    ['ExecuteStatement', start('ExecuteStatement')],
    ['BatchExecuteStatement', start('BatchExecuteStatement')],
    ['DescribeStatement', (body, ended) => describe(registry, body, ended)],
    ['GetStatementResult', (body, ended) => getResult(registry, body, ended)],
    ['CancelStatement', (body) => cancel(registry, runner, body)],
    ['ListStatements', async (body) => list(registry, body)],
  ])
}

async function describe(registry: StatementRegistry, body: unknown, ended: AbortSignal): Promise<Answer> {
  const input = new InputReader('DescribeStatement', body)
  const id = input.requiredText('Id')
  const waitSeconds = readWaitSeconds(input)
  input.done()
  const { statement, part } = find(registry, id)
  await settledWithin(part ?? statement, waitSeconds, ended)
  return part ? describeSubStatement(statement, id, part) : describeStatement(statement)
}

async function getResult(registry: StatementRegistry, body: unknown, ended: AbortSignal): Promise<Answer> {
  const input = new InputReader('GetStatementResult', body)
  const id = input.requiredText('Id')
  const nextToken = input.text('NextToken')
  const waitSeconds = readWaitSeconds(input)
  input.done()
  const { statement, part } = find(registry, id)
  if (statement.request.isBatch && !part) {
    throw validationFault('BatchExecuteStatement result can only be retrieved with sub-statement id.')
  }
  await settledWithin(statement, waitSeconds, ended)
  const result = (part ?? statement.parts[0])?.outcome?.result
  // What a transaction has read before it commits is not given out: it may yet fail.
  if (!result || statement.status !== 'FINISHED') {
    throw notFoundFault('Query does not have result. Please check query status with DescribeStatement.', id)
  }
  return resultPage(id, result, nextToken)
}

function resultPage(id: string, result: NonNullable<Outcome['result']>, nextToken: string | undefined): Buffer {
  const index = nextToken === undefined ? 0 : pageOf(id, nextToken)
  const page = result.pages[index]
  if (!page) throw validationFault('NextToken is not one of this statement.')
  const rest = {
    ColumnMetadata: result.columns,
    TotalNumRows: result.rowCount,
    ...(index + 1 < result.pages.length ? { NextToken: tokenOf(id, index + 1) } : {}),
  }
  return Buffer.concat([Buffer.from('{"Records":['), page.json, Buffer.from(`],${JSON.stringify(rest).slice(1)}`)])
}

const tokenOf = (id: string, page: number): string => Buffer.from(`${id}/${page}`).toString('base64url')

function pageOf(id: string, token: string): number {
  const [of, page] = Buffer.from(token, 'base64url').toString().split('/')
  if (of !== id || !/^\d+$/.test(page ?? '')) throw validationFault('NextToken is not one of this statement.')
  return Number(page)
}

async function cancel(registry: StatementRegistry, runner: Runner, body: unknown): Promise<Answer> {
  const input = new InputReader('CancelStatement', body)
  const id = input.requiredText('Id')
  input.done()
  const { statement, part } = find(registry, id)
  if (part) throw validationFault('A statement of a batch cannot be cancelled by itself. Cancel the batch by its id.')
  if (!statement.isActive) {
    throw validationFault(`Could not cancel a query that is already in ${statement.status} state with ID: ${id}`)
  }
  return { Status: await runner.cancel(statement) }
}

function list(registry: StatementRegistry, body: unknown): Answer {
  const input = new InputReader('ListStatements', body)
  const status = input.text('Status') ?? 'ALL'
  const namePrefix = input.text('StatementName') ?? ''
  const max = input.integer('MaxResults', 0, LIMITS.statementsPerListing) || LIMITS.statementsPerListing
  const after = input.text('NextToken')
  const database = input.text('Database')
  const workgroup = input.text('WorkgroupName')
  input.only('RoleLevel', true)
  input.done()
  const matching = registry
    .newestFirst()
    .filter(
      ({ status: is, request }) =>
        (status === 'ALL' || is === status) &&
        (request.statementName ?? '').startsWith(namePrefix) &&
        (database === undefined || request.database === database) &&
        (workgroup === undefined || request.workgroup === workgroup),
    )
  const from = after === undefined ? 0 : matching.findIndex(({ id }) => id === after) + 1
  if (after !== undefined && from === 0) throw validationFault('NextToken is not one of this listing.')
  const page = matching.slice(from, from + max)
  const hasMore = from + max < matching.length
  return { Statements: page.map(describeListed), ...(hasMore ? { NextToken: page.at(-1)?.id } : {}) }
}

function find(
  registry: StatementRegistry,
  idWithPart: string,
): { statement: Statement; part: SubStatement | undefined } {
  const { id, part } = parseStatementId(idWithPart)
  const statement = registry.get(id)
  return { statement, part: part === undefined ? undefined : partOf(statement, part) }
}

/** Resolves once it has ended, or the time is over, or nobody waits any more. */
async function settledWithin(
  { settled }: { settled: Promise<void> },
  seconds: number,
  ended: AbortSignal,
): Promise<void> {
  if (seconds === 0 || ended.aborted) return
  const over = new AbortController()
  const nobodyWaits = new Promise<void>((resolve) =>
    ended.addEventListener('abort', () => resolve(), { once: true, signal: over.signal }),
  )
  const timeOver = sleep(seconds * 1_000, undefined, { signal: over.signal }).catch((error: Error) => {
    if (error.name !== 'AbortError') throw error
  })
  await Promise.race([settled, timeOver, nobodyWaits])
  over.abort()
}
