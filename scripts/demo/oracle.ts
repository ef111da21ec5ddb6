import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

/** A cell counted from the CSV: the bucket's start (epoch ms), its dimensions, its value. */
export interface OracleCell {
  readonly bucket: number
  readonly dims: readonly (string | null)[]
  readonly value: bigint
}

export type OracleMetric = 'departures' | 'arrival_delay_minutes' | 'aircraft'

/** The metrics once more, by hand, in SQL over the CSV's own columns. This is the second opinion: it shares nothing. */
const measures: Record<OracleMetric, { readonly value: string; readonly where: string }> = {
  departures: { value: 'count(*)', where: "dep_time <> 'NA'" },
  arrival_delay_minutes: { value: 'sum(CAST(arr_delay AS BIGINT))', where: "arr_delay <> 'NA'" },
  aircraft: { value: 'count(DISTINCT tailnum)', where: "dep_time <> 'NA' AND tailnum <> 'NA'" },
}

/** By shard: counted are the records at or below it. */
export type Bounds = Readonly<Record<string, string>>

export class FlightsOracle {
  readonly #connection: DuckDBConnection
  readonly #instance: DuckDBInstance
  readonly #read = new Set<string>()
  /** What `counted` was last chosen by. */
  #bounds: string | null = null

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance
    this.#connection = connection
  }

  static async open(csvPath: string): Promise<FlightsOracle> {
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    await connection.run(`CREATE TABLE flights AS SELECT *,
      concat_ws('-', year, lpad(month, 2, '0'), lpad(day, 2, '0'), carrier, flight, origin, sched_dep_time) AS id,
      CAST(substr(time_hour, 1, 10) || ' ' || substr(time_hour, 12, 2) || ':' || lpad(minute, 2, '0') || ':00' AS TIMESTAMP) AS departs_at
      FROM read_csv(${literal(csvPath)}, all_varchar = true, header = true)`)
    await connection.run('CREATE TABLE arrived (shard VARCHAR, seq VARCHAR, id VARCHAR)')
    return new FlightsOracle(instance, connection)
  }

  /**
   * Reads where in the stream each flight stands, from a folder of raw objects: its id, and nothing else of it. An object
   * is never written twice, so that each is read once. Several may hold the same record. Answers how many records came.
   */
  async readArrivals(rawDir: string): Promise<number> {
    const found = (await readdir(rawDir, { recursive: true })).filter((name) => name.endsWith('.ndjson.gz'))
    const unread = found.map((name) => join(rawDir, name)).filter((path) => !this.#read.has(path))
    if (unread.length > 0) {
      await this.#connection.run(`INSERT INTO arrived
        SELECT DISTINCT shardId AS shard, lpad(sequenceNumber, 64, '0') AS seq, json_extract_string(data, '$.id') AS id
        FROM read_ndjson([${unread.map(literal).join(', ')}],
          columns = {shardId: 'VARCHAR', sequenceNumber: 'VARCHAR', data: 'VARCHAR'})
        EXCEPT SELECT * FROM arrived`)
      for (const path of unread) this.#read.add(path)
      this.#bounds = null
    }
    const [row] = await this.#rows('SELECT count(*) AS arrivals FROM arrived')
    return Number(row?.arrivals)
  }

  /** Chooses the flights that stand at or below the bounds: all counts that follow are of these. Answers how many. */
  async bound(bounds: Bounds): Promise<number> {
    const rows = Object.entries(bounds).map(([shard, bound]) => `('${shard}', '${bound.padStart(64, '0')}')`)
    const values = rows.sort().join(', ')
    if (values !== this.#bounds)
      await this.#connection.run(`CREATE OR REPLACE TABLE counted AS SELECT f.* FROM flights f JOIN arrived a USING (id)
        JOIN (VALUES ${values}) b(shard, bound) ON b.shard = a.shard AND a.seq <= b.bound`)
    this.#bounds = values
    const [row] = await this.#rows('SELECT count(*) AS counted FROM counted')
    return Number(row?.counted)
  }

  async cells(metric: OracleMetric, per: string, by: readonly string[]): Promise<OracleCell[]> {
    const { value, where } = measures[metric]
    const columns = ['bucket', ...by].join(', ')
    const rows =
      await this.#rows(`SELECT epoch_ms(date_trunc('${per}', departs_at)) AS ${columns}, CAST(${value} AS VARCHAR) AS value
      FROM counted WHERE ${where} GROUP BY ${columns}`)
    return rows.map((row) => ({
      bucket: Number(row.bucket),
      dims: by.map((dimension) => String(row[dimension])),
      value: BigInt(String(row.value)),
    }))
  }

  /** One value for a half-open interval of event time; 0 where there is nothing in it. */
  async within(metric: OracleMetric, from: string, to: string): Promise<bigint> {
    const { value, where } = measures[metric]
    const time = (iso: string): string => `make_timestamp_ms(${Date.parse(iso)})`
    const [row] = await this.#rows(`SELECT CAST(coalesce(${value}, 0) AS VARCHAR) AS value FROM counted
      WHERE ${where} AND departs_at >= ${time(from)} AND departs_at < ${time(to)}`)
    return BigInt(String(row?.value))
  }

  close(): void {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }

  async #rows(sql: string): Promise<Record<string, unknown>[]> {
    return (await this.#connection.runAndReadAll(sql)).getRowObjectsJson()
  }
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`
