import type { Contribution } from '../../core/contribution.ts'
import { Duplicates, identityOf } from '../../core/duplicates.ts'
import { type ExclusionSet, excluder, type IsExcluded } from '../../core/exclusion.ts'
import type { Model } from '../../core/model.ts'
import { placeInShard, type RawRecord } from '../../core/record.ts'
import type { Apart, DatasetApart, Served } from '../../spark/specification.ts'
import type { Archive } from '../archive/archive.ts'
import { placeOf, winnersOf } from './winners.ts'

export interface NaiveApartOptions {
  readonly archive: Archive
  readonly model: Model
  /** Whether the dataset leaves a record out. */
  readonly isLeftOut: (record: RawRecord) => boolean
}

/** Which records only one side counts, the plain way: served are the winners below the marks and all reached above. */
export const naiveApart = async (
  { archive, model, isLeftOut }: NaiveApartOptions,
  records: readonly RawRecord[],
  served: Served,
): Promise<DatasetApart> => {
  const isLeftOutThere = await leftOutThere(archive, model, served)
  const once = [...new Map(records.map((record) => [placeOf(record), record])).values()]
  const there = once.filter((one) => !isLeftOutThere(one))
  const repeated = duplicatesOf(model, there, served)
  const isServed = (one: RawRecord): boolean => !isBelow(served, one) && isReached(served, one) && !repeated.has(one)
  const below = there.filter((one) => isBelow(served, one))
  const counted = [...winnersOf(model, below), ...there.filter(isServed)]
  const built = winnersOf(
    model,
    once.filter((one) => !isLeftOut(one)),
  )
  const unchanged = new Set(winnersOf(model, there))
  const missing = without(counted, built)
  const extra = without(built, counted)
  const isBehind = (one: RawRecord): boolean => !isBelow(served, one) && !isReached(served, one)
  const isDuplicate = (one: RawRecord): boolean => !isLeftOut(one) && !unchanged.has(one)
  const account = (all: readonly RawRecord[], isMeant: (one: RawRecord) => boolean) =>
    byBucket(model, all.filter(isMeant))
  return {
    served,
    duplicate: account(missing, isDuplicate),
    behind: account(extra, isBehind),
    excluded: account(missing, (one) => !isDuplicate(one)),
    included: account(extra, (one) => !isBehind(one)),
  }
}

const isBelow = ({ marks }: Served, { shardId, sequenceNumber }: RawRecord): boolean =>
  sequenceNumber <= (marks[shardId] ?? '')

const isReached = ({ positions }: Served, { shardId, sequenceNumber }: RawRecord): boolean => {
  const position = positions[shardId]
  return position === undefined || sequenceNumber <= position
}

const without = (all: readonly RawRecord[], others: readonly RawRecord[]): RawRecord[] => {
  const held = new Set(others.map(placeOf))
  return all.filter((one) => !held.has(placeOf(one)))
}

/** What is left out where it is served: the sets are read one by one, each of its revision. */
const leftOutThere = async (
  archive: Archive,
  model: Model,
  served: Served,
): Promise<(record: RawRecord) => boolean> => {
  const { dataset, stretches, keys } = served.exclusions
  const tests = new Map<number, IsExcluded>()
  for (const [revision, key] of Object.entries(keys)) {
    const set = (await archive.getJson(key)) as ExclusionSet | null
    if (set === null) throw new Error(`There is no ${key}, which what is served was counted by.`)
    tests.set(Number(revision), excluder(set.exclusions, model.data))
  }
  return (record) => {
    const { shardId, sequenceNumber } = record
    const above = (stretches[shardId] ?? []).filter((stretch) => stretch.above < sequenceNumber)
    const revision = isBelow(served, record) ? dataset : (above.at(-1)?.revision ?? 0)
    return tests.get(revision)?.(model.decode(record)) ?? false
  }
}

/** What the speed table leaves out as duplicates. */
const duplicatesOf = (
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
