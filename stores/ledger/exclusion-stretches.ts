import { text } from '../../sql/states.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'
import { restretched } from './exclusion-ledger.ts'

/** A part of one shard's records, all above `from` ('' from its start) and up to `to`. */
interface Part {
  readonly shardId: string
  readonly from: string
  readonly to: string
}

/**
 * Statements that note that a part is counted under a revision; `:shard` is theirs. To be run in a transaction that
 * compares the position's revision with one read before this: all that changes the stretches moves it.
 */
export const restretchSql = async (warehouse: Warehouse, part: Part, revision: number): Promise<string[]> => {
  const { shardId } = part
  const [rows = []] = await warehouse.run({
    statements: ['SELECT edge, revision FROM ledger.exclusion_edge WHERE shard_id = :shard ORDER BY edge'],
    parameters: { shard: shardId },
  })
  if (rows.length === 0 && revision === 0) return []
  const own = rows.map((row) => ({ shardId, above: String(row.edge), revision: Number(row.revision) }))
  const values = restretched(own, part, revision).map(
    (stretch) => `(:shard, ${text(stretch.above)}, ${stretch.revision})`,
  )
  const insert = `INSERT INTO ledger.exclusion_edge (shard_id, edge, revision) VALUES ${values.join(', ')}`
  return ['DELETE FROM ledger.exclusion_edge WHERE shard_id = :shard', ...(values.length === 0 ? [] : [insert])]
}
