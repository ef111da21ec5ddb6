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
  async position(shardId: string, modelVersion: string): Promise<SpeedPosition> {
    const known = await this.#read(shardId)
    if (known === null) {
      await this.#create(shardId, modelVersion)
      return this.position(shardId, modelVersion)
    }
    if (known.modelVersion === modelVersion) return known
    await this.#switchModel(shardId, known, modelVersion)
    return this.position(shardId, modelVersion)
  }

  async #read(shardId: string): Promise<SpeedPosition | null> {
    const [rows = []] = await this.#options.warehouse.run({
      statements: [
        'SELECT position, revision, model_version, cuts, exclusions FROM ledger.speed_position WHERE shard_id = :shard',
      ],
      parameters: { shard: shardId },
    })
    const [row] = rows
    return row === undefined ? null : positionOf(row)
  }

  async #create(shardId: string, modelVersion: string): Promise<void> {
    const isNew = 'NOT EXISTS (SELECT 1 FROM ledger.speed_position WHERE shard_id = :shard)'
    await this.#options.warehouse.run({
      statements: [
        'LOCK ledger.mutex',
        `INSERT INTO ledger.exclusion_edge (shard_id, edge, revision)
SELECT :shard, ${text(streamStart)}, revision FROM ledger.exclusion_revision WHERE revision > 0 AND ${isNew}`,
        `INSERT INTO ledger.speed_position (shard_id, position, revision, model_version, cuts, exclusions)
SELECT :shard, ${text(streamStart)}, 0, ${text(modelVersion)}, '', revision FROM ledger.exclusion_revision WHERE ${isNew}`,
      ],
      parameters: { shard: shardId },
    })
  }

  /** From here on the shard runs the new model; metrics that the old one lacked begin at this edge. */
  async #switchModel(shardId: string, known: SpeedPosition, modelVersion: string): Promise<void> {
    await this.#refuseUndeployed(modelVersion)
    const isFresh = known.position === streamStart
    await this.#options.warehouse.run({
      statements: [
        ...(isFresh ? [] : [newMetricsSql(known, modelVersion)]),
        `UPDATE ledger.speed_position SET model_version = CASE WHEN revision = ${known.revision} THEN ${text(modelVersion)} END,
revision = revision + 1 WHERE shard_id = :shard`,
      ],
      parameters: { shard: shardId },
    })
  }

  async #refuseUndeployed(modelVersion: string): Promise<void> {
    const [rows = []] = await this.#options.warehouse.run({ statements: ['SELECT model_version FROM ledger.model'] })
    const deployed = rows[0]?.model_version
    if (deployed !== modelVersion)
      throw new Error(
        `This function runs model ${modelVersion}, but ${deployed} is deployed; the newer function will take its records.`,
      )
  }

  /** The position moves by compare-and-set on a column that can't be null, so a transaction that comes too late fails whole. */
  async commit(known: SpeedPosition, batch: MicroBatch): Promise<SpeedPosition> {
    const { shardId, edge, modelVersion } = batch
    const parts = [{ edge, cells: batch.cells }]
    const rows = await insertRows({ shardId, parts, versions: batch.versions }, this.#options)
    const moved = movedTo(known, edge)
    await this.#options.warehouse.run({
      statements: [
        ...rows.statements,
        `INSERT INTO ledger.speed_edge (shard_id, edge, model_version, committed_at)
VALUES (:shard, ${text(edge)}, ${text(modelVersion)}, ${timestamp(batch.committedAt)})`,
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
const newMetricsSql = (known: SpeedPosition, modelVersion: string): string =>
  `INSERT INTO ledger.metric_edge (metric, metric_version, shard_id, edge)
SELECT d.metric, d.metric_version, :shard, ${text(known.position)} FROM ledger.definition d
LEFT JOIN ledger.definition o ON o.model_version = ${text(known.modelVersion)} AND o.metric = d.metric AND o.metric_version = d.metric_version
WHERE d.model_version = ${text(modelVersion)} AND o.metric IS NULL`

const cutsText = (cuts: readonly string[]): string => {
  for (const cut of cuts) text(cut)
  return `'${cuts.join(' ')}'`
}

const positionOf = (row: ResultRow): SpeedPosition => ({
  position: String(row.position),
  revision: Number(row.revision),
  modelVersion: String(row.model_version),
  cuts: String(row.cuts)
    .split(' ')
    .filter((cut) => cut !== ''),
  exclusions: Number(row.exclusions),
})
