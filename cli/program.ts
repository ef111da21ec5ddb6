import { Command } from 'commander'
import { addBatchCommands } from './commands/batch.ts'
import { addCatalog } from './commands/catalog.ts'
import { addCheck } from './commands/check.ts'
import { addDiff } from './commands/diff.ts'
import { addDoctor } from './commands/doctor.ts'
import { addExclude } from './commands/exclude.ts'
import { addGet } from './commands/get.ts'
import { addIngest } from './commands/ingest.ts'
import { addInit } from './commands/init.ts'
import { addLake } from './commands/lake.ts'
import { addLimits } from './commands/limits.ts'
import { addLocal } from './commands/local.ts'
import { addMetrics } from './commands/metrics.ts'
import { addProfile } from './commands/profile.ts'
import { addQuery } from './commands/query.ts'
import { addRecompute } from './commands/recompute.ts'
import { addRejected } from './commands/rejected.ts'
import { addReplay } from './commands/replay.ts'
import { addScore } from './commands/score.ts'
import { addSessions } from './commands/sessions.ts'
import { addSql } from './commands/sql.ts'
import { addStatus } from './commands/status.ts'
import { addVerify } from './commands/verify.ts'
import { addWindow } from './commands/window.ts'
import { addGlobalOptions } from './session.ts'

const exits = `
Exit codes: 0 done; 1 failed, and says why; 2 wrong usage; 3 it ran, and the answer is no.
Times are ISO 8601 (UTC unless they say otherwise), now, today, yesterday, or a length with --last: 90s, 5m, 24h, 7d.`

/** The whole command line. Throws instead of ending the process. */
export const createProgram = (): Command => {
  const program = new Command('tidemark')
    .description('Drives a stage: the one on this machine (local), or a deployed stack.')
    .showHelpAfterError('(tidemark --help lists the commands and their options)')
    .addHelpText('after', exits)
  addGlobalOptions(program)
  for (const add of [
    addInit,
    addDoctor,
    addCheck,
    addDiff,
    addLocal,
    addIngest,
    addStatus,
    addRejected,
    addRecompute,
    addBatchCommands,
    addReplay,
    addExclude,
    addMetrics,
    addCatalog,
    addQuery,
    addWindow,
    addGet,
    addProfile,
    addSessions,
    addScore,
    addLimits,
    addSql,
    addLake,
    addVerify,
  ])
    add(program)
  exitByThrowing(program)
  return program
}

/** Subcommands inherit this only if it is set before they are added; here it is set for each. */
const exitByThrowing = (command: Command): void => {
  command.exitOverride()
  for (const child of command.commands) exitByThrowing(child)
}
