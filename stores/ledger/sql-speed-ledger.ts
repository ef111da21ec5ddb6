import type { LineUp } from '../../core/line-up.ts'
import { text, timestamp } from '../../sql/states.ts'
import type { ResultRow, Warehouse } from '../warehouse/warehouse.ts'
import { restretchSql } from './exclusion-stretches.ts'
import {
  checkReplaceable,
  type MicroBatch,
  movedTo,
  type Replacement,
  type SpeedLedger,
  type SpeedPosition,
  streamStart,
  withCut,
} from './speed-ledger.ts'
import { insertRows, type StageRows } from './speed-rows.ts'

export interface SpeedLedgerOptions {
  readonly warehouse: Warehouse
  readonly stageRows: StageRows
  readonly copyRoleArn: string
}

/** The speed ledger in the warehouse. */
export class SqlSpeedLedger implements SpeedLedger {
  readonly #options: SpeedLedgerOptions

  constructor(options: SpeedLedgerOptions) {
    this.#options = options
  }

  /** A new shard's row is made under the mutex, since nothing else keeps two from being made. */
  async position(shardId: string): Promise<SpeedPosition> {
    const { known, lineUp } = await this.#read(shardId)
    if (known?.lineUp === lineUp) return known
    if (known === null) await this.#create(shardId)
    else await this.#switchLineUp(shardId, known)
    return this.position(shardId)
  }

