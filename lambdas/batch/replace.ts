import { revisionBelow } from '../../stores/ledger/exclusion-ledger.ts'
import type { ReplacedPart, SpeedPosition } from '../../stores/ledger/speed-ledger.ts'
import { TransactionFailed, TransactionUnknown } from '../../stores/warehouse/warehouse.ts'
import type { Batch } from './batch.ts'
import { type Chunk, countChunk } from './recount.ts'

/** How often a chunk is tried again after the shard's speed function committed in between. */
const maxAttempts = 10

/**
 * Replaces the speed rows of a chunk by what its records count to, by the shard's line-up, and under the exclusions of what stands above.
 * @param restores the rows were pruned up to the chunk's end @returns the rows written
 */
export const replaceChunk = async (batch: Batch, chunk: Chunk, restores: boolean): Promise<number> => {
  const { shardId, from, to } = chunk
  const counted = new Map<string, readonly ReplacedPart[]>()
  let failed: SpeedPosition | null = null
  for (let attempt = 1; ; attempt++) {
    // Read anew for each try: what a shard runs may change meanwhile, too.
    const known = await batch.speedLedger.position(shardId)
    const revision = revisionBelow(to, { shardId, ...known }, await batch.exclusions.stretches())
    const by = { lineUp: known.lineUp, exclusions: revision }
    const parts = counted.get(JSON.stringify(by)) ?? (await countChunk(batch, chunk, by))
    counted.set(JSON.stringify(by), parts)
    try {
      await batch.speedLedger.replace(known, { shardId, from, to, parts, exclusions: revision, restores })
      return parts.reduce((sum, { cells }) => sum + cells.reduce((rows, cell) => rows + cell.components.size, 0), 0)
    } catch (error) {
      const uncommitted = error instanceof TransactionFailed || error instanceof TransactionUnknown
      const hasMoved = failed === null || failed.revision !== known.revision
      if (!uncommitted || attempt === maxAttempts || !hasMoved) throw error
      failed = known
    }
  }
}
