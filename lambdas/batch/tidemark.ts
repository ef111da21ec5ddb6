import type { Marks } from '../../stores/ledger/dataset.ts'
import { maxCuts, type SpeedPosition } from '../../stores/ledger/speed-ledger.ts'
import { TransactionFailed, TransactionUnknown } from '../../stores/warehouse/warehouse.ts'
import type { Batch } from './batch.ts'

/** How far one shard is archived; parents before children. */
export interface ArchivedShard {
  readonly shardId: string
  readonly parentShardIds: readonly string[]
  /** The largest sequence number above the base's mark; null: the base has all. */
  readonly archived: string | null
}

/** How often a shard is looked at again after its speed table moved in between. */
const maxAttempts = 20

/**
 * Each shard's mark: a sequence number that is archived and that no speed row spans. Where the speed table is ahead of
 * the archive that is one of its edges; where it lags, the archive's own position, once the speed table is made to end
 * a micro-batch there. A shard whose parents are not marked as far as they are archived keeps its base's mark.
 */
export const drawMarks = async (batch: Batch, baseMarks: Marks, shards: readonly ArchivedShard[]): Promise<Marks> => {
  const archivedTo = new Map(shards.map(({ shardId, archived }) => [shardId, archived]))
  const marks: Record<string, string> = { ...baseMarks }
  for (const { shardId, parentShardIds, archived } of shards) {
    const parentsDone = parentShardIds.every((parent) => (marks[parent] ?? '') >= (archivedTo.get(parent) ?? ''))
    const mark = archived !== null && parentsDone ? await drawMark(batch, shardId, archived) : null
    if (mark !== null && mark > (marks[shardId] ?? '')) marks[shardId] = mark
  }
  return marks
}

/** A cut that the speed table's next commit overtakes is not there: then what it committed decides anew. */
const drawMark = async (batch: Batch, shardId: string, archived: string): Promise<string | null> => {
  const { ledger, speedLedger } = batch
  for (let attempt = 1; ; attempt++) {
    try {
      const known = await speedLedger.position(shardId)
      if (archived <= known.position) return (await ledger.newestEdges({ [shardId]: archived }))[shardId] ?? null
      if (known.cuts.length >= maxCuts) return newestCut(known, archived)
      await speedLedger.addCut(shardId, known, archived)
      return archived
    } catch (error) {
      const hasMoved = error instanceof TransactionFailed || error instanceof TransactionUnknown
      if (!hasMoved || attempt === maxAttempts) throw error
    }
  }
}

/** A speed table that stood still for weeks holds all the cuts it can; batch stays there until it moves. */
const newestCut = ({ cuts }: SpeedPosition, archived: string): string | null =>
  cuts.filter((cut) => cut <= archived).at(-1) ?? null

/** The shards whose speed table has not reached the mark, and how far it is: what it writes up to the mark later is batch's already. */
export const laggingPositions = (marks: Marks, reached: Marks): Marks =>
  Object.fromEntries(
    Object.entries(marks)
      .filter(([shardId, mark]) => (reached[shardId] ?? '') < mark)
      .map(([shardId]) => [shardId, reached[shardId] ?? '']),
  )
