import type { Bucket } from '../../core/bucket.ts'
import { type ConditionPlan, fieldNamed, type MetricPlan, type Value } from './plan.ts'
import type { FieldValue, Said, Story, Told } from './random-events.ts'

/**
 * What a metric should say, told from the events as they were meant: nothing here is of the product's own code. Values
 * are kept as they are, all of them; sets, sorting and whole numbers do the rest.
 */
export interface RecountedCell {
  readonly bucket: number | null
  readonly dims: readonly (string | null)[]
  /** Scaled; of a count one for each. */
  readonly values: bigint[]
  /** Combinations of what is counted distinct. */
  readonly distinct: Set<string>
  /** Whether anything above the marks is in it. */
  ofSpeed: boolean
}

export interface Counted {
  readonly said: Said
  readonly isSpeed: boolean
}

const hourMs = 3_600_000
const rememberedMs = 10 * 60_000

/** The events that count: below the marks each once, above them each that is no twin of one just before in its shard. */
export const countedOf = ({ lines, below }: Story): Counted[] => {
  const batch = [...lines].flatMap(([shardId, line]) => line.slice(0, below.get(shardId)))
  const inOrder = batch.toSorted(
    (a, b) =>
      Number(a.record.sequenceNumber) - Number(b.record.sequenceNumber) ||
      (a.record.shardId < b.record.shardId ? -1 : 1),
  )
  const kept = new Map<string, Told>()
  for (const told of inOrder) {
    const identity = identityOf(told)
    if (identity !== null && !kept.has(identity)) kept.set(identity, told)
  }
  const above = [...lines].flatMap(([shardId, line]) => {
    const firsts: Told[] = []
    for (const told of line) {
      const identity = identityOf(told)
      const isTwin = (first: Told): boolean =>
        identityOf(first) === identity && Math.abs(first.record.arrivalTime - told.record.arrivalTime) <= rememberedMs
      if (identity !== null && !firsts.some(isTwin)) firsts.push(told)
    }
    return firsts.filter(({ record }) => Number(record.sequenceNumber) > (below.get(shardId) ?? 0))
  })
  const saidOf = (all: Iterable<Told>, isSpeed: boolean): Counted[] =>
    [...all].flatMap(({ said }) => (said === null ? [] : [{ said, isSpeed }]))
  return [...saidOf(kept.values(), false), ...saidOf(above, true)]
}

/** null: it counts nowhere. */
const identityOf = ({ said, record }: Told): string | null => {
  if (said === null) return null
  const { event, id, at, values } = said
  if (at > record.arrivalTime + event.earlyHours * hourMs) return null
  if (event.lateHours !== null && at < record.arrivalTime - event.lateHours * hourMs) return null
  const parts = event.id.map((path) => (path === 'id' ? id : (values.get(path) ?? null)))
  const who = parts.every((part) => part === null) ? [record.shardId, record.sequenceNumber] : parts
  return JSON.stringify([event.name, at, who.map((part) => (part === null ? null : String(part)))])
}

export interface Asked {
  /** null: all as one. */
  readonly per: Bucket | null
  readonly by: readonly string[]
}

/** @param asked by which of the metric's dimensions, and per which bucket that its own divides */
export const recount = (
  metric: MetricPlan,
  counted: readonly Counted[],
  asked: Asked = metric,
): Map<string, RecountedCell> => {
  const cells = new Map<string, RecountedCell>()
  for (const { said, isSpeed } of counted) {
    if (said.event !== metric.event) continue
    for (const row of rowsOf(metric, said)) {
      const measured = measuredOf(metric, row)
      if (measured === null || !metric.where.every((condition) => holds(metric, condition, row))) continue
      const bucket = asked.per === null ? null : bucketOf(metric, asked.per, said.at)
      const dims = asked.by.map((path) => keptOf(metric, path, textOf(row(path))))
      const key = cellKey(bucket, dims)
      const cell = cells.get(key) ?? { bucket, dims, values: [], distinct: new Set<string>(), ofSpeed: false }
      cells.set(key, cell)
      cell.ofSpeed ||= isSpeed
      if (typeof measured === 'string') cell.distinct.add(measured)
      else cell.values.push(measured)
    }
  }
  return cells
}

