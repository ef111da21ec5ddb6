import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { lastDefinitions } from '../../localstack/last-definitions.ts'
import { homeOf, portsOf } from '../environment.ts'
import { CommandError } from '../exit.ts'
import { duration } from '../progress.ts'
import { type Session, sessionOf } from '../session.ts'
import { recomputed } from './recompute.ts'

/** The laptop stage. What starts and stops it is loaded only when it is asked for. */
export const addLocal = (program: Command): void => {
  const local = program.command('local').description('the laptop stage')
  addUp(local)
  addDown(local)
  addReset(local)
  addLogs(local)
}

const loadStage = () => import('../../localstack/stage.ts')
const homeIn = (session: Session): string => homeOf(session.env, session.cwd)

const addUp = (local: Command): void => {
  local
    .command('up')
    .description('start it, deploy the definitions, and return when it is healthy')
    .option(
      '--definitions <dir>',
      'a folder whose index.ts exports the definitions (default: that of the last time, or definitions)',
    )
    .option('--recompute', 'recompute then, so that definitions that are new are served')
    .option('--dry-run', 'say what would be started')
    .action(async (options: { definitions?: string; recompute?: true; dryRun?: true }, command: Command) => {
      const session = sessionOf(command)
      const home = homeIn(session)
      const ports = portsOf(session.env, home)
      const definitionsDir =
        options.definitions === undefined
          ? (lastDefinitions(home) ?? resolve(session.cwd, 'definitions'))
          : resolve(session.cwd, options.definitions)
      if (options.dryRun) {
        session.answer({
          json: { dryRun: true, home, ports, definitionsDir },
          tables: [{ columns: ['part', 'port'], rows: Object.entries(ports) }],
          head: [
            `Would start the laptop stage in ${home} with the definitions of ${definitionsDir}; nothing was started.`,
          ],
        })
        return
      }
      const startedAt = session.now()
      const { up } = await loadStage()
      const urls = await up({
        definitionsDir,
        home,
        ports,
        report: (step, detail) => session.progress.say(`${step}${detail === undefined ? '' : `: ${detail}`}`),
      })
      const upAfter = duration(session.now() - startedAt)
      const made = options.recompute ? await recomputed(session, await session.connect()) : null
      session.answer({
        json: made === null ? urls : { ...urls, recompute: made.json },
        tables: [{ columns: ['part', 'url'], rows: Object.entries(urls) }, ...(made?.tables ?? [])],
        notes: [
          `Up after ${upAfter}. \`tidemark status\` shows it, \`tidemark local down\` stops it.`,
          ...(made?.head ?? []),
          ...(made?.notes ?? []),
        ],
      })
    })
}

const addDown = (local: Command): void => {
  local
    .command('down')
    .description('stop it; its state stays')
    .option('--dry-run', 'say whether there is one to stop')
    .action(async (options: { dryRun?: true }, command: Command) => {
      const session = sessionOf(command)
      const home = homeIn(session)
      const { down, state } = await loadStage()
      if (options.dryRun) {
        const { running } = await state(home)
        session.answer({
          json: { dryRun: true, running },
          tables: [],
          head: [running ? `Would stop the stage in ${home}.` : `No stage runs in ${home}.`],
        })
        return
      }
      const stopped = await down(home)
      session.answer({
        json: { stopped },
        tables: [],
        head: [stopped ? `Stopped the stage in ${home}; its state stays there.` : `No stage ran in ${home}.`],
      })
    })
}

const addReset = (local: Command): void => {
  local
    .command('reset')
    .description('delete all its state: every event, every result')
    .option('--yes', 'without asking')
    .option('--dry-run', 'say what would be deleted')
    .action(async (options: { yes?: true; dryRun?: true }, command: Command) => {
      const session = sessionOf(command)
      const home = homeIn(session)
      if (options.dryRun) {
        session.answer({
          json: { dryRun: true, home },
          tables: [],
          head: [`Would delete the stage's state in ${home}: every event and result.`],
        })
        return
      }
      if (!(await session.confirm(`Delete every event and result in ${home}?`, options.yes)))
        throw new CommandError('Nothing was deleted.')
      const { reset } = await loadStage()
      await reset(home)
      session.answer({ json: { reset: home }, tables: [], head: [`Deleted the stage's state in ${home}.`] })
    })
}

const addLogs = (local: Command): void => {
  local
    .command('logs')
    .description('the last lines of its logs')
    .argument('[part]', "only this part's")
    .option('--lines <count>', 'of each part', '50')
    .action(async (part: string | undefined, options: { lines: string }, command: Command) => {
      const session = sessionOf(command)
      const home = homeIn(session)
      const { logs } = await loadStage()
      const found = logs(home, part, Number(options.lines))
      session.answer({
        json: found,
        tables:
          session.format === 'csv'
            ? [
                {
                  columns: ['part', 'line'],
                  rows: found.flatMap((each) => each.lines.map((line) => [each.part, line])),
                },
              ]
            : [],
        head: [
          ...found.flatMap((each) => [`== ${each.part}`, ...each.lines]),
          `All of it lies in ${join(home, 'logs')}.`,
        ],
      })
    })
}
