import type { Model } from '../../core/model.ts'
import { placeInShard, type RawRecord } from '../../core/record.ts'
import { dimsKey } from '../../core/state.ts'

/** Its order is that of the stream: a blank comes before all that a place is continued by. */
export const placeOf = (record: RawRecord): string => `${placeInShard(record)} ${record.shardId}`

/** Of each event the record that comes first by its place in its shard, then by shard. */
export const winnersOf = <Record extends RawRecord>(model: Model, records: readonly Record[]): Record[] => {
  const winners = new Map<string, Record>()
  for (const record of records) {
    const { type, id, eventTime } = model.decode(record)
    const identity = dimsKey([type, id, String(eventTime)])
    const held = winners.get(identity)
    if (held === undefined || placeOf(record) < placeOf(held)) winners.set(identity, record)
  }
  return [...winners.values()]
}