  async #read(shardId: string): Promise<{ known: SpeedPosition | null; lineUp: LineUp }> {
    const [rows = []] = await this.#options.warehouse.run({
      statements: [
        `SELECT m.line_up AS deployed, p.position, p.revision, p.line_up, p.cuts, p.exclusions
FROM ledger.model m LEFT JOIN ledger.speed_position p ON p.shard_id = :shard`,
      ],
      parameters: { shard: shardId },
    })
    const [row] = rows
    if (row === undefined || row.deployed === '')
      throw new Error('ledger.model names no model: none was ever deployed; deploy the stage.')
    return { known: row.position === null ? null : positionOf(row), lineUp: String(row.deployed) }
  }

  async #create(shardId: string): Promise<void> {
    const isNew = 'NOT EXISTS (SELECT 1 FROM ledger.speed_position WHERE shard_id = :shard)'
    await this.#options.warehouse.run({
      statements: [
        'LOCK ledger.mutex',
        `INSERT INTO ledger.exclusion_edge (shard_id, edge, revision)
SELECT :shard, ${text(streamStart)}, revision FROM ledger.exclusion_revision WHERE revision > 0 AND ${isNew}`,
        `INSERT INTO ledger.speed_position (shard_id, position, revision, line_up, cuts, exclusions)
SELECT :shard, ${text(streamStart)}, 0, m.line_up, '', r.revision FROM ledger.exclusion_revision r CROSS JOIN ledger.model m WHERE ${isNew}`,
      ],
      parameters: { shard: shardId },
    })
  }

  /**
   * From here on the shard runs the ledger's line-up; metrics that the old one lacked begin at this edge. Behind the
   * mutex, as deploys are: who read the ledger before one must not put the shard back to what was deployed then.
   */
  async #switchLineUp(shardId: string, known: SpeedPosition): Promise<void> {
    const isFresh = known.position === streamStart
    await this.#options.warehouse.run({
      statements: [
        'LOCK ledger.mutex',
        ...(isFresh ? [] : [newMetricsSql(known)]),
        `UPDATE ledger.speed_position SET line_up = CASE WHEN revision = ${known.revision} THEN (SELECT m.line_up FROM ledger.model m) END,
revision = revision + 1 WHERE shard_id = :shard`,
      ],
      parameters: { shard: shardId },
    })
  }

  /** The position moves by compare-and-set on a column that can't be null, so a transaction that comes too late fails whole. */
  async commit(known: SpeedPosition, batch: MicroBatch): Promise<SpeedPosition> {
    const { shardId, edge } = batch
    const parts = [{ edge, cells: batch.cells }]
    const rows = await insertRows({ shardId, parts }, this.#options)
    const moved = movedTo(known, edge)
    await this.#options.warehouse.run({
      statements: [
        ...rows.statements,
        `INSERT INTO ledger.speed_edge (shard_id, edge, line_up, committed_at)
VALUES (:shard, ${text(edge)}, ${text(known.lineUp)}, ${timestamp(batch.committedAt)})`,
        `UPDATE ledger.speed_position SET position = CASE WHEN revision = ${known.revision} THEN ${text(edge)} END,
cuts = ${cutsText(moved.cuts)}, revision = revision + 1 WHERE shard_id = :shard`,
      ],
      parameters: { ...rows.parameters, shard: shardId },
    })
    return moved
  }

  async addCut(shardId: string, known: SpeedPosition, cut: string): Promise<SpeedPosition> {
    const next = withCut(shardId, known, cut)
    if (next === known) return known
    await this.#options.warehouse.run({
      statements: [
        `UPDATE ledger.speed_position SET cuts = CASE WHEN revision = ${known.revision} THEN ${cutsText(next.cuts)} END,
revision = revision + 1 WHERE shard_id = :shard`,
      ],
      parameters: { shard: shardId },
    })
    return next
  }

  async ends(shardId: string, from: string, to: string): Promise<string[]> {
    const [rows = []] = await this.#options.warehouse.run({
      statements: [
        `SELECT edge FROM ledger.speed_edge WHERE shard_id = :shard AND edge > ${text(from)} AND edge <= ${text(to)}
UNION SELECT mark AS edge FROM ledger.mark WHERE shard_id = :shard AND mark > ${text(from)} AND mark <= ${text(to)}
ORDER BY edge`,
      ],
      parameters: { shard: shardId },
    })
    return rows.map((row) => String(row.edge))
  }

  async replace(known: SpeedPosition, replacement: Replacement): Promise<SpeedPosition> {
    const { shardId, from, to, restores } = replacement
    checkReplaceable(known, replacement)
    const rows = await insertRows(replacement, this.#options)
    await this.#options.warehouse.run({
      statements: [
        `DELETE FROM speed.rows WHERE shard_id = :shard AND sequence_number > ${text(from)} AND sequence_number <= ${text(to)}`,
        ...rows.statements,
        ...(restores ? [restoreSql(from, to)] : []),
        ...(await restretchSql(this.#options.warehouse, replacement, replacement.exclusions)),
        `UPDATE ledger.speed_position SET position = CASE WHEN revision = ${known.revision} THEN position END,
revision = revision + 1 WHERE shard_id = :shard`,
      ],
      parameters: { ...rows.parameters, shard: shardId },
    })
    return { ...known, revision: known.revision + 1 }
  }

  async exclude(shardId: string, known: SpeedPosition, revision: number): Promise<SpeedPosition> {
    const above = text(known.position)
    await this.#options.warehouse.run({
      statements: [
        `DELETE FROM ledger.exclusion_edge WHERE shard_id = :shard AND edge = ${above}`,
        `INSERT INTO ledger.exclusion_edge (shard_id, edge, revision) VALUES (:shard, ${above}, ${revision})`,
        `UPDATE ledger.speed_position SET exclusions = CASE WHEN revision = ${known.revision} THEN ${revision} END,
revision = revision + 1 WHERE shard_id = :shard`,
      ],
      parameters: { shard: shardId },
    })
    return { ...known, revision: known.revision + 1, exclusions: revision }
  }
}

/** Fails where rows were pruned further, or restored already, since it was read how far they are. */
const restoreSql = (from: string, to: string): string =>
  `UPDATE ledger.pruned SET pruned_to = CASE WHEN pruned_to = ${text(to)} THEN ${text(from)} END WHERE shard_id = :shard`

/** A shard without a record has no such edge: there is nothing below it. */
const newMetricsSql = (known: SpeedPosition): string =>
  `INSERT INTO ledger.metric_edge (metric, metric_version, shard_id, edge)
SELECT d.metric, d.metric_version, :shard, ${text(known.position)} FROM ledger.definition d
JOIN ledger.model m ON m.line_up = d.line_up
LEFT JOIN ledger.definition o ON o.line_up = ${text(known.lineUp)} AND o.metric = d.metric AND o.metric_version = d.metric_version
WHERE o.metric IS NULL`

const cutsText = (cuts: readonly string[]): string => {
  for (const cut of cuts) text(cut)
  return `'${cuts.join(' ')}'`
}

const positionOf = (row: ResultRow): SpeedPosition => ({
  position: String(row.position),
  revision: Number(row.revision),
  lineUp: String(row.line_up),
  cuts: String(row.cuts)
    .split(' ')
    .filter((cut) => cut !== ''),
  exclusions: Number(row.exclusions),
})
