import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { type ExclusionRequest, readExclusion } from '../../core/exclusion.ts'
import { Problem } from '../../core/problem.ts'
import { askBatch } from '../ask-batch.ts'
import { collected } from '../collected.ts'
import type { Connection } from '../connection.ts'
import { usageError } from '../exit.ts'
import { deployedModelFile, readModel } from '../model-file.ts'
import { grouped } from '../progress.ts'
import { shortSequence } from '../receipt.ts'
import { type Session, sessionOf } from '../session.ts'
import { iso, parseInstant } from '../time.ts'
import { replayShard } from './replay.ts'

interface ExcludeOptions {
  readonly type?: string
  readonly from?: string
  readonly to?: string
  readonly where: readonly string[]
  readonly ids?: string
  readonly all?: true
  readonly reason?: string
  readonly by?: string
  readonly list?: true
  readonly undo?: string
  readonly dryRun?: true
  readonly replay: boolean
  readonly model?: string
}

export const addExclude = (program: Command): void => {
  program
    .command('exclude')
    .description('leave wrong events out of every answer; the archive keeps them, and --undo brings them back')
    .option('--type <event>', 'the type of the events')
    .option('--from <time>', 'that happened at or after this (event time)')
    .option('--to <time>', 'and before this')
    .option('--where <field=value>', 'with this value of a field; may be given again', collected, [])
    .option('--ids <file>', 'of these ids, one a line')
    .option('--all', 'although that is every event of the type')
    .option('--reason <text>', 'why; kept')
    .option('--by <who>', 'who; kept (default: the user of this machine)')
    .option('--no-replay', 'leave what speed counted before to the next recompute')
    .option('--list', 'what is excluded, and what was')
    .option('--undo <id>', 'take an exclusion back')
    .option('--dry-run', 'count what it would leave out of the archive, change nothing')
    .option('--model <file>', "for --dry-run: the definitions' data (model.json); default: the stage's own")
    .action(async (options: ExcludeOptions, command: Command) => {
      const session = sessionOf(command)
      if (options.list) return list(session)
      if (options.undo !== undefined) return undo(session, options, options.undo)
      const exclusion = await requestOf(options, session.now())
      if (options.dryRun) return count(session, options, exclusion)
      return exclude(session, options, exclusion)
    })
}

const reasonOf = ({ reason }: ExcludeOptions): string => {
  if (reason === undefined || reason.trim() === '')
    throw usageError('Say why: --reason TEXT. It is kept beside the exclusion.')
  return reason
}

const whoOf = ({ by }: ExcludeOptions): string => by ?? userInfo().username

const requestOf = async (options: ExcludeOptions, now: number): Promise<ExclusionRequest> => {
  const { type, from, to, where, ids } = options
  if (type === undefined) throw usageError('Say which events: --type EVENT and more; or --list, or --undo ID.')
  if (!options.dryRun) reasonOf(options)
  const fields = where.map((condition): [string, string] => {
    const split = condition.indexOf('=')
    if (split < 1) throw usageError(`--where ${condition}: write FIELD=VALUE.`)
    return [condition.slice(0, split), condition.slice(split + 1)]
  })
  if (new Set(fields.map(([field]) => field)).size < fields.length)
    throw usageError('--where names a field twice; an event has one value of it. Make two exclusions.')
  return {
    eventType: type,
    from: from === undefined ? null : parseInstant(from, now),
    to: to === undefined ? null : parseInstant(to, now),
    fields: Object.fromEntries(fields),
    eventIds: ids === undefined ? null : await idsOf(ids),
  }
}

const idsOf = async (file: string): Promise<string[]> => {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw usageError(`${file} can't be read (${error.code}).`)
  })
  const ids = [...new Set(text.split(/\r?\n/).filter((line) => line.trim() !== ''))]
  if (ids.length === 0) throw usageError(`${file} holds no id: write one a line.`)
  return ids
}

/** What the batch function answers. */
interface InForce {
  readonly id: number
  readonly revision: number
  readonly recorded: Readonly<Record<string, string>>
}

