import { timestamp } from '../../sql/states.ts'
import type { ResultRow, Warehouse } from '../warehouse/warehouse.ts'
import type { ExclusionEntry, ExclusionLedger, ExclusionStretch, NewExclusion, Undoing } from './exclusion-ledger.ts'

/** The revision after all that there were: read under the mutex, since no key is enforced. */
const nextRevisionSql = `SELECT COALESCE(MAX(revision), 0) + 1 AS revision FROM (
SELECT exclusion_id AS revision FROM ledger.exclusion
UNION ALL
SELECT undone_revision AS revision FROM ledger.exclusion
) revisions`

/** The exclusion ledger in the warehouse. */
export class SqlExclusionLedger implements ExclusionLedger {
  readonly #warehouse: Warehouse

  constructor(warehouse: Warehouse) {
    this.#warehouse = warehouse
  }

  async entries(): Promise<ExclusionEntry[]> {
    return (await this.#select('SELECT * FROM ledger.exclusion ORDER BY exclusion_id')).map(entryOf)
  }

  async add({ requestId, eventType, definition, reason, by, madeAt }: NewExclusion): Promise<number> {
    await this.#warehouse.run({
      statements: [
        'LOCK ledger.mutex',
        `INSERT INTO ledger.exclusion (exclusion_id, request_id, event_type, definition, reason, made_by, made_at,
undone_revision, undone_reason, undone_by, undone_at)
SELECT next.revision, :request, :type, :definition, :reason, :by, ${timestamp(madeAt)}, 0, '', '', ${timestamp(madeAt)} FROM (${nextRevisionSql}) next
WHERE NOT EXISTS (SELECT 1 FROM ledger.exclusion WHERE request_id = :request)`,
      ],
      parameters: { request: requestId, type: eventType, definition, reason, by },
    })
    const [row] = await this.#select('SELECT exclusion_id FROM ledger.exclusion WHERE request_id = :request', {
      request: requestId,
    })
    return Number(row?.exclusion_id)
  }

  async undo(id: number, { reason, by, at }: Undoing): Promise<number | null> {
    await this.#warehouse.run({
      statements: [
        'LOCK ledger.mutex',
        `UPDATE ledger.exclusion SET undone_revision = next.revision, undone_reason = :reason, undone_by = :by, undone_at = ${timestamp(at)}
FROM (${nextRevisionSql}) next WHERE exclusion_id = ${wholeNumber(id)} AND undone_revision = 0`,
      ],
      parameters: { reason, by },
    })
    const [row] = await this.#select(
      `SELECT undone_revision FROM ledger.exclusion WHERE exclusion_id = ${wholeNumber(id)}`,
    )
    return row === undefined ? null : Number(row.undone_revision)
  }

  async inForce(): Promise<number> {
    const [row] = await this.#select('SELECT revision FROM ledger.exclusion_revision')
    if (row === undefined)
      throw new Error('ledger.exclusion_revision is empty: the warehouse was never migrated; deploy the stage.')
    return Number(row.revision)
  }

  /** Under the mutex, as a new shard's row is made: it begins with this revision, or is there to be moved to it. */
  async enforce(revision: number): Promise<void> {
    const wanted = wholeNumber(revision)
    await this.#warehouse.run({
      statements: [
        'LOCK ledger.mutex',
        `UPDATE ledger.exclusion_revision SET revision = ${wanted} WHERE revision < ${wanted}`,
      ],
    })
  }

  async stretches(): Promise<ExclusionStretch[]> {
    const rows = await this.#select(
      'SELECT shard_id, edge, revision FROM ledger.exclusion_edge ORDER BY shard_id, edge',
    )
    return rows.map((row) => ({
      shardId: String(row.shard_id),
      above: String(row.edge),
      revision: Number(row.revision),
    }))
  }

  async #select(statement: string, parameters: Readonly<Record<string, string>> = {}): Promise<ResultRow[]> {
    const [rows = []] = await this.#warehouse.run({ statements: [statement], parameters })
    return rows
  }
}

/** @throws where it is none: it stands in SQL text */
const wholeNumber = (value: number): string => {
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${value} is no revision of the exclusions.`)
  return String(value)
}

const entryOf = (row: ResultRow): ExclusionEntry => {
  const revision = Number(row.undone_revision)
  return {
    id: Number(row.exclusion_id),
    requestId: String(row.request_id),
    eventType: String(row.event_type),
    definition: String(row.definition),
    reason: String(row.reason),
    by: String(row.made_by),
    madeAt: String(row.made_at),
    undone:
      revision === 0
        ? null
        : { revision, reason: String(row.undone_reason), by: String(row.undone_by), at: String(row.undone_at) },
  }
}
