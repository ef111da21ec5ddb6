import { standsLoaded } from '../../stores/ledger/dataset.ts'
import { TransactionFailed } from '../../stores/warehouse/warehouse.ts'
import type { Batch } from './batch.ts'
import { findDataset, refuseNeverWhole } from './find-dataset.ts'
import { maxChunkRecords, newestChunk, type Stretch } from './recount.ts'
import { replaceChunk } from './replace.ts'

export interface RebuildRequest {
  readonly datasetId: string
  readonly maxRecords?: number
}

/** How far pruned rows are rebuilt. */
export interface RebuildProgress {
  /** What is left in the shard that was worked on: rows above `to` stand again. null: nothing was to be done. */
  readonly left: Stretch | null
  readonly records: number
  readonly rows: number
  /** All speed rows above the dataset's marks stand. */
  readonly done: boolean
}

/**
 * Rebuilds the newest of the pruned speed rows that serving a dataset would need, from the archive. The ledger says how
 * far they are pruned, and each chunk moves that down with its rows: at every moment all rows above it stand, and where
 * pruning comes in between, the next step begins at what it left.
 * @returns `{reload}` where the dataset stands in no slot: then nothing keeps the rows from being pruned again
 * @throws Problem unknown_dataset, not_loaded
 */
export const rebuild = async (
  batch: Batch,
  { datasetId, maxRecords = maxChunkRecords }: RebuildRequest,
): Promise<RebuildProgress | { reload: string }> => {
  const dataset = await findDataset(batch, datasetId)
  if (!standsLoaded(await batch.ledger.control(), datasetId)) {
    refuseNeverWhole(dataset)
    return { reload: datasetId }
  }
  const [next] = await prunedAbove(batch, datasetId)
  if (next === undefined) return { left: null, records: 0, rows: 0, done: true }
  const chunk = await newestChunk(batch, next, { isBare: true, maxRecords })
  const rows = await replacePruned(batch, chunk)
  const left = await prunedAbove(batch, datasetId)
  const own = left.find(({ shardId }) => shardId === next.shardId)
  const records = rows === null ? 0 : chunk.records.length
  return { left: own ?? { ...next, to: next.from }, records, rows: rows ?? 0, done: left.length === 0 }
}

/** What serving a dataset would lack: for each shard the pruned records above its mark. */
const prunedAbove = async ({ ledger }: Batch, datasetId: string): Promise<Stretch[]> => {
  const marks = await ledger.marks(datasetId)
  return Object.entries(await ledger.prunedTo())
    .map(([shardId, to]) => ({ shardId, from: marks[shardId] ?? '', to }))
    .filter(({ from, to }) => to > from)
    .sort((a, b) => (a.shardId < b.shardId ? -1 : 1))
}

/** @returns the rows written; null where others moved what is pruned in between */
const replacePruned = async (batch: Batch, chunk: Parameters<typeof replaceChunk>[1]): Promise<number | null> => {
  try {
    return await replaceChunk(batch, chunk, true)
  } catch (error) {
    const prunedTo = (await batch.ledger.prunedTo())[chunk.shardId]
    if (error instanceof TransactionFailed && prunedTo !== chunk.to) return null
    throw error
  }
}
