import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { StatusAnswer } from '../answers.ts'
import { usageError } from '../exit.ts'
import type { Answer } from '../output.ts'
import { shortSequence } from '../receipt.ts'
import { type Session, sessionOf } from '../session.ts'

const watchEveryMs = 2000

export const addStatus = (program: Command): void => {
  program
    .command('status')
    .description('per shard: how far archive, speed table and window are; the live dataset; what was rejected')
    .option('--watch', 'again every two seconds, until Ctrl-C')
    .action(async (options: { watch?: true }, command: Command) => {
      const session = sessionOf(command)
      if (options.watch && session.format !== 'table') throw usageError('--watch is for the table format.')
      const { api } = await session.connect()
      const show = async (): Promise<void> => session.answer(statusAnswer(await api.get<StatusAnswer>('/v1/status')))
      await show()
      while (options.watch) await showAgain(show, session)
    })
}

const showAgain = async (show: () => Promise<void>, session: Session): Promise<void> => {
  await sleep(watchEveryMs)
  if (process.stdout.isTTY) process.stdout.write('\u001b[H\u001b[2J')
  else session.progress.say(new Date(session.now()).toISOString())
  await show()
}

const statusAnswer = (status: StatusAnswer): Answer => ({
  json: status,
  tables: [
    {
      columns: ['shard', 'archive', 'speed table', 'window', 'mark', 'note'],
      rows: status.shards.map((shard) => [
        shard.shardId,
        shortSequence(shard.archive),
        shortSequence(shard.speedTable),
        shortSequence(shard.window),
        shortSequence(shard.mark),
        lagOf(shard),
      ]),
    },
  ],
  notes: [
    `live dataset: ${status.live ?? 'none yet'}; definitions ${status.modelVersion}`,
    `newest event: ${status.newestEventTime === null ? 'none yet' : new Date(status.newestEventTime).toISOString()}; rejected: ${status.rejected}`,
    ...(status.refilling
      ? ['The window lost its state and is refilling: it is short until its whole length has passed.']
      : []),
  ],
})

/** Sequence numbers count nothing that could be subtracted; which part is behind which is all they say. */
const lagOf = ({ archive, speedTable, window }: StatusAnswer['shards'][number]): string => {
  const furthest = [archive, speedTable, window].reduce(
    (most, each) => ((each ?? '') > (most ?? '') ? each : most),
    null,
  )
  const behind = Object.entries({ archive, 'speed table': speedTable, window })
    .filter(([, position]) => position !== furthest)
    .map(([part]) => part)
  return behind.length === 0 ? 'level' : `behind: ${behind.join(', ')}`
}
