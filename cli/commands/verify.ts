import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { type MetricData, type ModelData, measuredBy, sessionMetrics } from '../../core/model.ts'
import { exitCodes, usageError } from '../exit.ts'
import { readModel, servedModel } from '../model-file.ts'
import type { Answer } from '../output.ts'
import { grouped } from '../progress.ts'
import { sessionOf } from '../session.ts'
import type { Comparison } from '../verify/compare.ts'
import { madeByFunctions } from '../verify/functions.ts'
import type { Verified } from '../verify/verify.ts'

/** Differing cells shown a metric; JSON holds all. */
const differencesShown = 20

export const addVerify = (program: Command): void => {
  program
    .command('verify')
    .description(
      'recount metrics from the raw archive by DuckDB and compare; exit 3 where they differ or one can not be',
    )
    .argument('[metric...]', 'all, if none is named')
    .option('--model <file>', "the definitions' data (model.json of the build); default: the stage's own")
    .action(async (names: string[], options: { model?: string }, command: Command) => {
      const session = sessionOf(command)
      const connection = await session.connect()
      const model =
        options.model === undefined
          ? await servedModel(session, connection)
          : await readModel(options.model, connection.outputs.modelVersion)
      const { verify } = await import('../verify/verify.ts')
      const metrics = chosen(model, names)
      const left = metrics.flatMap((metric) => leftOut(metric, model))
      const scratchDir = await mkdtemp(join(tmpdir(), 'tidemark-verify-'))
      try {
        const verified = await verify({
          api: connection.api,
          archive: await connection.archive(),
          model,
          metrics: metrics.filter(({ name }) => !left.some(({ metric }) => metric === name)),
          repeatRule: {
            windowMs: Number(connection.outputs.duplicatesWindowSeconds) * 1000,
            shards: await (await connection.stream()).shards(),
          },
          scratchDir,
          progress: session.progress,
        })
        session.answer(verifyAnswer(verified, left, model))
        if (!isConfirmed(verified, left)) process.exitCode = exitCodes.no
      } finally {
        await rm(scratchDir, { recursive: true, force: true })
      }
    })
}

const chosen = (model: ModelData, names: readonly string[]): MetricData[] => {
  const known = measuredBy(model).map((metric) => metric.name)
  const unknown = names.filter((name) => !known.includes(name))
  const overSessions = sessionMetrics(model).map(({ name }) => name)
  const folded = unknown.filter((name) => overSessions.includes(name))
  if (folded.length > 0) throw usageError(`${folded.join(', ')}: over sessions, of which the recount folds none.`)
  if (unknown.length > 0) throw usageError(`There is no metric ${unknown.join(', ')}. There are ${known.join(', ')}.`)
  return measuredBy(model).filter((metric) => names.length === 0 || names.includes(metric.name))
}

/** A metric that is not recounted, and what functions make of it. */
interface LeftOut {
  readonly metric: string
  readonly madeByFunctions: readonly string[]
}

export const leftOut = (metric: MetricData, model: ModelData): LeftOut[] => {
  const made = madeByFunctions(metric, model)
  return made.length === 0 ? [] : [{ metric: metric.name, madeByFunctions: made }]
}

/** Equal, and all of it compared. */
const isConfirmed = ({ comparisons }: Verified, left: readonly LeftOut[]): boolean =>
  left.length === 0 && comparisons.every((each) => each.equal)

export const verifyAnswer = (verified: Verified, left: readonly LeftOut[], model: ModelData): Answer => {
  const { records, comparisons } = verified
  const differing = comparisons.filter((each) => each.differences.length > 0)
  return {
    json: { records, equal: isConfirmed(verified, left), comparisons, notRecounted: left },
    tables: [
      {
        columns: ['metric', 'cells', 'estimated', 'differing', 'error (rms)', 'equal'],
        rows: [
          ...comparisons.map((each) => [
            each.metric,
            each.cells,
            each.estimated,
            each.differences.length,
            each.rootMeanSquare === null ? null : each.rootMeanSquare.toFixed(2),
            each.equal,
          ]),
          ...left.map(({ metric }) => [metric, null, null, null, null, 'not recounted']),
        ],
      },
      ...differing.map(differenceTable),
    ],
    notes: [
      `${grouped(records)} records of the raw archive recounted; each answer was compared up to the positions of its receipt.`,
      ...left.map(leftOutNote),
      ...opaqueNote(model),
      ...functionsNote(model),
      ...entitiesNote(model),
      ...sessionsNote(model),
      ...(verified.doubted ?? []).map(doubtedNote),
      ...differing
        .filter((each) => each.differences.length > differencesShown)
        .map((each) => `${each.metric}: ${grouped(each.differences.length)} cells differ; -o json lists all.`),
    ],
  }
}

const doubtedNote = ({ zone, release, from }: NonNullable<Verified['doubted']>[number]): string =>
  `DuckDB's time zone data of ${zone} differ from the definitions' (release ${release}) from ${new Date(from).toISOString()} on: days that differ after it may be due to that. \`npm run build\` takes the release of the Node that it runs on.`

const leftOutNote = ({ metric, madeByFunctions: made }: LeftOut): string =>
  `${metric} was NOT recounted: functions make its ${made.join(', ')}, and the recount runs none. Name the other metrics to have only these verified.`

/** A function also refuses records, for metrics that don't use what it makes. */
const functionsNote = ({ events }: ModelData): string[] => {
  const names = events.flatMap(({ name, derived }) => derived.map((each) => `${name}.${each.name}`))
  return names.length === 0
    ? []
    : [
        `The recount takes records that only the functions of ${names.join(', ')} refuse, and differs by them; \`tidemark rejected\` lists them.`,
      ]
}

const entitiesNote = ({ entities = [] }: ModelData): string[] =>
  entities.length === 0
    ? []
    : [`Entities were NOT recounted: ${entities.map(({ name }) => name).join(', ')}. The recount is of metrics.`]

const sessionsNote = (model: ModelData): string[] => {
  const names = [...(model.sessions ?? []), ...sessionMetrics(model)].map(({ name }) => name)
  return names.length === 0
    ? []
    : [`Sessions and metrics over them were NOT recounted: ${names.join(', ')}. The recount folds none.`]
}

/** What the definitions check and the recount can't: without the note, its own blindness would look like an error. */
const opaqueNote = ({ events }: ModelData): string[] => {
  const names = events.flatMap(({ name, fields }) =>
    fields.filter(({ opaque }) => opaque).map((field) => `${name}.${field.name}`),
  )
  return names.length === 0
    ? []
    : [
        `The recount does not look into the patterns, formats and nested schemas of ${names.join(', ')}: it takes records that only these refuse.`,
      ]
}

const differenceTable = (comparison: Comparison): Answer['tables'][number] => ({
  columns: [`${comparison.metric}: bucket`, 'by', 'served', 'recounted'],
  rows: comparison.differences
    .slice(0, differencesShown)
    .map(({ bucket, dims, served, recounted }) => [bucket, JSON.stringify(dims), served, recounted]),
})
