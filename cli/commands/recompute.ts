import type { Command } from 'commander'
import { askBatch } from '../ask-batch.ts'
import type { Connection } from '../connection.ts'
import { follow, type Outcome } from '../execution.ts'
import { exitCodes } from '../exit.ts'
import type { Answer } from '../output.ts'
import { type ParityAnswer, parityNotes, parityTables } from '../parity.ts'
import { type Session, sessionOf } from '../session.ts'

/** A dataset that was computed and not served is shown with how it differs from what is. */
export const withParity = async (
  connection: Pick<Connection, 'batch'>,
  { ended, datasetId, answer }: Outcome,
): Promise<Answer> => {
  if (ended !== 'Held' || datasetId === null) return answer
  const { parity } = (await askBatch(connection, { step: 'dataset', datasetId })) as { parity: readonly ParityAnswer[] }
  return {
    json: { ...(answer.json as object), parity },
    tables: [...answer.tables, ...parityTables(parity)],
    notes: [...(answer.notes ?? []), ...parityNotes(parity)],
  }
}

interface RecomputeOptions {
  readonly full?: true
  readonly promote: boolean
  readonly detach?: true
  readonly dryRun?: true
}

export const addRecompute = (program: Command): void => {
  program
    .command('recompute')
    .description('compute the exact answer anew and serve it; exit 3 where it is held for a person to look at')
    .option('--full', 'from the whole archive, not only what is new')
    .option('--no-promote', 'load and compare, show how it differs, and serve it only once `promote` says so')
    .option('--detach', 'start it and return')
    .option('--dry-run', 'say what would be started')
    .action(async (options: RecomputeOptions, command: Command) => {
      const session = sessionOf(command)
      const connection = await session.connect()
      const input = { full: options.full === true, promote: options.promote, reloadDatasetId: null }
      if (options.dryRun) {
        session.answer({
          json: { dryRun: true, stateMachineArn: connection.outputs.stateMachineArn, input },
          tables: [],
          head: [
            `Would start ${connection.outputs.stateMachineArn} with ${JSON.stringify(input)}; nothing was changed.`,
          ],
        })
        return
      }
      const executions = await connection.executions()
      const executionArn = await executions.start(input)
      if (options.detach) {
        session.answer({ json: { executionArn }, tables: [], head: [`Started ${executionArn}`] })
        return
      }
      session.answer(await followed(session, connection, executionArn))
    })
}

/** Recomputes, by what is new where that is enough, and serves it. The exit code is 3 where it was held. */
export const recomputed = async (session: Session, connection: Connection): Promise<Answer> => {
  const executions = await connection.executions()
  return followed(session, connection, await executions.start({ full: false, promote: true, reloadDatasetId: null }))
}

const followed = async (session: Session, connection: Connection, executionArn: string): Promise<Answer> => {
  session.progress.say(`started ${executionArn}`)
  const outcome = await follow(connection, executionArn, session)
  if (outcome.held) process.exitCode = exitCodes.no
  return withParity(connection, outcome)
}
