import type { Contribution } from '../../core/contribution.ts'
import { Duplicates, identityOf } from '../../core/duplicates.ts'
import type { Model } from '../../core/model.ts'
import { placeInShard, type RawRecord } from '../../core/record.ts'
import type { Apart, DatasetManifest, Served } from '../../spark/specification.ts'
import { placeOf, winnersOf } from './winners.ts'

/** Which records only one side counts, the plain way: served are the winners below the marks and all reached above. */
export const naiveApart = (
  model: Model,
  records: readonly RawRecord[],
  served: Served,
): NonNullable<DatasetManifest['apart']> => {
  const once = [...new Map(records.map((record) => [placeOf(record), record])).values()]
  const isBelow = ({ shardId, sequenceNumber }: RawRecord): boolean => sequenceNumber <= (served.marks[shardId] ?? '')
  const isReached = ({ shardId, sequenceNumber }: RawRecord): boolean => {
    const position = served.positions[shardId]
    return position === undefined || sequenceNumber <= position
  }
  const left = leftOut(model, once, served)
  const isServed = (one: RawRecord): boolean => !isBelow(one) && isReached(one) && !left.has(one)
  const counted = [...winnersOf(model, once.filter(isBelow)), ...once.filter(isServed)]
  const built = winnersOf(model, once)
  const without = (all: readonly RawRecord[], others: readonly RawRecord[]): RawRecord[] => {
    const held = new Set(others.map(placeOf))
    return all.filter((one) => !held.has(placeOf(one)))
  }
  return {
    served,
    duplicate: byBucket(model, without(counted, built)),
    behind: byBucket(model, without(built, counted)),
  }
}

/** What the speed table leaves out as duplicates. */
const leftOut = (
  model: Model,
  records: readonly RawRecord[],
  { duplicatesWindowMs, ancestors }: Served,
): ReadonlySet<RawRecord> => {
  const left = new Set<RawRecord>()
  const lines = new Map<string, Duplicates>()
  const ageOf = (shardId: string): number => ancestors[shardId]?.length ?? 0
  // Parents before children, each in the stream's order.
  const shards = [...new Set(records.map(({ shardId }) => shardId))].sort((a, b) => ageOf(a) - ageOf(b))
  for (const shardId of shards) {
    const before = (ancestors[shardId] ?? []).flatMap((ancestor) => lines.get(ancestor) ?? [])
    const line = new Duplicates(duplicatesWindowMs, before)
    lines.set(shardId, line)
    const own = records.filter((one) => one.shardId === shardId)
    for (const one of own.sort((a, b) => (placeInShard(a) < placeInShard(b) ? -1 : 1))) {
      const identity = identityOf(one, model.decode(one))
      if (identity !== null && line.isDuplicate(identity, placeInShard(one), one.arrivalTime)) left.add(one)
    }
  }
  return left
}

const byBucket = (model: Model, records: readonly RawRecord[]): Record<string, Record<string, Apart>> => {
  const found: Record<string, Record<string, Apart>> = {}
  for (const record of records) {
    const contributions = model.contributions(model.decode(record), 'speed')
    for (const metric of new Set(contributions.map((one) => one.metric))) {
      const own = contributions.filter((one) => one.metric === metric)
      const bucket = String(own[0]?.bucket)
      const buckets = found[metric] ?? {}
      buckets[bucket] = added(buckets[bucket] ?? { records: 0, sum: null, min: null, max: null }, own)
      found[metric] = buckets
    }
  }
  return found
}

const added = (before: Apart, contributions: readonly Contribution[]): Apart => {
  const of = (op: Contribution['op']): number[] => [
    ...(before[op] === null ? [] : [Number(before[op])]),
    ...contributions.filter((one) => one.op === op).map(({ value }) => value),
  ]
  const textOf = (values: readonly number[], merge: (values: readonly number[]) => number): string | null =>
    values.length === 0 ? null : String(merge(values))
  return {
    records: before.records + 1,
    sum: textOf(of('sum'), (values) => values.reduce((sum, value) => sum + value, 0)),
    min: textOf(of('min'), (values) => Math.min(...values)),
    max: textOf(of('max'), (values) => Math.max(...values)),
  }
}