const exclude = async (session: Session, options: ExcludeOptions, exclusion: ExclusionRequest): Promise<void> => {
  const [reason, by, everything] = [reasonOf(options), whoOf(options), options.all === true]
  const request = { step: 'exclude', requestId: randomUUID(), exclusion, everything, reason, by }
  const connection = await session.connect()
  const answer = (await askBatch(connection, request)) as InForce
  await end(session, {
    connection,
    options,
    answer,
    said: `Exclusion ${answer.id} is in force (revision ${answer.revision}).`,
  })
}

const undo = async (session: Session, options: ExcludeOptions, id: string): Promise<void> => {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw usageError(`--undo ${id}: name an exclusion by its number; --list shows them.`)
  const beside = ['type', 'from', 'to', 'ids', 'all'].filter((name) => name in options)
  if (beside.length > 0 || options.where.length > 0)
    throw usageError(
      `--undo takes all of an exclusion back; --${beside[0] ?? 'where'} has no place beside it. Undo it, and exclude anew.`,
    )
  if (options.dryRun) return wouldUndo(session, Number(id))
  const request = { step: 'undoExclusion', id: Number(id), reason: reasonOf(options), by: whoOf(options) }
  const connection = await session.connect()
  const answer = (await askBatch(connection, request)) as InForce
  await end(session, { connection, options, answer, said: `Exclusion ${id} is undone (revision ${answer.revision}).` })
}

const wouldUndo = async (session: Session, id: number): Promise<void> => {
  const { exclusions } = await listed(await session.connect())
  const found = exclusions.find((each) => each.id === id)
  if (found === undefined)
    throw usageError(`There is no exclusion ${id}. Allowed: ${exclusions.map((each) => each.id).join(', ') || 'none'}.`)
  session.answer({
    json: { dryRun: true, exclusion: found },
    tables: [],
    head: [
      found.inForce
        ? `Would undo exclusion ${id} (${found.reason}); nothing was changed.`
        : `Exclusion ${id} is undone already; nothing was changed.`,
    ],
  })
}

interface Ending {
  readonly connection: Connection
  readonly options: ExcludeOptions
  readonly answer: InForce
  readonly said: string
}

/** Counts again what speed counted before, as far as it is archived, and says what is left to a recompute. */
const end = async (session: Session, { connection, options, answer, said }: Ending): Promise<void> => {
  session.progress.say(said)
  const replayed = options.replay ? await replay(session, connection, answer.recorded) : {}
  const left = Object.keys(answer.recorded).filter((shardId) => replayed[shardId] !== true)
  session.answer({
    json: { ...answer, replayed: Object.keys(replayed).filter((shardId) => replayed[shardId] === true) },
    head: [said],
    tables: [
      {
        columns: ['shard', 'from after', 'speed counted again'],
        rows: Object.entries(answer.recorded).map(([shardId, position]) => [
          ...[shardId, shortSequence(position), replayed[shardId] === true],
        ]),
      },
    ],
    notes: [
      ...(left.length === 0
        ? []
        : ['What speed counted before these positions may stand as it was: `tidemark replay`.']),
      'The live dataset stands as it was; `tidemark recompute` puts it right. Until then a receipt says that its answer is a mix.',
    ],
  })
}

/** The archive waits up to a minute for a larger object. */
const archiveWaitMs = 90_000
const archivePollMs = 3000

/** @returns whether a shard's speed rows were counted again up to its recorded position; shard to that */
const replay = async (
  session: Session,
  connection: Connection,
  recorded: InForce['recorded'],
): Promise<Record<string, boolean>> => {
  const replayed: Record<string, boolean> = {}
  for (const [shardId, position] of Object.entries(recorded)) {
    for (let waitedMs = 0; ; waitedMs += archivePollMs) {
      const { to } = await planOf(connection, shardId)
      if (to >= position || waitedMs >= archiveWaitMs) break
      session.progress.update(`waiting for the archive of ${shardId}`)
      await sleep(archivePollMs)
    }
    const { to } = await replayShard(session, connection, { shardId })
    replayed[shardId] = to >= position
  }
  return replayed
}

