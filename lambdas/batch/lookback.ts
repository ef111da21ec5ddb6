import { expandAggregates } from '../../core/aggregate.ts'
import { Duplicates, identityOf } from '../../core/duplicates.ts'
import type { IsExcluded } from '../../core/exclusion.ts'
import type { Model } from '../../core/model.ts'
import { decodeRawLine } from '../../core/raw-archive.ts'
import { placeInShard } from '../../core/record.ts'
import { ancestorsOf } from '../../stores/stream/ancestors.ts'
import type { Batch } from './batch.ts'

export interface Lookback {
  readonly batch: Batch
  /** Which records are events, and of what identity. */
  readonly model: Pick<Model, 'decode'>
  /** What is excluded is nobody's twin. */
  readonly isExcluded: IsExcluded
  /** When the first record above the place arrived, epoch ms. */
  readonly arrivedFrom: number
}

interface Seen {
  readonly identity: string
  readonly place: string
  readonly arrivalTime: number
}

/**
 * What tells the duplicates among the records above a place, having seen those before it: of the shard itself, and of
 * the shards that it came from as far as the stream still lists them. It looks back two windows: an identity that is
 * sent over and over for longer than that may be counted once more where a chunk begins.
 * @param from padded; '' at the shard's start
 */
export const duplicatesBefore = async (lookback: Lookback, shardId: string, from: string): Promise<Duplicates> => {
  const { batch, arrivedFrom } = lookback
  const since = arrivedFrom - 2 * batch.duplicatesWindowMs
  const ancestors: Duplicates[] = []
  for (const ancestor of ancestorsOf(shardId, await batch.stream.shards()))
    ancestors.push(fed(batch, await seenSince(lookback, ancestor, null, since), []))
  return fed(batch, from === '' ? [] : await seenSince(lookback, shardId, from, since), ancestors)
}

const fed = ({ duplicatesWindowMs }: Batch, seen: readonly Seen[], ancestors: readonly Duplicates[]): Duplicates => {
  const duplicates = new Duplicates(duplicatesWindowMs, ancestors)
  for (const { identity, place, arrivalTime } of seen) duplicates.isDuplicate(identity, place, arrivalTime)
  return duplicates
}

/** The archived records up to a place (null: all) that may have arrived since, in the stream's order; older ones, too. */
const seenSince = async (
  { batch, model, isExcluded }: Lookback,
  shardId: string,
  to: string | null,
  since: number,
): Promise<Seen[]> => {
  const { archive } = batch
  const seen = new Map<string, Seen>()
  const floor = await arrivedBefore(batch, shardId, to, since)
  for await (const { key, first } of archive.listRaw(shardId, floor)) {
    if (to !== null && first > to) continue
    for await (const line of archive.readLines(key))
      for (const record of expandAggregates([decodeRawLine(line)])) {
        const { sequenceNumber, arrivalTime } = record
        if (sequenceNumber <= (floor ?? '') || (to !== null && sequenceNumber > to)) continue
        const decoded = model.decode(record)
        const identity = isExcluded(decoded) ? null : identityOf(record, decoded)
        const place = placeInShard(record)
        if (identity !== null) seen.set(place, { identity, place, arrivalTime })
      }
  }
  return [...seen.values()].sort((a, b) => (a.place < b.place ? -1 : 1))
}

/** A place up to which all records arrived before an instant: what was committed or sealed by then. null: none is known */
const arrivedBefore = async (
  { ledger }: Batch,
  shardId: string,
  to: string | null,
  since: number,
): Promise<string | null> => {
  const bound = to ?? (await ledger.speedPositions())[shardId] ?? ''
  const edge = (await ledger.edgesCommittedBefore({ [shardId]: bound }, since))[shardId] ?? null
  if (edge !== null) return edge
  for (const { datasetId, sealedAt } of await ledger.datasets()) {
    const mark = epochMsOf(sealedAt) < since ? (await ledger.marks(datasetId))[shardId] : undefined
    if (mark !== undefined && mark <= bound) return mark
  }
  return null
}

/** SQL's `YYYY-MM-DD HH:MM:SS[.ffffff]`, which is UTC here. */
const epochMsOf = (sqlTime: string): number => Date.parse(`${sqlTime.slice(0, 23).replace(' ', 'T')}Z`)
