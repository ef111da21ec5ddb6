import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Contribution } from '../../../core/contribution.ts'
import type { Model } from '../../../core/model.ts'
import type { ResultSpecification } from '../../../spark/specification.ts'
import type { Archive } from '../../../stores/archive/archive.ts'
import { MemoryJobs } from '../../../stores/jobs/memory.ts'
import type { ResultsFormat } from '../../../stores/jobs/naive-recompute.ts'
import type { StateRow } from '../../../stores/warehouse/memory-tables.ts'

/** The batch engine's twin, whose jobs are done as soon as they are begun. */
export class NaiveJobs extends MemoryJobs {
  /** What the next job ends with instead of its work. */
  failNext: string | null = null
  /** Called before a job's files are written. */
  tamper: (contributions: Contribution[]) => Contribution[] = (contributions) => contributions
  readonly cancelled: string[] = []

  constructor(archive: Archive, model: () => Model, format: ResultsFormat = parquet) {
    super({ archive, model, format, tamper: (contributions) => this.tamper(contributions) })
  }

  override async start(datasetId: string, specificationUri: string, attempt: string): Promise<string> {
    const runId = await super.start(datasetId, specificationUri, attempt)
    if (!this.unended().includes(runId)) return runId
    if (this.failNext === null) await this.run(runId)
    else this.fail(runId, this.failNext)
    this.failNext = null
    return runId
  }

  override async cancelAll(datasetId: string): Promise<number> {
    this.cancelled.push(datasetId)
    return super.cancelAll(datasetId)
  }
}

const sqlTypes = { string: 'VARCHAR', boolean: 'BOOLEAN', integer: 'BIGINT' } as const

/** What a real warehouse's COPY takes. */
export const parquet: ResultsFormat = { extension: 'parquet', encode: (result, rows) => parquetOf(result, rows) }

/** The rows as one Parquet file: bucket, one typed column a dimension, component, value, and of versions their body. */
const parquetOf = async (
  { dimensions, bodies = false }: ResultSpecification,
  rows: readonly StateRow[],
): Promise<Buffer> => {
  const folder = mkdtempSync(join(tmpdir(), 'naive-job-'))
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  try {
    const [lines, parquet] = [join(folder, 'rows.ndjson'), join(folder, 'rows.parquet')]
    const named = rows.map(({ bucket, dims, component, value, body }) =>
      JSON.stringify({
        bucket,
        component,
        value,
        body,
        ...Object.fromEntries(dims.map((dim, place) => [`d${place}`, dim])),
      }),
    )
    writeFileSync(lines, named.join('\n'))
    const columns = dimensions.map(({ name, type }, place) => `CAST(d${place} AS ${sqlTypes[type]}) AS "${name}"`)
    const kept = ['component', 'value', ...(bodies ? ['body'] : [])]
    const read = ["bucket: 'BIGINT'", "component: 'VARCHAR'", "value: 'BIGINT'", "body: 'VARCHAR'"]
    read.push(...dimensions.map((_, place) => `d${place}: 'VARCHAR'`))
    await connection.run(
      `COPY (SELECT ${['make_timestamp(bucket * 1000) AS bucket', ...columns, ...kept].join(', ')}
      FROM read_json('${lines}', format = 'newline_delimited', columns = {${read.join(', ')}})) TO '${parquet}' (FORMAT parquet)`,
    )
    return readFileSync(parquet)
  } finally {
    connection.closeSync()
    instance.closeSync()
    rmSync(folder, { recursive: true, force: true })
  }
}
