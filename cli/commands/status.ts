import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { StatusAnswer } from '../answers.ts'
import { usageError } from '../exit.ts'
import type { Answer } from '../output.ts'
import { duration } from '../progress.ts'
import { shortSequence } from '../receipt.ts'
import { type Session, sessionOf } from '../session.ts'
import { iso } from '../time.ts'

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
      const show = async (): Promise<void> =>
        session.answer(statusAnswer(await api.get<StatusAnswer>('/v1/status'), session.now()))
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

export const statusAnswer = (status: StatusAnswer, now: number): Answer => ({
  json: status,
  tables: [
    {
      columns: ['shard', 'archive', 'speed table', 'window', 'mark', 'note'],
      rows: status.shards.map((shard) => [
        shard.shardId,
        isKnown.archive(status) ? shortSequence(shard.archive) : notKnown,
        isKnown.warehouse(status) ? shortSequence(shard.speedTable) : notKnown,
        isKnown.windows(status) ? shortSequence(shard.window) : notKnown,
        isKnown.warehouse(status) ? shortSequence(shard.mark) : notKnown,
        noteOf(shard, status, now),
      ]),
    },
  ],
  notes: [
    `live dataset: ${known(status, status.live ?? 'none yet')}; definitions ${status.modelVersion}`,
    `newest event: ${status.newestEventTime === null ? 'none yet' : new Date(status.newestEventTime).toISOString()}; rejected: ${known(status, status.rejected)}`,
    ...lastingNotes(status),
  ],
})

const notKnown = 'not known'

/** Whether what a part says is known. The archive is listed from the mark on, which the warehouse holds. */
const isKnown = {
  warehouse: ({ unreachable }: StatusAnswer) => unreachable.warehouse === undefined,
  archive: ({ unreachable }: StatusAnswer) => unreachable.warehouse === undefined && unreachable.archive === undefined,
  windows: ({ unreachable }: StatusAnswer) => unreachable.windows === undefined,
}

/** What the warehouse alone can say. */
const known = (status: StatusAnswer, fact: string | number): string | number =>
  isKnown.warehouse(status) ? fact : notKnown

const called = {
  warehouse: 'the warehouse (speed table, marks, live dataset)',
  archive: 'the archive',
  stream: 'the stream (what waits in it)',
  windows: 'the cache (windows)',
} as const

/** What no row says: a part that does not answer, batch ahead of the speed table, windows that are short. */
const lastingNotes = ({ unreachable, shards, refilling, refillingSince, building }: StatusAnswer): string[] => [
  ...(building === null
    ? []
    : [
        `Definitions ${building} are deployed and counted; \`tidemark recompute\` makes their first dataset, whose promotion serves them.`,
      ]),
  ...Object.entries(unreachable).map(
    ([part, reason]) => `No answer from ${called[part as keyof typeof called]}: ${reason}. The other parts go on.`,
  ),
  ...(shards.some(({ mark, speedTable }) => (speedTable ?? '') < (mark ?? ''))
    ? ['Batch is ahead of the speed table: answers count to the mark, and the speed table catches up by itself.']
    : []),
  ...(refilling
    ? [
        `The window lost its state and is refilling${refillingSince === null ? '; nothing came in since' : ` since ${iso(Date.parse(refillingSince))}`}: it is short until its whole length has passed.`,
      ]
    : []),
]

/** Sequence numbers count nothing that could be subtracted: which part is behind, and how long a record has waited for it. */
const noteOf = (
  { archive, speedTable, window, waitingSince }: StatusAnswer['shards'][number],
  status: StatusAnswer,
  now: number,
): string => {
  const parts = Object.entries({
    ...(isKnown.archive(status) ? { archive } : {}),
    ...(isKnown.warehouse(status) ? { 'speed table': speedTable } : {}),
    ...(isKnown.windows(status) ? { window } : {}),
  })
  const furthest = parts
    .map(([, position]) => position ?? '')
    .sort()
    .at(-1)
  const behind = parts.filter(([, position]) => (position ?? '') !== furthest).map(([part]) => part)
  const waits =
    waitingSince === null ? '' : `oldest record waits ${duration(Math.max(now - Date.parse(waitingSince), 0))}`
  if (behind.length > 0) return [`behind: ${behind.join(', ')}`, waits].filter(Boolean).join('; ')
  if (waits !== '') return `all behind; ${waits}`
  if (Object.keys(status.unreachable).length === 0) return 'level'
  return parts.length < 2 ? notKnown : 'level as far as is known'
}