export const cellKey = (bucket: number | null, dims: readonly (string | null)[]): string =>
  JSON.stringify([bucket, dims])

type Row = (path: string) => FieldValue

/** The event, or one row an element of the list. */
const rowsOf = ({ each }: MetricPlan, said: Said): Row[] => {
  const row: Row = (path) => said.values.get(path) ?? derivedOf(said, path)
  if (each === null) return [row]
  const list = said.values.get(each) ?? null
  return Array.isArray(list)
    ? list.map((element: Value | null) => (path: string) => (path === each ? element : row(path)))
    : []
}

const derivedOf = ({ event, at, values }: Said, path: string): Value | null => {
  const derived = event.derived.find(({ name }) => name === path)
  if (derived === undefined) return null
  if (derived.makes === 'hour') return BigInt(new Date(at).toISOString().slice(11, 13))
  const text = values.get(derived.makes.longerThanTwo) ?? null
  return typeof text === 'string' ? text.length > 2 : null
}

/** null: it has no part in the measure. */
const measuredOf = ({ measure }: MetricPlan, row: Row): bigint | string | null => {
  if (measure.kind === 'count') return 1n
  if (measure.kind === 'countDistinct') {
    const texts = measure.fields.map((field) => textOf(row(field)))
    return texts.includes(null) ? null : JSON.stringify(texts)
  }
  const value = row(measure.field)
  return typeof value === 'bigint' ? value : null
}

/** A value that the metric does not keep has the name of all others. */
const keptOf = ({ keep }: MetricPlan, path: string, text: string | null): string | null => {
  const kept = keep.get(path)
  if (kept === undefined || text === null) return text
  return kept.values.some((value) => value === text) ? text : kept.other
}

const textOf = (value: FieldValue): string | null => (value === null ? null : String(value))

const holds = ({ event }: MetricPlan, { field, op, values }: ConditionPlan, row: Row): boolean => {
  const actual = row(field)
  const [wanted = null] = values
  switch (op) {
    case 'is':
      return actual === wanted
    case 'not':
      return actual !== wanted
    case 'in':
      return values.some((one) => one === actual)
    case 'gte':
      return actual !== null && wanted !== null && order(actual as Value, wanted) >= 0
    case 'lt':
      return actual !== null && wanted !== null && order(actual as Value, wanted) < 0
    default:
      throw new Error(`${event.name} knows no ${op} of ${fieldNamed(event, field).path}.`)
  }
}

/** Texts by their code points, one after the other. */
const order = (a: Value, b: Value): number => {
  if (typeof a !== 'string' || typeof b !== 'string') return a === b ? 0 : a < b ? -1 : 1
  const [left, right] = [a, b].map((text) => Array.from(text, (letter) => letter.codePointAt(0) ?? 0))
  for (const [place, point] of (left ?? []).entries()) {
    const other = right?.[place]
    if (other === undefined) return 1
    if (point !== other) return point - other
  }
  return (left?.length ?? 0) - (right?.length ?? 0)
}

const formats = new Map<string, Intl.DateTimeFormat>()
const formatOf = (zone: string): Intl.DateTimeFormat => {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
  formats.set(zone, format)
  return format
}

const finer: Partial<Record<Bucket, number>> = { second: 1000, minute: 60_000, hour: hourMs }

/** The bucket's start, epoch ms; of a day or longer in a zone the local date's midnight as if it were UTC. */
const bucketOf = ({ zone }: MetricPlan, per: Bucket, at: number): number => {
  const sizeMs = finer[per]
  if (sizeMs !== undefined) return at - (((at % sizeMs) + sizeMs) % sizeMs)
  const date = zone === null ? new Date(at).toISOString().slice(0, 10) : formatOf(zone).format(at)
  if (per === 'year') return Date.parse(`${date.slice(0, 4)}-01-01T00:00:00Z`)
  if (per === 'month') return Date.parse(`${date.slice(0, 7)}-01T00:00:00Z`)
  const day = new Date(`${date}T00:00:00Z`)
  if (per === 'day') return day.getTime()
  while (day.getUTCDay() !== 1) day.setUTCDate(day.getUTCDate() - 1)
  return day.getTime()
}
