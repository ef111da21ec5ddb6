import type { ArchivedRecord } from './archived.ts'
import type { OrderFact } from './facts.ts'

/** One value of a metric's, by the recount. */
export interface Counted {
  /** Epoch ms. */
  readonly bucket: number
  readonly dims: readonly (string | null)[]
  /** Scaled to a whole number: cents, pieces, orders, customers. */
  readonly value: number
  /** Some of the records counted, to look at where it differs. */
  readonly places: readonly string[]
}

/** One of `definitions/`, once more in plain words. */
export interface PlainMetric {
  readonly name: string
  readonly by: readonly string[]
  /** Decimals of the served value. */
  readonly scale: number
  readonly measure: 'count' | 'sum' | 'min' | 'max' | 'countDistinct'
  readonly bucketMs: number
  /** The bucket's time, dimensions and value of one record; null where it contributes nothing. */
  readonly take: (record: ArchivedRecord) => { at: number; dims: (string | null)[]; value: number | string } | null
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs

const ofOrder =
  (take: (order: OrderFact) => { dims: (string | null)[]; value: number | string | null }): PlainMetric['take'] =>
  ({ fact }) => {
    if (fact.kind !== 'order') return null
    const { dims, value } = take(fact)
    return value === null ? null : { at: fact.at, dims, value }
  }

export const plainMetrics: readonly PlainMetric[] = [
  {
    name: 'orders',
    by: ['shop', 'channel'],
    scale: 0,
    measure: 'count',
    bucketMs: minuteMs,
    take: ofOrder(({ shop, channel }) => ({ dims: [shop, channel], value: 1 })),
  },
  {
    name: 'revenue',
    by: ['shop'],
    scale: 2,
    measure: 'sum',
    bucketMs: hourMs,
    take: ofOrder(({ shop, cents }) => ({ dims: [shop], value: cents })),
  },
  {
    name: 'smallest',
    by: ['shop'],
    scale: 2,
    measure: 'min',
    bucketMs: minuteMs,
    take: ofOrder(({ shop, cents }) => ({ dims: [shop], value: cents })),
  },
  {
    name: 'most_pieces',
    by: [],
    scale: 0,
    measure: 'max',
    bucketMs: minuteMs,
    take: ofOrder(({ channel, pieces }) => ({ dims: [], value: channel === 'web' ? pieces : null })),
  },
  {
    name: 'customers',
    by: ['shop'],
    scale: 0,
    measure: 'countDistinct',
    bucketMs: hourMs,
    take: ofOrder(({ shop, customer }) => ({ dims: [shop], value: customer })),
  },
  {
    name: 'rejected',
    by: ['reason', 'event_type'],
    scale: 0,
    measure: 'count',
    bucketMs: hourMs,
    take: ({ fact, arrivalTime }) =>
      fact.kind === 'rejected' ? { at: arrivalTime, dims: [fact.reason, fact.eventType], value: 1 } : null,
  },
]

/**
 * Which of the records that share an identity count: the first of all (`stream`: lowest sequence number, then shard), the first of
 * each shard, or every one.
 */
export type Winners = 'stream' | 'shard' | 'all'

export const winners = (records: readonly ArchivedRecord[], which: Winners): ArchivedRecord[] => {
  const ordered = records.toSorted(
    (a, b) => compare(a.sequenceNumber, b.sequenceNumber) || compare(a.shardId, b.shardId),
  )
  const seen = new Set<string>()
  return ordered.filter(({ fact, shardId }) => {
    if (fact.kind !== 'order' || which === 'all') return true
    const identity = `${which === 'shard' ? shardId : ''}/${fact.id}/${fact.at}`
    return !seen.has(identity) && seen.add(identity)
  })
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The key under which an answer's row and a recount's meet. */
export const keyOf = (bucket: number, dims: readonly (string | null)[]): string => JSON.stringify([bucket, ...dims])

/** Counts a metric of these records, plainly. */
export const recount = (metric: PlainMetric, records: readonly ArchivedRecord[]): Map<string, Counted> => {
  const groups = new Map<
    string,
    { bucket: number; dims: (string | null)[]; values: (number | string)[]; places: string[] }
  >()
  for (const record of records) {
    const taken = metric.take(record)
    if (taken === null) continue
    const bucket = Math.floor(taken.at / metric.bucketMs) * metric.bucketMs
    const key = keyOf(bucket, taken.dims)
    const group = groups.get(key) ?? { bucket, dims: taken.dims, values: [], places: [] }
    groups.set(key, group)
    group.values.push(taken.value)
    if (group.places.length < 5) group.places.push(`${record.shardId}/${record.sequenceNumber}`)
  }
  const counted = [...groups].map(([key, { bucket, dims, values, places }]): [string, Counted] => [
    key,
    { bucket, dims, value: measured(metric.measure, values), places },
  ])
  return new Map(counted)
}

const measured = (measure: PlainMetric['measure'], values: readonly (number | string)[]): number => {
  if (measure === 'count') return values.length
  if (measure === 'countDistinct') return new Set(values).size
  const numbers = values.map(Number)
  return numbers.reduce(
    measure === 'sum' ? (a, b) => a + b : measure === 'min' ? (a, b) => Math.min(a, b) : (a, b) => Math.max(a, b),
  )
}
