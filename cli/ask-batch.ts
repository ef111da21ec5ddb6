import type { Connection } from './connection.ts'
import { CommandError, exitCodes } from './exit.ts'

/** A Problem, as the batch function answers it. */
export interface BatchProblem {
  readonly code: string
  readonly status: number
  readonly detail: string
}

/** What the batch function answers. @throws a CommandError where it refuses; nothing was changed then */
export const askBatch = async (connection: Pick<Connection, 'batch'>, request: object): Promise<unknown> => {
  const answer = await connection.batch(request)
  const problem = (answer as { problem?: BatchProblem } | null)?.problem
  if (problem !== undefined) throw refusal(problem)
  return answer
}

/** Drift is an answer (3), an unknown dataset or a wrong question wrong usage (2), the rest a failure. */
export const refusal = ({ code, status, detail }: BatchProblem): CommandError => {
  const exitCode =
    code === 'drift_too_large' ? exitCodes.no : status === 404 || status === 400 ? exitCodes.usage : exitCodes.failed
  return new CommandError(`${detail} Nothing was changed. [${code}]`, exitCode)
}
