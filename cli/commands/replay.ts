import type { Command } from 'commander'
import { askBatch } from '../ask-batch.ts'
import type { Connection } from '../connection.ts'
import { usageError } from '../exit.ts'
import { grouped } from '../progress.ts'
import { compareOutput, dropOutput, listOutputs, swapOutput, writeOutput } from '../replay-output.ts'
import { type Session, sessionOf } from '../session.ts'

interface ReplayOptions {
  readonly shard?: string
  readonly into?: string
  readonly compare?: string
  readonly swap?: string
  readonly drop?: string
  readonly list?: true
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
    .option('--into <name>', 'write them beside those that are served; begun before, go on')
    .option('--compare <name>', 'show how what is served differs from what was written beside; exit 3 where it does')
    .option('--swap <name>', 'serve what was written beside')
    .option('--drop <name>', 'remove what was written beside')
    .option('--list', 'show what was written beside')
    .option('--dry-run', 'say what would be counted again, change nothing')
    .action(async (options: ReplayOptions, command: Command) => {
      refuseSeveral(options)
      const session = sessionOf(command)
      const connection = await session.connect()
      if (options.list) return listOutputs(session, connection)
      if (options.compare !== undefined) return compareOutput(session, connection, options.compare)
      if (options.drop !== undefined) return dropOutput(session, connection, options.drop)
      if (options.swap !== undefined) return swapOutput(session, connection, options.swap)
      if (options.dryRun) return showPlan(session, await planOf(connection, options.shard))
      if (options.into !== undefined) return writeOutput(session, connection, options.into)
      return replayAll(session, connection, await planOf(connection, options.shard))
    })
}

/** An output is of all shards, and each of its options is a command of its own. @throws a usage error */
const refuseSeveral = (options: ReplayOptions): void => {
  const given = (['into', 'compare', 'swap', 'drop', 'list'] as const).filter((name) => options[name] !== undefined)
  if (given.length > 1) throw usageError(`replay: --${given[0]} and --${given[1]} can't be given together.`)
  const [only] = given
  if (only === undefined) return
  if (options.shard !== undefined) throw usageError(`replay --${only} is about all shards; leave out --shard.`)
  if (options.dryRun && only !== 'into') throw usageError(`replay --${only} has no --dry-run.`)
}

const planOf = async (connection: Connection, shardId: string | undefined): Promise<readonly Stretch[]> => {
  const plan = await askBatch(connection, { step: 'replayPlan', ...(shardId === undefined ? {} : { shardId }) })
  return (plan as { shards: readonly Stretch[] }).shards
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

const replayAll = async (session: Session, connection: Connection, shards: readonly Stretch[]): Promise<void> => {
  const replayed: Replayed[] = []
  for (const stretch of shards) replayed.push(await replayShard(session, connection, stretch))
  const columns = ['shard', 'from', 'to', 'records', 'rows']
  const rows = replayed.map(({ shardId, from, to, records, rows: written }) => [shardId, from, to, records, written])
  session.answer({ json: { shards: replayed }, tables: [{ columns, rows }] })
}

/** Chunk by chunk, newest first. Ended in between, what was done stays right; it is begun again from the start. */
export const replayShard = async (
  session: Session,
  connection: Connection,
  { shardId }: Pick<Stretch, 'shardId'>,
): Promise<Replayed> => {
  let [records, rows] = [0, 0]
  let [reached, upTo]: [string | null, string | null] = [null, null]
  for (;;) {
    const progress = (await askBatch(connection, { step: 'replay', shardId, reached })) as Progress
    records += progress.records
    rows += progress.rows
    upTo ??= progress.to
    if (progress.done) return { shardId, from: progress.from, to: upTo, records, rows }
    reached = progress.reached
    session.progress.update(`${shardId}: ${grouped(records)} records counted again, down to ${reached}`)
  }
}
