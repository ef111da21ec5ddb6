import { validationFault } from './faults.ts'
import { InputReader } from './input-reader.ts'
import { LIMITS } from './limits.ts'
import type { SqlParameter } from './parameters.ts'
import { DATABASE } from './postgres.ts'
import type { StatementRequest } from './statement.ts'

/** A request to run SQL, and how long to wait for its end before the answer. */
export interface StatementInput {
  request: StatementRequest
  waitSeconds: number
}

/** Reads ExecuteStatement's or BatchExecuteStatement's input; ValidationException for all that the service or this endpoint refuses. */
export function readStatementInput(
  operation: 'ExecuteStatement' | 'BatchExecuteStatement',
  body: unknown,
): StatementInput {
  const input = new InputReader(operation, body)
  const isBatch = operation === 'BatchExecuteStatement'
  const sqls = isBatch ? readBatch(input) : [input.requiredText('Sql')]
  for (const sql of sqls) checkSize(sql)
  const request: StatementRequest = {
    sqls,
    isBatch,
    parameters: readParameters(input),
    database: readDatabase(input),
    workgroup: readWorkgroup(input),
    statementName: input.text('StatementName', LIMITS.statementNameLength),
    clientToken: input.text('ClientToken', LIMITS.clientTokenLength),
  }
  const waitSeconds = readWaitSeconds(input)
  input.only('WithEvent', false)
  input.only('ResultFormat', 'JSON')
  if (isBatch) input.only('ExecutionMode', 'TRANSACTION')
  input.done()
  return { request, waitSeconds }
}

/** 0 where the caller doesn't wait. */
export const readWaitSeconds = (input: InputReader): number =>
  input.integer('WaitTimeSeconds', 0, LIMITS.waitSeconds) ?? 0

function readBatch(input: InputReader): string[] {
  const sqls = input.list('Sqls')
  if (sqls.length === 0) throw validationFault('Sqls is required by BatchExecuteStatement.')
  if (sqls.length > LIMITS.statementsPerBatch) {
    throw validationFault(`Sqls has ${sqls.length} statements; a batch takes at most ${LIMITS.statementsPerBatch}.`)
  }
  if (!sqls.every((sql) => typeof sql === 'string' && sql !== ''))
    throw validationFault('Sqls holds something that is not a statement.')
  return sqls as string[]
}

function checkSize(sql: string): void {
  const bytes = Buffer.byteLength(sql)
  if (bytes > LIMITS.statementBytes) {
    throw validationFault(`Cannot process query string larger than 200kB: it has ${bytes} bytes.`)
  }
}

function readParameters(input: InputReader): SqlParameter[] {
  const parameters = input.list('Parameters').map(readParameter)
  if (parameters.length > LIMITS.parameters) {
    throw validationFault(`Parameters has ${parameters.length} entries; at most ${LIMITS.parameters} are taken.`)
  }
  const names = new Set(parameters.map(({ name }) => name))
  if (names.size < parameters.length) throw validationFault('Parameters holds a name twice.')
  return parameters
}

function readParameter(parameter: unknown): SqlParameter {
  const { name, value, ...rest } = (parameter ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || !/^[0-9a-zA-Z_]+$/.test(name)) {
    throw validationFault(`The parameter name ${JSON.stringify(name)} is not made of letters, digits and _.`)
  }
  if (typeof value !== 'string' || value === '') {
    throw validationFault(`The parameter ${name} has no value: it can't be NULL or empty.`)
  }
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw validationFault(`${unknown} is not a field of the parameter ${name}.`)
  return { name, value }
}

function readDatabase(input: InputReader): string {
  const database = input.requiredText('Database')
  if (database !== DATABASE)
    throw validationFault(`Database ${database} does not exist; the local warehouse has ${DATABASE}.`)
  return database
}

function readWorkgroup(input: InputReader): string {
  const workgroup = input.requiredText('WorkgroupName')
  if (!/^tidemark-[a-z0-9-]+$/.test(workgroup)) {
    throw validationFault(`WorkgroupName ${workgroup} does not exist; the local warehouse answers for tidemark-*.`)
  }
  return workgroup
}
