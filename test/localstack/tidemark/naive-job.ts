import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Contribution } from '../../../core/contribution.ts'
import type { Model } from '../../../core/model.ts'
import { decodeRawLine } from '../../../core/raw-archive.ts'
import type { RawRecord } from '../../../core/record.ts'
import type { DatasetManifest, RecomputeSpecification } from '../../../spark/specification.ts'
import type { Archive } from '../../../stores/archive/archive.ts'
import type { JobState, Jobs } from '../../../stores/jobs/jobs.ts'
import { merged, winnersOf } from './naive.ts'

/**
 * The batch engine's twin: it recomputes the slow and plain way, from the raw objects that the specification names, and
 * writes the Parquet files and the manifest. What an increment builds on it keeps as records.
 */
export class NaiveJobs implements Jobs {
  /** What the next job ends with instead of its work. */
  failNext: string | null = null
  /** Called before a job's files are written. */
  tamper: (contributions: Contribution[]) => Contribution[] = (contributions) => contributions
  readonly cancelled: string[] = []
  readonly #archive: Archive
  readonly #model: () => Model
  readonly #runs = new Map<string, JobState>()
  readonly #records = new Map<string, readonly RawRecord[]>()

  constructor(archive: Archive, model: () => Model) {
    this.#archive = archive
    this.#model = model
  }

  async start(datasetId: string, specificationUri: string, attempt: string): Promise<string> {
    const runId = `${datasetId}/${attempt}`
    if (this.#runs.has(runId)) return runId
    if (this.failNext !== null) {
      this.#runs.set(runId, { ended: true, succeeded: false, detail: this.failNext })
      this.failNext = null
      return runId
    }
    const key = specificationUri.replace(/^s3:\/\/[^/]+\//, '')
    await this.#recompute((await this.#archive.getJson(key)) as RecomputeSpecification)
    this.#runs.set(runId, { ended: true, succeeded: true, detail: '' })
    return runId
  }

  async state(runId: string): Promise<JobState> {
    return this.#runs.get(runId) ?? { ended: true, succeeded: false, detail: 'never started' }
  }

  async cancelAll(datasetId: string): Promise<number> {
    this.cancelled.push(datasetId)
    return 1
  }

  async #recompute(specification: RecomputeSpecification): Promise<void> {
    const records = [...this.#baseRecords(specification), ...(await this.#freshRecords(specification))]
    this.#records.set(specification.manifestKey, records)
    const model = this.#model()
    const winners = winnersOf(model, records)
    const contributions = this.tamper(winners.flatMap((record) => model.contributions(model.decode(record), 'batch')))
    const results: Record<string, DatasetManifest['results'][string]> = {}
    for (const result of specification.results) {
      const rows = statesOf(contributions.filter(({ metric }) => metric === result.metric))
      if (rows.length === 0) continue
      const key = `results/dataset=${specification.datasetId}/metric=${result.metric}/bucket_month=2026-01/all.parquet`
      const file = await parquetOf(result.dimensions, rows)
      await this.#archive.putObject(key, file)
      results[result.metric] = { '2026-01': [{ key, bytes: file.length, rows: rows.length }] }
    }
    const manifest: DatasetManifest = {
      datasetId: specification.datasetId,
      modelVersion: specification.modelVersion,
      marks: specification.marks,
      lake: {},
      results,
      counts: { read: records.length, duplicates: records.length - winners.length, rejected: 0 },
    }
    await this.#archive.putJson(specification.manifestKey, manifest)
  }

  #baseRecords({ baseManifestKey }: RecomputeSpecification): readonly RawRecord[] {
    if (baseManifestKey === null) return []
    const records = this.#records.get(baseManifestKey)
    if (records === undefined) throw new Error(`No job wrote ${baseManifestKey}.`)
    return records
  }

  async #freshRecords({ rawObjects, marks, baseMarks }: RecomputeSpecification): Promise<RawRecord[]> {
    const fresh: RawRecord[] = []
    for (const { key, shardId } of rawObjects)
      for await (const line of this.#archive.readLines(key)) {
        const record = decodeRawLine(line)
        const { sequenceNumber } = record
        if (sequenceNumber > (baseMarks[shardId] ?? '') && sequenceNumber <= (marks[shardId] ?? '')) fresh.push(record)
      }
    return fresh
  }
}

interface StateRow {
  readonly bucket: number
  readonly dims: readonly (string | null)[]
  readonly component: string
  readonly value: number
}

/** States merged by their ops; a distinct value counts once by the metric's dimensions, and once in total. */
const statesOf = (contributions: readonly Contribution[]): StateRow[] => {
  const plain = contributions.filter(({ distinct }) => distinct !== true)
  const distinct = contributions.filter((contribution) => contribution.distinct === true)
  const inTotal = distinct.map((contribution) => ({ ...contribution, dims: contribution.dims.map(() => null) }))
  const counted = (values: readonly Contribution[], component: string): Contribution[] =>
    merged(values).map((value) => ({ ...value, component, op: 'sum', value: 1 }))
  return merged([...plain, ...counted(distinct, 'exact'), ...counted(inTotal, 'exact_total')])
}

const sqlTypes = { string: 'VARCHAR', boolean: 'BOOLEAN', integer: 'BIGINT' } as const

/** The rows as one Parquet file: bucket, one typed column a dimension, component, value. */
const parquetOf = async (
  dimensions: readonly { name: string; type: keyof typeof sqlTypes }[],
  rows: readonly StateRow[],
): Promise<Buffer> => {
  const folder = mkdtempSync(join(tmpdir(), 'naive-job-'))
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const [lines, parquet] = [join(folder, 'rows.ndjson'), join(folder, 'rows.parquet')]
    const named = rows.map(({ bucket, dims, component, value }) =>
      JSON.stringify({ bucket, component, value, ...Object.fromEntries(dims.map((dim, place) => [`d${place}`, dim])) }),
    )
    writeFileSync(lines, named.join('\n'))
    const columns = dimensions.map(({ name, type }, place) => `CAST(d${place} AS ${sqlTypes[type]}) AS "${name}"`)
    const read = ["bucket: 'BIGINT'", "component: 'VARCHAR'", "value: 'BIGINT'"]
    read.push(...dimensions.map((_, place) => `d${place}: 'VARCHAR'`))
    await connection.run(
      `COPY (SELECT ${['make_timestamp(bucket * 1000) AS bucket', ...columns, 'component', 'value'].join(', ')}
      FROM read_json('${lines}', format = 'newline_delimited', columns = {${read.join(', ')}})) TO '${parquet}' (FORMAT parquet)`,
    )
    return readFileSync(parquet)
  } finally {
    connection.closeSync()
    instance.closeSync()
    rmSync(folder, { recursive: true, force: true })
  }
}
