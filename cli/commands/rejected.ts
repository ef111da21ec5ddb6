import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Model } from '../../core/model.ts'
import { placeInShard, type RejectionReason, rejectionReasons } from '../../core/record.ts'
import { CommandError, messageOf, usageError } from '../exit.ts'
import { liveManifest } from '../live-manifest.ts'
import { deployedModelFile } from '../model-file.ts'
import type { Answer, Format, Table } from '../output.ts'
import { grouped } from '../progress.ts'
import { shortSequence } from '../receipt.ts'
import type { RejectedRecord } from '../rejected/record.ts'
import type { Rejected } from '../rejected/rejected.ts'
import { sessionOf } from '../session.ts'
import { iso, parseInstant } from '../time.ts'

/** Characters of a record's text and of a detail that a table shows; JSON holds all of them. */
const shownText = 100
const shownDetail = 70

interface Options {
  readonly reason?: string
  readonly type?: string
  readonly from?: string
  readonly to?: string
  readonly limit: string
  readonly model?: string
}

export const addRejected = (program: Command): void => {
  program
    .command('rejected')
    .description('the records that could not be taken as events: how many for which reason, and the last of them')
    .option('--reason <reason>', rejectionReasons.join(', '))
    .option('--type <type>', 'the type of event that they claim')
    .option('--from <time>', 'arrived at or after it')
    .option('--to <time>', 'arrived before it')
    .option('--limit <n>', 'how many are listed, the last to arrive; all are counted', '20')
    .option('--model <file>', "the definitions' bundle (model.cjs of the build); default: the stage's own")
    .action(async (options: Options, command: Command) => {
      const session = sessionOf(command)
      const now = session.now()
      const filter = {
        reason: reasonOf(options.reason),
        type: options.type ?? null,
        from: options.from === undefined ? null : parseInstant(options.from, now),
        to: options.to === undefined ? null : parseInstant(options.to, now),
      }
      const limit = limitOf(options.limit)
      const connection = await session.connect()
      const path = options.model ?? deployedModelFile(session).replace(/\.json$/, '.cjs')
      const model = await loadModel(resolve(session.cwd, path), connection.outputs.modelVersion)
      const archive = await connection.archive()
      const manifest = await liveManifest(connection, archive)
      const { findRejected } = await import('../rejected/rejected.ts')
      const scratchDir = await mkdtemp(join(tmpdir(), 'tidemark-rejected-'))
      try {
        session.progress.update('reading what was rejected')
        const found = await findRejected({ archive, model, manifest, filter, limit, scratchDir })
        session.answer(rejectedAnswer(found, session.format))
      } finally {
        await rm(scratchDir, { recursive: true, force: true })
      }
    })
}

const reasonOf = (text: string | undefined): RejectionReason | null => {
  if (text === undefined) return null
  const reason = rejectionReasons.find((each) => each === text)
  if (reason === undefined) throw usageError(`--reason ${text}: the reasons are ${rejectionReasons.join(', ')}.`)
  return reason
}

const limitOf = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw usageError(`--limit ${text}: write a whole number up to 999999.`)
  return Number(text)
}

/** The deployed definitions themselves: what lies above the tidemark is decoded as the speed side does. */
const loadModel = async (path: string, deployedVersion: string): Promise<Model> => {
  const { loadModel: load } = requiredModel(path)
  const model = await load()
  if (model.data.version !== deployedVersion)
    throw new CommandError(
      `${path} is of definitions ${model.data.version}, the stage runs ${deployedVersion}. Build the definitions that are deployed, or name their model.cjs by --model.`,
    )
  return model
}

const requiredModel = (path: string): { loadModel: () => Promise<Model> } => {
  try {
    return createRequire(path)(path)
  } catch (error) {
    throw new CommandError(
      `${path} can't be loaded (${messageOf(error)}). \`npm run build\` writes it; --model names another.`,
    )
  }
}

/** CSV holds one table: the records. */
export const rejectedAnswer = ({ counts, records }: Rejected, format: Format): Answer => {
  const total = counts.reduce((sum, { batch, speed }) => sum + batch + speed, 0)
  const takenNow = counts.reduce((sum, each) => sum + each.takenNow, 0)
  return {
    json: { total, counts, records },
    tables: format === 'csv' ? [recordTable(records)] : [countTable({ counts, records }), recordTable(records)],
    notes: [
      ...(total > records.length
        ? [`The last ${grouped(records.length)} of ${grouped(total)}; --limit lists more.`]
        : []),
      ...(takenNow > 0
        ? [`${grouped(takenNow)} of them the definitions take now: \`tidemark recompute --full\` takes them in.`]
        : []),
    ],
  }
}

const countTable = ({ counts }: Rejected): Table => ({
  columns: ['reason', 'type', 'batch', 'speed', 'taken now'],
  rows: counts.map(({ reason, eventType, batch, speed, takenNow }) => [reason, eventType, batch, speed, takenNow]),
})

const recordTable = (records: readonly RejectedRecord[]): Table => ({
  columns: ['arrived', 'shard', 'place', 'side', 'reason', 'detail', 'record'],
  rows: records.map((record) => [
    iso(record.arrivalTime),
    record.shardId,
    shortPlace(record),
    record.side,
    record.reason,
    shortened(record.detail, shownDetail),
    shortened(record.data ?? `(base64) ${record.dataBase64}`, shownText),
  ]),
})

const shortPlace = (record: RejectedRecord): string =>
  `${shortSequence(record.sequenceNumber)}${placeInShard(record).slice(record.sequenceNumber.length)}`

const shortened = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`
