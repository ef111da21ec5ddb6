import type { Command } from 'commander'
import { follow } from '../execution.ts'
import { exitCodes } from '../exit.ts'
import { sessionOf } from '../session.ts'

interface RecomputeOptions {
  readonly full?: true
  readonly promote: boolean
  readonly detach?: true
  readonly dryRun?: true
}

export const addRecompute = (program: Command): void => {
  program
    .command('recompute')
    .description('compute the exact answer anew and serve it; exit 3 where too much drift held it back')
    .option('--full', 'from the whole archive, not only what is new')
    .option('--no-promote', 'load and compare, but serve it only once `promote` says so')
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
      session.progress.say(`started ${executionArn}`)
      const outcome = await follow(executions, executionArn, session)
      session.answer(outcome.answer)
      if (outcome.held) process.exitCode = exitCodes.no
    })
}
