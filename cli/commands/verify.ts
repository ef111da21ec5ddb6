import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import type { MetricData, ModelData } from '../../core/model.ts'
import { CommandError, exitCodes, usageError } from '../exit.ts'
import { deployedModelFile } from '../model-file.ts'
import type { Answer } from '../output.ts'
import { grouped } from '../progress.ts'
import { sessionOf } from '../session.ts'
import type { Comparison } from '../verify/compare.ts'
import type { Verified } from '../verify/verify.ts'

/** Differing cells shown a metric; JSON holds all. */
const differencesShown = 20

export const addVerify = (program: Command): void => {
  program
    .command('verify')
    .description('recount metrics from the raw archive by DuckDB and compare; exit 3 where they differ')
    .argument('[metric...]', 'all, if none is named')
    .option('--model <file>', "the definitions' data (model.json of the build); default: the stage's own")
    .action(async (names: string[], options: { model?: string }, command: Command) => {
      const session = sessionOf(command)
      const connection = await session.connect()
      const model = await readModel(options.model ?? deployedModelFile(session), connection.outputs.modelVersion)
      const { verify } = await import('../verify/verify.ts')
      const scratchDir = await mkdtemp(join(tmpdir(), 'tidemark-verify-'))
      try {
        const verified = await verify({
          api: connection.api,
          archive: await connection.archive(),
          model,
          metrics: chosen(model, names),
          repeatRule: {
            windowMs: Number(connection.outputs.duplicatesWindowSeconds) * 1000,
            shards: await (await connection.stream()).shards(),
          },
          scratchDir,
          progress: session.progress,
        })
        session.answer(verifyAnswer(verified, model))
        if (verified.comparisons.some((each) => !each.equal)) process.exitCode = exitCodes.no
      } finally {
        await rm(scratchDir, { recursive: true, force: true })
      }
    })
}

/** The definitions' data, which must be those deployed. @throws a CommandError */
export const readModel = async (path: string, deployedVersion: string): Promise<ModelData> => {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(`${path} can't be read (${error.code}). \`npm run build\` writes it; --model names another.`)
  })
  const model = JSON.parse(text) as ModelData
  if (model.version !== deployedVersion)
    throw new CommandError(
      `${path} is of definitions ${model.version}, the stage runs ${deployedVersion}. Build the definitions that are deployed, or name their model.json by --model.`,
    )
  return model
}

const chosen = (model: ModelData, names: readonly string[]): MetricData[] => {
  const known = model.metrics.map((metric) => metric.name)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw usageError(`There is no metric ${unknown.join(', ')}. There are ${known.join(', ')}.`)
  return model.metrics.filter((metric) => names.length === 0 || names.includes(metric.name))
}

const verifyAnswer = ({ records, comparisons }: Verified, model: ModelData): Answer => {
  const differing = comparisons.filter((each) => each.differences.length > 0)
  return {
    json: { records, equal: comparisons.every((each) => each.equal), comparisons },
    tables: [
      {
        columns: ['metric', 'cells', 'estimated', 'differing', 'error (rms)', 'equal'],
        rows: comparisons.map((each) => [
          each.metric,
          each.cells,
          each.estimated,
          each.differences.length,
          each.rootMeanSquare === null ? null : each.rootMeanSquare.toFixed(2),
          each.equal,
        ]),
      },
      ...differing.map(differenceTable),
    ],
    notes: [
      `${grouped(records)} records of the raw archive recounted; each answer was compared up to the positions of its receipt.`,
      ...opaqueNote(model),
      ...differing
        .filter((each) => each.differences.length > differencesShown)
        .map((each) => `${each.metric}: ${grouped(each.differences.length)} cells differ; -o json lists all.`),
    ],
  }
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
