import { replayComparisonSql } from '../../sql/replayed.ts'
import { text, timestamp } from '../../sql/states.ts'
import type { ResultRow, Warehouse } from '../warehouse/warehouse.ts'
import { restretchSql } from './exclusion-stretches.ts'
import type { OutputDifference, OutputShard, ReplayOutputs } from './replay-outputs.ts'
import type { SpeedPosition } from './speed-ledger.ts'
import { insertRows, type Staging, speedColumns } from './speed-rows.ts'

/** The replays' outputs in the warehouse. */
export class SqlReplayOutputs implements ReplayOutputs {
  readonly #warehouse: Warehouse
  readonly #staging: Staging

  constructor({ warehouse, ...staging }: Staging & { readonly warehouse: Warehouse }) {
    this.#warehouse = warehouse
    this.#staging = staging
  }

  async all(): Promise<OutputShard[]> {
    const [rows = []] = await this.#warehouse.run({
      statements: ['SELECT * FROM ledger.replay_output ORDER BY name, shard_id'],
    })
    return rows.map(shardOf)
  }

  /** Rows of an output that was dropped while a step still wrote to it are removed here, too. */
  async begin(shards: readonly OutputShard[]): Promise<void> {
    const rows = shards.map((shard) => {
      const values = [shard.outputId, shard.name, shard.shardId, shard.from, shard.to, shard.reached].map(text)
      const rest = [text(shard.lineUp), String(shard.exclusions), timestamp(shard.begunAt)]
      return `SELECT ${[...values, ...rest].join(', ')} WHERE NOT EXISTS (SELECT 1 FROM ledger.replay_output WHERE name = ${text(shard.name)})`
    })
    await this.#warehouse.run({
      statements: [
        'LOCK ledger.mutex',
        'DELETE FROM speed.replayed WHERE output_id NOT IN (SELECT output_id FROM ledger.replay_output)',
        `INSERT INTO ledger.replay_output (output_id, name, shard_id, replayed_from, replayed_to, reached, line_up, exclusions, begun_at)
${rows.join('\nUNION ALL\n')}`,
      ],
    })
  }

  async add(shard: OutputShard, { from, parts }: Parameters<ReplayOutputs['add']>[1]): Promise<void> {
    const { outputId, shardId } = shard
    const rows = await insertRows({ shardId, parts, outputId }, this.#staging)
    await this.#warehouse.run({
      statements: [
        ...rows.statements,
        `UPDATE ledger.replay_output SET reached = CASE WHEN reached = ${text(shard.reached)} THEN ${text(from)} END
WHERE output_id = ${text(outputId)} AND shard_id = :shard`,
      ],
      parameters: { ...rows.parameters, shard: shardId },
    })
  }

  async compare(shards: readonly OutputShard[]): Promise<OutputDifference[]> {
    const [first] = shards
    if (first === undefined) return []
    const [rows = []] = await this.#warehouse.run({ statements: [replayComparisonSql(first.outputId, shards)] })
    return rows.map((row) => ({
      metric: String(row.metric),
      bucket: epochMsOf(String(row.bucket)),
      rowsEqual: Number(row.rows_equal),
      rowsChanged: Number(row.rows_changed),
      rowsMissing: Number(row.rows_missing),
      rowsExtra: Number(row.rows_extra),
    }))
  }

  async swap(known: SpeedPosition, shard: OutputShard): Promise<void> {
    const isIts = `output_id = ${text(shard.outputId)} AND shard_id = :shard`
    const columns = speedColumns.join(', ')
    await this.#warehouse.run({
      statements: [
        `DELETE FROM speed.rows WHERE shard_id = :shard AND sequence_number > ${text(shard.from)} AND sequence_number <= ${text(shard.to)}`,
        `INSERT INTO speed.rows (${columns}) SELECT ${columns} FROM speed.replayed WHERE ${isIts}`,
        `UPDATE ledger.speed_position SET position = CASE WHEN revision = ${known.revision}
AND (SELECT COUNT(*) FROM ledger.replay_output WHERE ${isIts} AND reached = replayed_from) = 1 THEN position END,
revision = revision + 1 WHERE shard_id = :shard`,
        `DELETE FROM speed.replayed WHERE ${isIts}`,
        `DELETE FROM ledger.replay_output WHERE ${isIts}`,
        ...(await restretchSql(this.#warehouse, shard, shard.exclusions)),
      ],
      parameters: { shard: shard.shardId },
    })
  }

  async drop(outputId: string): Promise<void> {
    await this.#warehouse.run({
      statements: [
        `DELETE FROM speed.replayed WHERE output_id = ${text(outputId)}`,
        `DELETE FROM ledger.replay_output WHERE output_id = ${text(outputId)}`,
      ],
    })
  }
}

const shardOf = (row: ResultRow): OutputShard => ({
  outputId: String(row.output_id),
  name: String(row.name),
  shardId: String(row.shard_id),
  from: String(row.replayed_from),
  to: String(row.replayed_to),
  reached: String(row.reached),
  lineUp: String(row.line_up),
  exclusions: Number(row.exclusions),
  begunAt: epochMsOf(String(row.begun_at)),
})

/** SQL's `YYYY-MM-DD HH:MM:SS[.ffffff]`, which is UTC here. */
const epochMsOf = (sqlTime: string): number => Date.parse(`${sqlTime.slice(0, 23).replace(' ', 'T')}Z`)
