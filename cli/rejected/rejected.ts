import type { Model } from '../../core/model.ts'
import { placeInShard } from '../../core/record.ts'
import type { DatasetManifest } from '../../spark/specification.ts'
import type { Archive } from '../../stores/archive/archive.ts'
import { rejectedAbove } from './above.ts'
import { rejectedInLake } from './lake.ts'
import { isMeant, type RejectedFilter, type RejectedRecord } from './record.ts'

export interface RejectedParts {
  readonly archive: Archive
  /** The definitions that are deployed. */
  readonly model: Model
  /** The live dataset's; null: there is none, and the raw archive is all there is. */
  readonly manifest: DatasetManifest | null
  readonly filter: RejectedFilter
  /** How many records are listed, the last to arrive; all are counted. */
  readonly limit: number
  /** Written to; the caller removes it. */
  readonly scratchDir: string
}

/** Records of one reason and claimed type. */
export interface RejectedCount {
  readonly reason: string
  readonly eventType: string | null
  readonly batch: number
  readonly speed: number
  readonly takenNow: number
}

export interface Rejected {
  /** The most frequent first. */
  readonly counts: readonly RejectedCount[]
  /** The last to arrive first. */
  readonly records: readonly RejectedRecord[]
}

/** Every rejected record that is kept: below the tidemark in the live dataset's lake, above it in the raw archive. */
export const findRejected = async (parts: RejectedParts): Promise<Rejected> => {
  const { archive, model, manifest, filter, limit, scratchDir } = parts
  const counts = new Map<string, RejectedCount>()
  let records: RejectedRecord[] = []
  const take = (record: RejectedRecord): void => {
    if (!isMeant(filter, record)) return
    count(counts, record)
    records.push(record)
    if (records.length > 2 * limit + 1000) records = lastToArrive(records, limit)
  }
  if (manifest !== null)
    for await (const record of rejectedInLake(archive, model, manifest, filter, scratchDir)) take(record)
  for await (const record of rejectedAbove(archive, model, manifest?.marks ?? {})) take(record)
  return {
    counts: [...counts.values()].sort((a, b) => b.batch + b.speed - a.batch - a.speed),
    records: lastToArrive(records, limit),
  }
}

const count = (counts: Map<string, RejectedCount>, { reason, eventType, side, takenNow }: RejectedRecord): void => {
  const key = JSON.stringify([reason, eventType])
  const held = counts.get(key) ?? { reason, eventType, batch: 0, speed: 0, takenNow: 0 }
  counts.set(key, { ...held, [side]: held[side] + 1, takenNow: held.takenNow + (takenNow ? 1 : 0) })
}

const lastToArrive = (records: readonly RejectedRecord[], limit: number): RejectedRecord[] =>
  [...records]
    .sort((a, b) => b.arrivalTime - a.arrivalTime || (placeInShard(a) < placeInShard(b) ? 1 : -1))
    .slice(0, limit)
