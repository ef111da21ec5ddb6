import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { MetricData, ModelData } from '../../core/model.ts'
import type { ZoneData } from '../../core/zone.ts'
import { linesOf } from '../ndjson.ts'
import type { Interval } from '../time.ts'
import { canonicalRecords } from './canonical.ts'
import { doubtedSql } from './doubted-zones.ts'
import { createEventTable, createRejectedTable, createRepeatsTable, repeatablesSql } from './events.ts'
import { countExcluded, createLeftOutTable, type Excluding, insertLeftOut, speedRevision } from './exclusions.ts'
import { type Counted, finished } from './finished.ts'
import { type Bounds, rangeSql, recountSql } from './metrics.ts'
import { type Repeatable, type RepeatRule, repeatsAmong } from './repeats.ts'
import { quoted } from './sql-text.ts'

/** One cell of a metric: the bucket's start (epoch ms), its dimensions as text or null, and its value, scaled. */
export interface Cell {
  readonly bucket: number
  readonly dims: readonly (string | null)[]
  readonly value: Counted
}

export interface Excluded {
  readonly records: number
  /** Twins as one. */
  readonly events: number
  /** How many ids they have of those that the exclusion names. */
  readonly ids: number
  readonly first: number | null
  readonly last: number | null
}

/** The raw archive in DuckDB, read once, recounted as often as one likes. */
export interface Recount {
  /** Records read, each in an aggregate by itself; a record archived twice counts once. */
  readonly records: number
  /** The metric's whole range of buckets; null where it has no events. */
  range(metric: MetricData): Promise<Interval | null>
  /** Before cells are asked for: what a revision of the exclusions that they are bounded by leaves out. */
  exclude(revision: number, exclusions: readonly Excluding[]): Promise<void>
  /** What an exclusion would leave out; times are epoch ms, null where it is nothing. */
  excluded(exclusion: Excluding): Promise<Excluded>
  cells(metric: MetricData, bounds: Bounds, interval: Interval): Promise<Cell[]>
  /** The first instant (epoch ms, to the hour) of the interval at which DuckDB's own time zone data say otherwise than the table. */
  doubtedFrom(zone: ZoneData, interval: Interval): Promise<number | null>
  close(): void
}

/**
 * Reads a folder of raw objects (`.ndjson.gz`, at any depth) by the definitions' data. Nothing here is shared with what it checks.
 * `scratchDir` is written to.
 */
export const openRecount = async (
  rawDir: string,
  scratchDir: string,
  model: ModelData,
  rule: RepeatRule,
): Promise<Recount> => {
  const recordsPath = join(scratchDir, 'records.ndjson')
  await writeCanonical(rawDir, recordsPath)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`CREATE TEMP TABLE records AS SELECT DISTINCT ON (shard, seq, sub) shard, seq, sub, arrival, CAST(doc AS JSON) AS doc, problem
    FROM read_ndjson(${quoted(recordsPath)}, maximum_object_size = 67108864,
      columns = {shard: 'VARCHAR', seq: 'VARCHAR', sub: 'INTEGER', arrival: 'BIGINT', doc: 'VARCHAR', problem: 'VARCHAR'})`)
  for (const event of model.events) await connection.run(createEventTable(event, model))
  await connection.run(createRejectedTable(model))
  await connection.run(createLeftOutTable)
  const repeats = new Repeats(connection, model, rule, join(scratchDir, 'repeats.ndjson'))
  const [count] = await rowsOf(connection, 'SELECT count(*) AS records FROM records')
  return {
    records: Number(count?.records),
    range: async (metric) => {
      const [row] = await rowsOf(connection, rangeSql(metric))
      return row === undefined || row.first === null ? null : { from: Number(row.first), to: Number(row.next) }
    },
    exclude: async (revision, exclusions) => {
      repeats.forget()
      for (const exclusion of exclusions) {
        const sql = insertLeftOut(revision, exclusion, model)
        if (sql !== null) await connection.run(sql)
      }
    },
    excluded: async (exclusion) => {
      const [row] = await rowsOf(connection, countExcluded(exclusion, model))
      const time = (value: unknown): number | null => (value === null || value === undefined ? null : Number(value))
      const { records, events, ids, first, last } = row ?? {}
      const counted = { records: Number(records), events: Number(events), ids: Number(ids) }
      return { ...counted, first: time(first), last: time(last) }
    },
    cells: async (metric, bounds, interval) => {
      await repeats.prepare(bounds.exclusions)
      const rows = await rowsOf(connection, recountSql(metric, bounds, interval))
      return rows.map((row) => ({
        bucket: Number(row.bucket),
        dims: metric.by.map((_, index) => (row[`d${index}`] ?? null) as string | null),
        value: finished(metric, String(row.value)),
      }))
    },
    doubtedFrom: async (zone, interval) => {
      const [row] = await rowsOf(connection, doubtedSql(zone, interval))
      return row?.doubted == null ? null : Number(row.doubted)
    },
    close: () => {
      connection.closeSync()
      instance.closeSync()
    },
  }
}

const rowsOf = async (connection: DuckDBConnection, sql: string): Promise<Record<string, unknown>[]> =>
  (await connection.runAndReadAll(sql)).getRowObjectsJson()

/** The table of what speed leaves out as sent again, for one answer's exclusions: an excluded record repeats nothing. */
class Repeats {
  readonly #connection: DuckDBConnection
  readonly #model: ModelData
  readonly #rule: RepeatRule
  readonly #path: string
  #preparedFor: string | null = null

  constructor(connection: DuckDBConnection, model: ModelData, rule: RepeatRule, path: string) {
    this.#connection = connection
    this.#model = model
    this.#rule = rule
    this.#path = path
  }

  forget(): void {
    this.#preparedFor = null
  }

  async prepare(exclusions: Bounds['exclusions']): Promise<void> {
    const revision = speedRevision(exclusions)
    if (this.#preparedFor === revision) return
    await writeRepeats(this.#connection, this.#model, { rule: this.#rule, revision, path: this.#path })
    await this.#connection.run(createRepeatsTable(this.#path))
    this.#preparedFor = revision
  }
}

interface RepeatsFile {
  readonly rule: RepeatRule
  /** Which revision of the exclusions speed counted a record under, as SQL. */
  readonly revision: string
  readonly path: string
}

/** Each event that came more than once is judged by itself. */
const writeRepeats = async (
  connection: DuckDBConnection,
  model: ModelData,
  { rule, revision, path }: RepeatsFile,
): Promise<void> => {
  const out = createWriteStream(path)
  for (const { name } of model.events)
    for (const { records } of await rowsOf(connection, repeatablesSql(name, revision))) {
      const came = (records as Record<string, unknown>[]).map(
        ({ shard, seq, sub, arrival }): Repeatable => ({
          shard: String(shard),
          seq: String(seq),
          sub: Number(sub),
          arrival: Number(arrival),
        }),
      )
      for (const { shard, seq, sub } of repeatsAmong(came, rule))
        if (!out.write(`${JSON.stringify({ shard, seq, sub })}\n`)) await once(out, 'drain')
    }
  out.end()
  await once(out, 'finish')
}

const writeCanonical = async (rawDir: string, path: string): Promise<void> => {
  const out = createWriteStream(path)
  for (const name of (await readdir(rawDir, { recursive: true })).sort()) {
    if (!name.endsWith('.ndjson.gz')) continue
    const text = createReadStream(join(rawDir, name)).pipe(createGunzip()).setEncoding('utf8')
    for await (const line of linesOf(text))
      for (const record of canonicalRecords(line))
        if (!out.write(`${JSON.stringify(record)}\n`)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}
