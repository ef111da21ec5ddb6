import { Problem } from '../../core/problem.ts'
import { padSequenceNumber } from '../../core/sequence-number.ts'
import type { Batch } from './batch.ts'
import { lowestMarksInSlots } from './lowest-marks.ts'
import { maxChunkRecords, newestChunk, rawObjectsAbove, type Stretch } from './recount.ts'
import { replaceChunk } from './replace.ts'

export interface ReplayRequest {
  readonly shardId: string
  /** How far down an earlier step of the same replay came; null, or left out: it begins. */
  readonly reached?: string | null
  readonly maxRecords?: number
}

/** How far a replay of one shard is. */
export interface ReplayProgress extends Stretch {
  /** The rows above this are done. */
  readonly reached: string
  /** Counted, and written, by this step. */
  readonly records: number
  readonly rows: number
  readonly done: boolean
}

/** What a replay would count anew now: each shard of the speed table, or the one named. @throws Problem unknown_shard */
export const replayPlan = async (batch: Batch, shardId: string | null): Promise<{ shards: Stretch[] }> => {
  const known = Object.keys(await batch.ledger.speedPositions())
  if (shardId !== null && !known.includes(shardId))
    throw new Problem('unknown_shard', 404, `The speed table has no shard ${shardId}.`, { allowed: known })
  const shards: Stretch[] = []
  for (const each of shardId === null ? [...known].sort() : [shardId]) shards.push(await stretchOf(batch, each))
  return { shards }
}

/**
 * Counts the newest rows anew that no earlier step of this replay did, from the archive, and puts them in place of
 * those that stand. They are bounded by what is still needed below and by what the archive has above.
 * @throws Problem unknown_shard, not_an_edge
 */
export const replay = async (batch: Batch, request: ReplayRequest): Promise<ReplayProgress> => {
  const { shardId, reached = null, maxRecords = maxChunkRecords } = request
  const { shards } = await replayPlan(batch, shardId)
  const stretch = shards[0] ?? { shardId, from: '', to: '' }
  const to = reached ?? stretch.to
  if (to <= stretch.from) return { ...stretch, reached: to, records: 0, rows: 0, done: true }
  if (reached !== null) await refuseBetweenEdges(batch, stretch, reached)
  const chunk = await newestChunk(batch, { ...stretch, to }, { isBare: false, maxRecords })
  const rows = await replaceChunk(batch, chunk, false)
  const { from, records } = chunk
  return { ...stretch, reached: from, records: records.length, rows, done: from <= stretch.from }
}

/** Above the lowest mark that a dataset in a slot has, or what is pruned; up to the newest edge that is archived. */
const stretchOf = async (batch: Batch, shardId: string): Promise<Stretch> => {
  const { ledger } = batch
  const marks = await lowestMarksInSlots(batch, await ledger.control())
  const from = [marks[shardId] ?? '', (await ledger.prunedTo())[shardId] ?? ''].sort().at(-1) ?? ''
  const archived = (await rawObjectsAbove(batch, shardId, from)).at(-1)?.last
  const newest = archived === undefined ? undefined : (await ledger.newestEdges({ [shardId]: archived }))[shardId]
  return { shardId, from, to: newest === undefined || newest < from ? from : newest }
}

/** Rows that end above a place between two edges may count records below it, which would be lost. */
const refuseBetweenEdges = async ({ speedLedger }: Batch, { shardId, to }: Stretch, reached: string): Promise<void> => {
  const below = /^\d{64}$/.test(reached) && reached <= to ? padSequenceNumber(String(BigInt(reached) - 1n)) : null
  if (below === null || (await speedLedger.ends(shardId, below, reached)).length === 0)
    throw new Problem(
      'not_an_edge',
      409,
      `${reached} is no edge of ${shardId} that a replay could go on from; begin anew.`,
    )
}
