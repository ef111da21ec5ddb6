import type { Contribution } from '../../../core/contribution.ts'
import type { Exclusion, ExclusionSet } from '../../../core/exclusion.ts'
import type { Model } from '../../../core/model.ts'
import { placeInShard, type RawRecord } from '../../../core/record.ts'
import type { Archive } from '../../../stores/archive/archive.ts'

/** An independent, slow recount: every value by bucket and dimensions, from the records themselves. */
export const naiveCounts = (model: Model, records: readonly RawRecord[], metric: string): Record<string, number> => {
  const totals: Record<string, number> = {}
  for (const contribution of contributionsOf(model, records, metric)) {
    const key = `${new Date(contribution.bucket).toISOString()} ${JSON.stringify(contribution.dims)}`
    totals[key] = (totals[key] ?? 0) + contribution.value
  }
  return totals
}

const contributionsOf = (model: Model, records: readonly RawRecord[], metric: string): Contribution[] =>
  records
    .flatMap((record) => model.contributions(model.decode(record), 'batch'))
    .filter((each) => each.metric === metric)

/** Of each event the record that comes first by its place in its shard, then shard; a record that came twice is one. */
export const winnersOf = (model: Model, records: readonly RawRecord[]): RawRecord[] => {
  const place = (record: RawRecord): string => `${placeInShard(record)} ${record.shardId}`
  const winners = new Map<string, RawRecord>()
  for (const record of records) {
    const { type, id, eventTime } = model.decode(record)
    const key = JSON.stringify([type, id, eventTime])
    const held = winners.get(key)
    if (held === undefined || place(record) < place(held)) winners.set(key, record)
  }
  return [...winners.values()]
}

/** Of one shard's records, in order, those whose producer had not sent them at most the window before. Pair by pair. */
export const firstsOf = (model: Model, line: readonly RawRecord[], windowMs: number): RawRecord[] => {
  const firsts: { record: RawRecord; identity: string }[] = []
  for (const record of line) {
    const { type, id, eventTime } = model.decode(record)
    const identity = JSON.stringify([type, id, eventTime])
    const isDuplicate = firsts.some(
      (first) => first.identity === identity && Math.abs(first.record.arrivalTime - record.arrivalTime) <= windowMs,
    )
    if (!isDuplicate) firsts.push({ record, identity })
  }
  return firsts.map(({ record }) => record)
}

/** Contributions to one bucket, dimensions and component as one, merged by their op. */
export const merged = (contributions: readonly Contribution[]): Contribution[] => {
  const states = new Map<string, Contribution>()
  for (const one of contributions) {
    const key = JSON.stringify([one.metric, one.bucket, one.dims, one.component])
    const held = states.get(key)?.value
    const value =
      held === undefined
        ? one.value
        : one.op === 'sum'
          ? held + one.value
          : one.op === 'min'
            ? Math.min(held, one.value)
            : Math.max(held, one.value)
    states.set(key, { ...one, value })
  }
  return [...states.values()]
}

/** A revision's exclusions as they stand in the bucket. */
export const exclusionsAt = async (archive: Archive, revision: number): Promise<readonly Exclusion[]> => {
  if (revision === 0) return []
  const set = (await archive.getJson(`exclusions/${revision}.json`)) as ExclusionSet
  return set.exclusions
}

/** Whether a record is left out, by its JSON alone: texts, booleans and decimals as they are written. */
export const isLeftOut = ({ text }: RawRecord, exclusions: readonly Exclusion[]): boolean => {
  const said: Record<string, unknown> = JSON.parse(text ?? 'null')
  const at = Date.parse(String(said.at))
  return exclusions.some(
    ({ eventType, from, to, fields, eventIds }) =>
      said.type === eventType &&
      said.amount !== 'junk' &&
      at >= (from ?? at) &&
      (to === null || at < to) &&
      (eventIds === null || eventIds.includes(String(said.id))) &&
      Object.entries(fields).every(([field, value]) => said[field] !== null && String(said[field]) === value),
  )
}
