import { estimateRegisters, registerOf } from '../../core/hyperloglog.ts'
import { type Sale, type Sent, shopOf } from './sale.ts'

/** One accepted record, as its producer knows it. */
export interface Accepted {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly arrivalTime: number
  readonly sent: Sent
  /** Its place among all records, as a text that sorts. */
  readonly place: string
  /** Records of one event have the same. */
  readonly identity: string
  /** By metric the cell that it falls in, whatever the metric takes; none where it is none of the metric's events. */
  readonly cells: Readonly<Record<string, Cell>>
}

/** Where in a metric's answer something counts. */
interface Cell {
  /** Epoch ms. */
  readonly bucket: number
  readonly name: string
}

/** A metric's answer: a cell's name to its value as text. */
export type Cells = ReadonlyMap<string, string>

interface Placing {
  readonly perMs: number
  /** How far its buckets are ahead of UTC's. */
  readonly aheadMs?: number
  readonly dims: (sale: Sale) => readonly (string | boolean | null)[]
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const kolkatasDays: Placing = { perMs: dayMs, aheadMs: 5.5 * hourMs, dims: () => [] }

/** What the definitions mean, written again by hand: where a sale counts. */
const placings: Readonly<Record<string, Placing>> = {
  sales: { perMs: hourMs, dims: (sale) => [shopOf(sale)] },
  turnover: kolkatasDays,
  // In the very cells of turnover.
  'sales of a turnover': kolkatasDays,
  best: { perMs: dayMs, dims: (sale) => [shopOf(sale)] },
  customers: { perMs: dayMs, dims: ({ express }) => [express] },
}

const count = (sales: readonly Sale[]): string => String(sales.length)

/** And what it comes to. */
const values: Readonly<Record<string, (sales: readonly Sale[]) => string>> = {
  sales: count,
  turnover: (sales) => euros(sales.reduce((sum, { amount }) => sum + amount, 0)),
  'sales of a turnover': count,
  best: (sales) => euros(Math.max(...sales.map(({ amount }) => amount))),
}

type Takes = (sale: Sale) => boolean
const byExpress: Takes = ({ express }) => express
const byMail: Takes = ({ express }) => !express

/** By definitions, in the order of definitions.ts: the metrics that do not take every sale. */
const taken: readonly Readonly<Record<string, Takes>>[] = [{}, { sales: byExpress }, { sales: byMail, best: byMail }]

const all: Takes = () => true

/** Whether a metric counts a sale at all. @param definitions their place in definitions.ts */
export const takesOf = (definitions: number, metric: string): Takes => taken[definitions]?.[metric] ?? all

const euros = (cents: number): string => (cents / 100).toFixed(2)

export const cellName = (bucket: number, dims: readonly (string | number | boolean | null)[]): string =>
  `${bucket} ${JSON.stringify(dims)}`

/** A record, with all that is the same at every recount of it. */
export const accept = (record: Pick<Accepted, 'shardId' | 'sequenceNumber' | 'arrivalTime' | 'sent'>): Accepted => {
  const { shardId, sequenceNumber, arrivalTime, sent } = record
  const place = `${sequenceNumber}/${shardId}`
  if (sent.kind === 'sale') return { ...record, place, identity: `${sent.id}/${sent.at}`, cells: cellsOf(sent) }
  const bucket = Math.floor(arrivalTime / hourMs) * hourMs
  const rejected = { bucket, name: cellName(bucket, [sent.reason, sent.eventType]) }
  return { ...record, place, identity: place, cells: { rejected } }
}

const cellsOf = (sale: Sale): Accepted['cells'] =>
  Object.fromEntries(
    Object.entries(placings).map(([metric, { perMs, aheadMs = 0, dims }]) => {
      const bucket = Math.floor((sale.at + aheadMs) / perMs) * perMs
      return [metric, { bucket, name: cellName(bucket, dims(sale)) }]
    }),
  )

/** The bucket of a metric that a record falls in, whatever the metric takes; null: it is none of the metric's events. */
export const bucketOf = (name: string, { cells }: Accepted): number | null => {
  if (!(name in placings) && name !== 'rejected') throw new Error(`The oracle does not know ${name}.`)
  return cells[name]?.bucket ?? null
}

/** Both sides' records, each once as its side is to count it. */
export interface Counted {
  readonly batch: readonly Accepted[]
  readonly speed: readonly Accepted[]
}

/** A metric's answer, recounted one by one. @param definitions their place in definitions.ts @param hash the hash that registers are made from */
export const recount = (
  name: string,
  { batch, speed }: Counted,
  definitions: number,
  hash: (text: string) => bigint,
): Cells => {
  if (name === 'customers') return customers(batch, speed, hash)
  if (name === 'rejected') return rejected([batch, speed])
  const [value, takes] = [values[name], takesOf(definitions, name)]
  if (value === undefined) throw new Error(`The oracle does not know ${name}.`)
  const groups = new Map<string, Sale[]>()
  for (const side of [batch, speed])
    for (const { sent, cells } of side) {
      const cell = cells[name]
      if (sent.kind !== 'sale' || cell === undefined || !takes(sent)) continue
      const held = groups.get(cell.name)
      if (held === undefined) groups.set(cell.name, [sent])
      else held.push(sent)
    }
  const counted = new Map<string, string>()
  for (const [cell, sales] of groups) counted.set(cell, value(sales))
  return counted
}

/** Exact where batch alone has a part in the cell, else the estimate of its registers. */
const customers = (batch: readonly Accepted[], speed: readonly Accepted[], hash: (text: string) => bigint): Cells => {
  const distinct = new Map<string, Set<string>>()
  const above = new Set<string>()
  for (const side of [batch, speed])
    for (const {
      sent,
      cells: { customers: cell },
    } of side) {
      if (sent.kind !== 'sale' || cell === undefined) continue
      if (side === speed) above.add(cell.name)
      const held = distinct.get(cell.name)
      if (held === undefined) distinct.set(cell.name, new Set([sent.customer]))
      else held.add(sent.customer)
    }
  const counted = new Map<string, string>()
  for (const [cell, texts] of distinct)
    counted.set(cell, above.has(cell) ? `${estimated(texts, hash)} or so` : String(texts.size))
  return counted
}

const estimated = (texts: ReadonlySet<string>, hash: (text: string) => bigint): number => {
  const ranks = new Map<number, number>()
  for (const text of texts) {
    const { index, rank } = registerOf(hash(text))
    ranks.set(index, Math.max(rank, ranks.get(index) ?? 0))
  }
  return estimateRegisters([...ranks.values()])
}

const rejected = (sides: readonly (readonly Accepted[])[]): Cells => {
  const counts = new Map<string, number>()
  for (const side of sides)
    for (const { cells } of side)
      if (cells.rejected !== undefined) counts.set(cells.rejected.name, (counts.get(cells.rejected.name) ?? 0) + 1)
  return new Map([...counts].map(([cell, records]) => [cell, String(records)]))
}

/** Of each event the record that comes first, by sequence number, then shard: what batch keeps. */
export const withoutTwins = (records: readonly Accepted[]): Accepted[] => {
  const seen = new Set<string>()
  return [...records].sort(inOrder).filter(({ identity }) => {
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
  for (const record of [...records].sort(inOrder)) {
    const earlier = firsts.get(record.identity) ?? []
    const isRetry = earlier.some(
      (first) =>
        (first.shardId === record.shardId || ancestorsOf(record.shardId).has(first.shardId)) &&
        Math.abs(first.arrivalTime - record.arrivalTime) <= windowMs,
    )
    if (isRetry) continue
    firsts.set(record.identity, [...earlier, record])
    kept.add(record)
  }
  return kept
}

const inOrder = (a: Accepted, b: Accepted): number => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0)

/** The window's count of sales by shop: of the records counted, those that happened in [from, to). */
export const recountWindow = (records: readonly Accepted[], from: number, to: number, definitions: number): Cells => {
  const takes = takesOf(definitions, 'sales')
  const counts = new Map<string, number>()
  for (const { sent } of records) {
    if (sent.kind !== 'sale' || sent.at < from || sent.at >= to || !takes(sent)) continue
    const shop = JSON.stringify([shopOf(sent)])
    counts.set(shop, (counts.get(shop) ?? 0) + 1)
  }
  return new Map([...counts].map(([shop, sales]) => [shop, String(sales)]))
}
