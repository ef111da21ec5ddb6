import { estimateRegisters, registerOf } from '../../core/hyperloglog.ts'
import type { Sale, Sent } from './sale.ts'

/** One accepted record, as its producer knows it. */
export interface Accepted {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly arrivalTime: number
  readonly sent: Sent
}

/** A metric's answer: a cell's name to its value as text. */
export type Cells = Readonly<Record<string, string>>

interface Metric {
  readonly perMs: number
  /** How far its buckets are ahead of UTC's. */
  readonly aheadMs?: number
  readonly dims: (sale: Sale) => readonly (string | boolean | null)[]
  /** Whether the metric counts the sale at all. */
  readonly takes: (sale: Sale) => boolean
  readonly value: (sales: readonly Sale[]) => string
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const all = (): boolean => true

/** What the definitions mean, written again by hand. @param changed whether sales are those by express alone */
const metricsOf = (changed: boolean): Readonly<Record<string, Metric>> => ({
  sales: {
    perMs: hourMs,
    dims: ({ shop }) => [shop],
    takes: changed ? ({ express }) => express : all,
    value: (sales) => String(sales.length),
  },
  turnover: {
    perMs: dayMs,
    aheadMs: 5.5 * hourMs,
    dims: () => [],
    takes: all,
    value: (sales) => euros(sales.reduce((sum, { amount }) => sum + amount, 0)),
  },
  // In the very cells of turnover.
  'sales of a turnover': {
    perMs: dayMs,
    aheadMs: 5.5 * hourMs,
    dims: () => [],
    takes: all,
    value: (sales) => String(sales.length),
  },
  best: {
    perMs: dayMs,
    dims: ({ shop }) => [shop],
    takes: all,
    value: (sales) => euros(Math.max(...sales.map(({ amount }) => amount))),
  },
})

const euros = (cents: number): string => (cents / 100).toFixed(2)

export const cellName = (bucket: number, dims: readonly (string | number | boolean | null)[]): string =>
  `${bucket} ${JSON.stringify(dims)}`

const group = <Item>(items: readonly Item[], nameOf: (item: Item) => string): Map<string, Item[]> => {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const name = nameOf(item)
    const held = groups.get(name)
    if (held === undefined) groups.set(name, [item])
    else held.push(item)
  }
  return groups
}

/** Both sides' records, each once as its side is to count it. */
export interface Counted {
  readonly batch: readonly Accepted[]
  readonly speed: readonly Accepted[]
}

const salesOf = (records: readonly Accepted[]): Sale[] =>
  records.flatMap(({ sent }) => (sent.kind === 'sale' ? [sent] : []))

/** A metric's answer, recounted one by one. @param hash the hash that registers are made from */
export const recount = (
  name: string,
  { batch, speed }: Counted,
  changed: boolean,
  hash: (text: string) => bigint,
): Cells => {
  if (name === 'customers') return customers(salesOf(batch), salesOf(speed), hash)
  if (name === 'rejected') return rejected([...batch, ...speed])
  const metric = metricsOf(changed)[name]
  if (metric === undefined) throw new Error(`The oracle does not know ${name}.`)
  const { dims, takes, value } = metric
  const sales = [...salesOf(batch), ...salesOf(speed)].filter(takes)
  const groups = group(sales, (sale) => cellName(bucketAt(metric, sale), dims(sale)))
  return Object.fromEntries([...groups].map(([cell, members]) => [cell, value(members)]))
}

/** Exact where batch alone has a part in the cell, else the estimate of its registers. */
const customers = (batch: readonly Sale[], speed: readonly Sale[], hash: (text: string) => bigint): Cells => {
  const cellOf = ({ at, express }: Sale): string => cellName(Math.floor(at / dayMs) * dayMs, [express])
  const above = new Set(speed.map(cellOf))
  const cells = [...group([...batch, ...speed], cellOf)].map(([cell, members]) => {
    const distinct = new Set(members.map(({ customer }) => customer))
    return [cell, above.has(cell) ? `${estimated(distinct, hash)} or so` : String(distinct.size)]
  })
  return Object.fromEntries(cells)
}

