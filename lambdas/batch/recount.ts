import { expandAggregates } from '../../core/aggregate.ts'
import { type Duplicates, identityOf } from '../../core/duplicates.ts'
import type { IsExcluded } from '../../core/exclusion.ts'
import type { ReceivedRecord } from '../../core/kinesis-record.ts'
import type { LineUp, Running } from '../../core/line-up.ts'
import { isRegister } from '../../core/merge.ts'
import type { Model } from '../../core/model.ts'
import { decodeRawLine, type RawObject } from '../../core/raw-archive.ts'
import { placeInShard } from '../../core/record.ts'
import { fold } from '../../core/state.ts'
import { Exclusions } from '../../stores/archive/exclusions.ts'
import { type CountedCell, countedCells, type ReplacedPart } from '../../stores/ledger/speed-ledger.ts'
import type { Batch } from './batch.ts'
import { duplicatesBefore } from './lookback.ts'

/** Records of one shard: all above `from` (padded; '' from its start) and up to `to`. */
export interface Stretch {
  readonly shardId: string
  readonly from: string
  readonly to: string
}

/** A stretch's records as they are in the archive, in the stream's order, and where its speed rows may be split. */
export interface Chunk extends Stretch {
  readonly records: readonly ReceivedRecord[]
  /** Ascending, the last one `to`. */
  readonly ends: readonly string[]
}

/** How many records a chunk is filled up to. Beyond it goes at most one raw object and one micro-batch. */
export const maxChunkRecords = 20_000
/** And how many of their bytes: records may be large. */
const maxChunkBytes = 48 * 1024 * 1024

/** The shard's raw objects that hold records above a place, in the order of their last records. */
export const rawObjectsAbove = async ({ archive }: Batch, shardId: string, from: string): Promise<RawObject[]> => {
  const objects: RawObject[] = []
  for await (const object of archive.listRaw(shardId, from === '' ? null : from)) objects.push(object)
  return objects
}

/**
 * The newest part of a stretch, as much as fits: where a chunk begins, an older one ends. It begins at an end, or where
 * the stretch does; where nothing stands in the stretch (`isBare`), anywhere.
 */
export const newestChunk = async (
  batch: Batch,
  stretch: Stretch,
  { isBare, maxRecords }: { readonly isBare: boolean; readonly maxRecords: number },
): Promise<Chunk> => {
  const { shardId, from, to } = stretch
  const unread = (await rawObjectsAbove(batch, shardId, from)).filter(({ first }) => first <= to)
  // Objects may overlap, and a record may stand in several of them.
  const records = new Map<string, ReceivedRecord>()
  let bytes = 0
  for (let object = unread.pop(); object !== undefined; object = unread.pop()) {
    for await (const line of batch.archive.readLines(object.key)) {
      const record = decodeRawLine(line)
      const { sequenceNumber } = record
      if (sequenceNumber <= from || sequenceNumber > to || records.has(sequenceNumber)) continue
      records.set(sequenceNumber, record)
      bytes += record.bytes.length
    }
    // No object that is left holds a record above this.
    const readTo = unread.at(-1)?.last ?? from
    if (readTo >= to || (records.size < maxRecords && bytes < maxChunkBytes)) continue
    const ends = await batch.speedLedger.ends(shardId, readTo, to)
    const start = isBare ? readTo : ends.find((end) => end < to)
    if (start !== undefined) return chunkOf({ shardId, from: start, to }, records, ends)
  }
  return chunkOf(stretch, records, await batch.speedLedger.ends(shardId, from, to))
}

const chunkOf = (stretch: Stretch, records: ReadonlyMap<string, ReceivedRecord>, ends: readonly string[]): Chunk => {
  const { from, to } = stretch
  const above = [...records.values()].filter(({ sequenceNumber }) => sequenceNumber > from)
  const sorted = above.sort((a, b) => (a.sequenceNumber < b.sequenceNumber ? -1 : 1))
  return { ...stretch, records: sorted, ends: [...ends.filter((end) => end > from && end < to), to] }
}

/**
 * Counts a chunk as the speed table does, each part whole: every register that a record raises is in it, so that later
 * rows may go on without it. What is excluded adds nothing; what producers sent again, nothing but its registers.
 */
export const countChunk = async (
  batch: Batch,
  chunk: Chunk,
  { lineUp, exclusions }: { readonly lineUp: LineUp; readonly exclusions: number },
): Promise<ReplacedPart[]> => {
  if (chunk.records.length === 0) return []
  const sets = new Exclusions(batch.archive)
  const parts = new Map<string, CountedCell[]>(chunk.ends.map((edge) => [edge, []]))
  for (const running of await batch.lineUps.of(lineUp)) {
    const isExcluded = await sets.at(exclusions, running.model.data)
    for (const { edge, cells } of await countBy(batch, chunk, running, isExcluded)) parts.get(edge)?.push(...cells)
  }
  return [...parts].flatMap(([edge, cells]) => (cells.length === 0 ? [] : [{ edge, cells }]))
}

/** What one model of the line-up counts of it, whole parts even where they are empty. */
const countBy = async (
  batch: Batch,
  { shardId, from, records, ends }: Chunk,
  { model, counts }: Running,
  isExcluded: IsExcluded,
): Promise<ReplacedPart[]> => {
  const arrivedFrom = records.reduce((first, { arrivalTime }) => Math.min(first, arrivalTime), Number.POSITIVE_INFINITY)
  const duplicates = await duplicatesBefore({ batch, model, isExcluded, arrivedFrom }, shardId, from)
  let counted = 0
  return ends.map((edge) => {
    const first = counted
    while (counted < records.length && (records[counted]?.sequenceNumber ?? '') <= edge) counted++
    const cells = fold(contributionsOf(model, records.slice(first, counted), { duplicates, isExcluded }))
    return { edge, cells: countedCells(cells, counts) }
  })
}

/**
 * What the speed table makes of records: the one place where they are decoded, left out and counted here. A twin's
 * registers stay: who wrote the rows above may not have told it for one, and went on without what it had raised.
 */
function* contributionsOf(
  model: Model,
  records: readonly ReceivedRecord[],
  { duplicates, isExcluded }: { readonly duplicates: Duplicates; readonly isExcluded: IsExcluded },
) {
  for (const record of expandAggregates(records)) {
    const decoded = model.decode(record)
    if (isExcluded(decoded)) continue
    const identity = identityOf(record, decoded)
    const isTwin = identity !== null && duplicates.isDuplicate(identity, placeInShard(record), record.arrivalTime)
    const contributions = model.contributions(decoded, 'speed')
    yield* isTwin ? contributions.filter(({ component }) => isRegister(component)) : contributions
  }
}
