import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { ResultRow } from '../../../stores/warehouse/warehouse.ts'
import type { Isolated, Open, Row, Write } from '../../stores/warehouse/isolation-contract.ts'
import { BatchStage } from '../tidemark/batch-stage.ts'

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
const isShard = (shardId: string): string => `shard_id = ${quoted(shardId)}`
const isRow = ({ shardId, prunedTo }: Row): string => `${isShard(shardId)} AND pruned_to = ${quoted(prunedTo)}`
const readSql = 'SELECT shard_id, pruned_to FROM ledger.pruned ORDER BY shard_id, pruned_to'

const sqlOf = (write: Write): string => {
  if (write.kind === 'delete') return `DELETE FROM ledger.pruned WHERE ${isShard(write.shardId)}`
  if (write.kind === 'update') {
    const { shardId, from, to } = write
    const where = from === null ? isShard(shardId) : isRow({ shardId, prunedTo: from })
    return `UPDATE ledger.pruned SET pruned_to = ${quoted(to)} WHERE ${where}`
  }
  const { row, where } = write
  const is = (condition: string): string => `EXISTS (SELECT 1 FROM ledger.pruned WHERE ${condition})`
  const guard =
    where === undefined ? '' : ` WHERE ${'none' in where ? `NOT ${is(isShard(where.none))}` : is(isRow(where.one))}`
  return `INSERT INTO ledger.pruned (shard_id, pruned_to) SELECT ${quoted(row.shardId)}, ${quoted(row.prunedTo)}${guard}`
}

const rowsOf = (rows: readonly ResultRow[] = []): Row[] =>
  rows.map((row) => ({ shardId: String(row.shard_id), prunedTo: String(row.pruned_to) }))

/**
 * Transactions on PostgreSQL by the Data API, each a batch. Before each statement it takes an advisory lock that a
 * connection of the test's own holds, until its turn has come.
 */
export class IsolatedOnPostgres implements Isolated {
  readonly #stage: BatchStage
  readonly #gatekeeper: pg.Client
  readonly #first: readonly string[]
  #gates = 0

  private constructor(stage: BatchStage, gatekeeper: pg.Client, first: readonly string[]) {
    this.#stage = stage
    this.#gatekeeper = gatekeeper
    this.#first = first
  }

  /** @param first what each transaction begins with */
  static async start(first: readonly string[] = []): Promise<IsolatedOnPostgres> {
    const stage = await BatchStage.start()
    const gatekeeper = new pg.Client({ connectionString: stage.local.postgres.connectionString })
    await gatekeeper.connect()
    return new IsolatedOnPostgres(stage, gatekeeper, first)
  }

  async stop(): Promise<void> {
    await this.#gatekeeper.end()
    await this.#stage.stop()
  }

  clear(): Promise<void> {
    return this.#stage.local.prepare('DELETE FROM ledger.pruned')
  }

  async rows(): Promise<Row[]> {
    return rowsOf((await this.#stage.warehouse.run({ statements: [readSql] }))[0])
  }

  async begin(...writes: readonly Write[]): Promise<Open> {
    const gates = [...writes, null].map(() => ++this.#gates)
    for (const gate of gates) await this.#gatekeeper.query('SELECT pg_advisory_lock($1)', [gate])
    const held = [...writes.map(sqlOf), readSql].flatMap((sql, place) => [
      `SELECT COUNT(*) FROM pg_advisory_xact_lock(${gates[place]})`,
      sql,
    ])
    let hasEnded = false
    const run = this.#stage.warehouse.run({ statements: [...this.#first, readSql, ...held] }).finally(() => {
      hasEnded = true
    })
    // It may be rolled back before anybody asks how it ended.
    run.catch(() => undefined)
    /** What a session waits for, but the gate that was just opened to it; null: for nothing. */
    const waits = async (condition: string, values: readonly number[]): Promise<number> => {
      for (;;) {
        const { rows } = await this.#gatekeeper.query(`SELECT pid FROM pg_locks WHERE NOT granted AND ${condition}`, [
          ...values,
        ])
        if (rows.length > 0 || hasEnded) return rows[0]?.pid ?? 0
        await sleep(5)
      }
    }
    const pid = await waits("locktype = 'advisory' AND objid = $1", [gates[0] ?? 0])
    const open = (gate: number) => this.#gatekeeper.query('SELECT pg_advisory_unlock($1)', [gate])
    return {
      step: async () => {
        const gate = gates.shift() ?? 0
        await open(gate)
        await waits("pid = $1 AND NOT (locktype = 'advisory' AND objid = $2)", [pid, gate])
      },
      end: async () => {
        for (const gate of gates.splice(0)) await open(gate)
        const results = await run
        return { before: rowsOf(results[this.#first.length]), after: rowsOf(results.at(-1)) }
      },
    }
  }
}