const planOf = async (connection: Connection, shardId: string): Promise<{ readonly to: string }> => {
  const { shards } = (await askBatch(connection, { step: 'replayPlan', shardId })) as { shards: { to: string }[] }
  return shards[0] ?? { to: '' }
}

interface Listed {
  readonly revision: number
  readonly exclusions: readonly {
    readonly id: number
    readonly eventType: string
    readonly from: string | null
    readonly to: string | null
    readonly fields: Readonly<Record<string, string>>
    readonly eventIds: number | null
    readonly reason: string
    readonly by: string
    readonly madeAt: string
    readonly inForce: boolean
    readonly undone: { readonly by: string; readonly at: string; readonly reason: string } | null
  }[]
}

const listed = async (connection: Connection): Promise<Listed> =>
  (await askBatch(connection, { step: 'exclusions' })) as Listed

const list = async (session: Session): Promise<void> => {
  const answer = await listed(await session.connect())
  session.answer({
    json: answer,
    tables: [
      {
        columns: ['id', 'in force', 'type', 'from', 'to', 'where', 'ids', 'by', 'at', 'reason', 'undone'],
        rows: answer.exclusions.map((each) => [
          ...[each.id, each.inForce, each.eventType, each.from, each.to],
          Object.entries(each.fields)
            .map(([field, value]) => `${field}=${value}`)
            .join(' and ') || null,
          ...[each.eventIds, each.by, each.madeAt, each.reason],
          each.undone === null ? null : `${each.undone.at} by ${each.undone.by}: ${each.undone.reason}`,
        ]),
      },
    ],
    notes: [`revision ${answer.revision} is in force`],
  })
}

/** By the path that `verify` recounts by. */
const count = async (session: Session, options: ExcludeOptions, exclusion: ExclusionRequest): Promise<void> => {
  const connection = await session.connect()
  const model = await readModel(options.model ?? deployedModelFile(session), connection.outputs.modelVersion)
  const checked = checkedBy(() => readExclusion(exclusion, model, options.all === true))
  const scratchDir = await mkdtemp(join(tmpdir(), 'tidemark-exclude-'))
  try {
    const { records, excluded } = await countArchived(session, connection, { model, exclusion: checked, scratchDir })
    const span =
      excluded.first === null || excluded.last === null ? '' : `, of ${iso(excluded.first)} to ${iso(excluded.last)}`
    session.answer({
      json: { dryRun: true, exclusion: checked, archived: records, ...excluded },
      tables: [],
      head: [
        `Would leave out ${grouped(excluded.events)} events (${grouped(excluded.records)} of the ${grouped(records)} records archived)${span}; nothing was changed.`,
      ],
      notes:
        checked.eventIds === null
          ? []
          : [
              `${grouped(excluded.ids)} of ${grouped(checked.eventIds.length)} ids are those of events that it would leave out.`,
            ],
    })
  } finally {
    await rm(scratchDir, { recursive: true, force: true })
  }
}

const checkedBy = <Checked>(check: () => Checked): Checked => {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { allowed } = error.facts
    throw usageError(
      `${error.message}${Array.isArray(allowed) ? ` Allowed: ${allowed.join(', ')}.` : ''} [${error.code}]`,
    )
  }
}

interface Counting {
  readonly model: Awaited<ReturnType<typeof readModel>>
  readonly exclusion: ExclusionRequest
  readonly scratchDir: string
}

const countArchived = async (session: Session, connection: Connection, { model, exclusion, scratchDir }: Counting) => {
  const { rawFiles } = await import('../verify/raw-files.ts')
  const { openRecount } = await import('../verify/recount.ts')
  const { mkdir } = await import('node:fs/promises')
  const files = rawFiles(await connection.archive(), join(scratchDir, 'raw'), (objects) =>
    session.progress.update(`${objects} raw objects read`),
  )
  await mkdir(files.dir, { recursive: true })
  await files.refresh()
  const recount = await openRecount(files.dir, scratchDir, model, { windowMs: 0, shards: [] })
  try {
    return { records: recount.records, excluded: await recount.excluded(exclusion) }
  } finally {
    recount.close()
  }
}
