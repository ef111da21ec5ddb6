import { findCrossingsSql, type LimitQuery } from '../../sql/limits.ts'
import { gapsSql, text, timestamp } from '../../sql/states.ts'
import { epochMsOf } from '../warehouse/sql-time.ts'
import type { ResultRow, Warehouse } from '../warehouse/warehouse.ts'
import type { KeptCrossing, LimitLedger, LimitWatch, Looked } from './limit-ledger.ts'

/** The limits' ledger in the warehouse. */
export class SqlLimitLedger implements LimitLedger {
  readonly #warehouse: Warehouse

  constructor(warehouse: Warehouse) {
    this.#warehouse = warehouse
  }

  async facts(): Promise<string> {
    const [rows = []] = await this.#warehouse.run({
      statements: [
        `SELECT 'model' AS kind, '' AS place, revision FROM ledger.model
UNION ALL SELECT 'control' AS kind, '' AS place, revision FROM ledger.control
UNION ALL SELECT 'position' AS kind, shard_id AS place, revision FROM ledger.speed_position`,
      ],
    })
    return rows
      .map((row) => `${row.kind} ${row.place ?? ''} ${row.revision}`)
      .sort()
      .join('\n')
  }

  async watch(limitName: string, since: number): Promise<LimitWatch> {
    const select = `SELECT since, revision FROM ledger.limit_watch WHERE limit_name = ${text(limitName)}`
    const [known] = (await this.#warehouse.run({ statements: [select] }))[0] ?? []
    if (known !== undefined) return watchOf(limitName, known)
    const results = await this.#warehouse.run({
      statements: [
        'LOCK ledger.mutex',
        `INSERT INTO ledger.limit_watch (limit_name, since, revision)
SELECT ${text(limitName)}, ${timestamp(since)}, 0 WHERE NOT EXISTS (SELECT 1 FROM ledger.limit_watch WHERE limit_name = ${text(limitName)})`,
        select,
      ],
    })
    const [begun] = results[2] ?? []
    if (begun === undefined) throw new Error(`ledger.limit_watch has no ${limitName}, which was just put there.`)
    return watchOf(limitName, begun)
  }

  async look(watch: LimitWatch, query: Omit<LimitQuery, 'since'>, foundAt: number): Promise<Looked> {
    const { limitName, since, revision } = watch
    const isIts = `limit_name = ${text(limitName)}`
    const kept = [query.metric, ...(query.bound === null ? [] : [query.bound.versions])]
    const results = await this.#warehouse.run({
      statements: [
        findCrossingsSql({ ...query, since }, { revision: revision + 1, foundAt }),
        `UPDATE ledger.limit_watch SET revision = CASE WHEN revision = ${revision} THEN ${revision + 1} END WHERE ${isIts}`,
        `SELECT COUNT(*) AS found FROM ledger.limit_crossing WHERE ${isIts} AND revision = ${revision + 1}`,
        'SELECT serving_version FROM ledger.model',
        ...kept.map(gapsSql),
      ],
      parameters: { definition: JSON.stringify(query.limit) },
    })
    const [found, serving, ...gaps] = results.slice(2).map(([row]) => row ?? {})
    return {
      servingVersion: String(serving?.serving_version ?? ''),
      gaps: gaps.reduce((sum, row) => sum + Number(row.gaps), 0),
      found: Number(found?.found ?? 0),
    }
  }

  async untold(limit: number): Promise<KeptCrossing[]> {
    return this.#crossings(`WHERE told = 0 ORDER BY limit_name, revision, place LIMIT ${limit}`)
  }

  async told(limitName: string, revision: number, place: number): Promise<void> {
    await this.#warehouse.run({
      statements: [
        `UPDATE ledger.limit_crossing SET told = 1 WHERE limit_name = ${text(limitName)} AND revision = ${revision} AND place <= ${place} AND told = 0`,
      ],
    })
  }

  async crossings(limitName: string, key: string | null, { limit, before }: Parameters<LimitLedger['crossings']>[2]) {
    // An empty text can't be a parameter.
    const isKeys = key === null ? '' : key === '' ? " AND limit_key = ''" : ' AND limit_key = :key'
    const isOlder =
      before === null
        ? ''
        : ` AND (revision < ${before.revision} OR (revision = ${before.revision} AND place < ${before.place}))`
    return this.#crossings(
      `WHERE limit_name = ${text(limitName)}${isKeys}${isOlder} ORDER BY revision DESC, place DESC LIMIT ${limit}`,
      key === null || key === '' ? {} : { key },
    )
  }

  async #crossings(rest: string, parameters: Readonly<Record<string, string>> = {}): Promise<KeptCrossing[]> {
    const [rows = []] = await this.#warehouse.run({
      statements: [`SELECT * FROM ledger.limit_crossing ${rest}`],
      parameters,
    })
    return rows.map(crossingOf)
  }
}

const watchOf = (limitName: string, row: ResultRow): LimitWatch => ({
  limitName,
  since: epochMsOf(String(row.since)),
  revision: Number(row.revision),
})

const crossingOf = (row: ResultRow): KeptCrossing => ({
  limit: JSON.parse(String(row.definition)),
  period: epochMsOf(String(row.period)),
  key: String(row.limit_key ?? ''),
  threshold: Number(row.threshold),
  number: Number(row.number),
  value: BigInt(String(row.value)),
  atMost: row.at_most === null || row.at_most === undefined ? null : BigInt(String(row.at_most)),
  datasetId: String(row.dataset_id ?? ''),
  foundAt: epochMsOf(String(row.found_at)),
  revision: Number(row.revision),
  place: Number(row.place),
  isTold: Number(row.told) === 1,
})
