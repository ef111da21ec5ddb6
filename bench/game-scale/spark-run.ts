import { execFileSync, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { lakeColumnsOf } from '../../core/lake-columns.ts'
import { keepers, type ModelData } from '../../core/model.ts'
import { resultSpecification } from '../../lambdas/batch/seal.ts'
import { sparkCommand } from '../../localstack/spark/submit.ts'
import type { DatasetManifest, RecomputeSpecification } from '../../spark/specification.ts'
import { type ResidentPeaks, ResidentWatch } from '../resident.ts'
import type { Answered } from './compare.ts'
import type { PlayedArchive } from './raw-archive.ts'

const datasetId = 'ds-game-scale'

export interface SparkRun {
  readonly seconds: number
  readonly peaks: ResidentPeaks
  readonly counts: DatasetManifest['counts']
  readonly answered: Answered
}

/**
 * Recomputes an archive in full, by the built job on this machine's Spark.
 * @param distDir what `npm run build` wrote for the game's definitions
 * @throws where the job fails, with the end of its log
 */
export const runSpark = async (archive: PlayedArchive, distDir: string, projectDir: string): Promise<SparkRun> => {
  const workDir = join(archive.dir, 'spark')
  const workerDir = join(workDir, 'worker')
  rmSync(workDir, { recursive: true, force: true })
  mkdirSync(workerDir, { recursive: true })
  execFileSync('tar', ['-xzf', join(distDir, 'spark/worker.tgz'), '-C', workerDir])
  const model: ModelData = JSON.parse(readFileSync(join(distDir, 'model.json'), 'utf8'))
  mkdirSync(join(archive.dir, 'jobs'), { recursive: true })
  const specificationFile = join(archive.dir, 'jobs', `${datasetId}.json`)
  writeFileSync(specificationFile, JSON.stringify(specificationOf(archive, model)))
  const { command, args, env, cwd } = sparkCommand({
    venvDir: join(projectDir, '.venv'),
    master: 'local[2]',
    // The archive is a folder: no store answers, and none is asked.
    s3EndpointUrl: 'http://127.0.0.1:9',
    workDir,
    script: join(distDir, 'spark/recompute.py'),
    arguments: [`file://${specificationFile}`, '--worker-dir', workerDir],
    archives: [],
    settings: new Map(),
  })
  const startedAt = performance.now()
  const logFile = join(archive.dir, 'spark.log')
  const log = openSync(logFile, 'w')
  const child = spawn(command, args, { env, cwd, stdio: ['ignore', log, log] })
  const watch = new ResidentWatch(child.pid ?? 0, kindOf)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('exit', resolve)
  })
  closeSync(log)
  const peaks = watch.end()
  const seconds = (performance.now() - startedAt) / 1000
  if (code !== 0) throw new Error(`The Spark job ended with ${code}:\n${readFileSync(logFile, 'utf8').slice(-3000)}`)
  rmSync(workDir, { recursive: true, force: true })
  const manifest: DatasetManifest = JSON.parse(
    readFileSync(join(archive.dir, 'manifests', `${datasetId}.json`), 'utf8'),
  )
  return { seconds, peaks, counts: manifest.counts, answered: await answeredBy(manifest, archive.dir) }
}

/** The JVM is bounded by its own setting; what it starts is ours. */
const kindOf = (commandLine: string): string | null => {
  if (commandLine.includes('worker.cjs')) return 'Node worker'
  if (/pyspark[./]daemon/.test(commandLine)) return 'Python worker'
  if (commandLine.includes('recompute.py') && /java/.test(commandLine.split(' ')[0] ?? '')) return 'JVM'
  return commandLine.includes('recompute.py') ? 'Python driver' : null
}

/** A first recompute: nothing is served yet but what the speed tables have reached, which is everything. */
const specificationOf = ({ dir, objects }: PlayedArchive, model: ModelData): RecomputeSpecification => {
  const marks: Record<string, string> = {}
  // Of a shard, objects were written in the stream's order.
  for (const { shardId, last } of objects) marks[shardId] = last
  return {
    datasetId,
    modelVersion: model.version,
    bucket: `file://${dir}`,
    baseManifestKey: null,
    marks,
    baseMarks: {},
    rawObjects: objects,
    results: keepers(model).map((metric) => resultSpecification(model, metric)),
    lakeColumns: lakeColumnsOf(model),
    exclusions: 0,
    exclusionsKey: null,
    manifestKey: `manifests/${datasetId}.json`,
    served: {
      datasetId: '',
      marks: {},
      positions: {},
      duplicatesWindowMs: 600_000,
      ancestors: {},
      exclusions: { dataset: 0, stretches: {}, keys: {} },
    },
  }
}

/** What the written Parquet says, read by DuckDB. */
const answeredBy = async (manifest: DatasetManifest, dir: string): Promise<Answered> => {
  const connection = await (await DuckDBInstance.create()).connect()
  const select = async (metric: string, columns: string, where: string): Promise<Map<string, number>> => {
    const files = Object.values(manifest.results[metric] ?? {}).flatMap((held) => held.map(({ key }) => join(dir, key)))
    const reader = await connection.runAndReadAll(
      `SELECT ${columns} AS key, SUM(value)::DOUBLE AS value FROM read_parquet([${files.map((file) => `'${file}'`)}]) WHERE ${where} GROUP BY 1`,
    )
    return new Map(reader.getRows().map(([key, value]) => [String(key), Number(value)]))
  }
  const day = `strftime(bucket, '%Y-%m-%d')`
  const answered = {
    players: await select('players', `${day} || ' ' || country`, `component = 'exact'`),
    playersInTotal: await select('players', day, `component = 'exact_total'`),
    matches: await select('matches', day, `component = 'count'`),
    ads: await select('ads', `strftime(bucket, '%Y-%m-%dT%H') || ' ' || campaign`, `component = 'count'`),
  }
  connection.closeSync()
  return answered
}