const estimated = (texts: ReadonlySet<string>, hash: (text: string) => bigint): number => {
  const ranks = new Map<number, number>()
  for (const text of texts) {
    const { index, rank } = registerOf(hash(text))
    ranks.set(index, Math.max(rank, ranks.get(index) ?? 0))
  }
  return estimateRegisters([...ranks.values()])
}

const bucketAt = ({ perMs, aheadMs = 0 }: Pick<Metric, 'perMs' | 'aheadMs'>, { at }: Sale): number =>
  Math.floor((at + aheadMs) / perMs) * perMs

/** The bucket of a metric that a record falls in, whatever the metric takes; null: it is none of the metric's events. */
export const bucketOf = (name: string, { sent, arrivalTime }: Accepted): number | null => {
  if (name === 'rejected') return sent.kind === 'junk' ? Math.floor(arrivalTime / hourMs) * hourMs : null
  if (sent.kind === 'junk') return null
  const metric = name === 'customers' ? { perMs: dayMs } : metricsOf(false)[name]
  if (metric === undefined) throw new Error(`The oracle does not know ${name}.`)
  return bucketAt(metric, sent)
}

const rejected = (records: readonly Accepted[]): Cells => {
  const named = records.flatMap(({ sent, arrivalTime }) =>
    sent.kind === 'junk' ? [cellName(Math.floor(arrivalTime / hourMs) * hourMs, [sent.reason, sent.eventType])] : [],
  )
  return Object.fromEntries([...group(named, (name) => name)].map(([name, members]) => [name, String(members.length)]))
}

/** Of each event the record that comes first, by sequence number, then shard: what batch keeps. */
export const withoutTwins = (records: readonly Accepted[]): Accepted[] => {
  const inOrder = [...records].sort((a, b) => compare(placeOf(a), placeOf(b)))
  const seen = new Set<string>()
  return inOrder.filter((record) => {
    const identity = identityOf(record)
    if (seen.has(identity)) return false
    seen.add(identity)
    return true
  })
}

/** Of one shard's line (its ancestors first) the records that are no producer's retry: what the speed side keeps. */
export const withoutRetries = (
  records: readonly Accepted[],
  ancestorsOf: (shardId: string) => ReadonlySet<string>,
  windowMs: number,
): ReadonlySet<Accepted> => {
  const kept = new Set<Accepted>()
  const firsts = new Map<string, Accepted[]>()
  for (const record of [...records].sort((a, b) => compare(placeOf(a), placeOf(b)))) {
    const earlier = firsts.get(identityOf(record)) ?? []
    const isRetry = earlier.some(
      (first) =>
        (first.shardId === record.shardId || ancestorsOf(record.shardId).has(first.shardId)) &&
        Math.abs(first.arrivalTime - record.arrivalTime) <= windowMs,
    )
    if (isRetry) continue
    firsts.set(identityOf(record), [...earlier, record])
    kept.add(record)
  }
  return kept
}

const placeOf = ({ sequenceNumber, shardId }: Accepted): string => `${sequenceNumber}/${shardId}`
export const identityOf = (record: Accepted): string =>
  record.sent.kind === 'sale' ? `${record.sent.id}/${record.sent.at}` : placeOf(record)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The window's count of sales by shop: of the records counted, those that happened in [from, to). */
export const recountWindow = (records: readonly Accepted[], from: number, to: number, changed: boolean): Cells => {
  const { sales } = metricsOf(changed)
  const inside = salesOf(records).filter((sale) => sale.at >= from && sale.at < to && sales?.takes(sale) === true)
  return Object.fromEntries(
    [...group(inside, ({ shop }) => JSON.stringify([shop]))].map(([shop, { length }]) => [shop, String(length)]),
  )
}
