import type { Command } from 'commander'
import { askBatch } from '../ask-batch.ts'
import type { Connection } from '../connection.ts'
import { grouped } from '../progress.ts'
import { type Session, sessionOf } from '../session.ts'

interface ReplayOptions {
  readonly shard?: string
  readonly dryRun?: true
}

/** Records of one shard: all above `from` ('': from its start) and up to `to`. */
interface Stretch {
  readonly shardId: string
  readonly from: string
  readonly to: string
}

interface Progress extends Stretch {
  readonly reached: string
  readonly records: number
  readonly rows: number
  readonly done: boolean
}

export const addReplay = (program: Command): void => {
  program
    .command('replay')
    .description('count the speed rows again from the archive, while they go on being served')
    .option('--shard <id>', 'of this shard only')
    .option('--dry-run', 'say what would be counted again, change nothing')
    .action(async ({ shard, dryRun }: ReplayOptions, command: Command) => {
      const session = sessionOf(command)
      const connection = await session.connect()
      const plan = await askBatch(connection, {
        step: 'replayPlan',
        ...(shard === undefined ? {} : { shardId: shard }),
      })
      const { shards } = plan as { shards: readonly Stretch[] }
      if (dryRun) return showPlan(session, shards)
      const replayed: Replayed[] = []
      for (const stretch of shards) replayed.push(await replayShard(session, connection, stretch))
      const columns = ['shard', 'from', 'to', 'records', 'rows']
      const rows = replayed.map(({ shardId, from, to, records, rows: written }) => [
        shardId,
        from,
        to,
        records,
        written,
      ])
      session.answer({ json: { shards: replayed }, tables: [{ columns, rows }] })
    })
}

const showPlan = (session: Session, shards: readonly Stretch[]): void =>
  session.answer({
    json: { dryRun: true, shards },
    tables: [{ columns: ['shard', 'from', 'to'], rows: shards.map(({ shardId, from, to }) => [shardId, from, to]) }],
    head: ['Would count the speed rows above `from` and up to `to` again; nothing was changed.'],
  })

interface Replayed extends Stretch {
  readonly records: number
  readonly rows: number
}

/** Chunk by chunk, newest first. Ended in between, what was done stays right; it is begun again from the start. */
const replayShard = async (session: Session, connection: Connection, { shardId }: Stretch): Promise<Replayed> => {
  let [records, rows] = [0, 0]
  let reached: string | null = null
  for (;;) {
    const progress = (await askBatch(connection, { step: 'replay', shardId, reached })) as Progress
    records += progress.records
    rows += progress.rows
    if (progress.done) return { shardId, from: progress.from, to: progress.to, records, rows }
    reached = progress.reached
    session.progress.update(`${shardId}: ${grouped(records)} records counted again, down to ${reached}`)
  }
}
