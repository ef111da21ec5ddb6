import type { Contribution } from '../../core/contribution.ts'
import { valueAt } from '../../core/definition/nested.ts'
import { type DimensionData, fieldOf, type MetricData, type Model } from '../../core/model.ts'
import type { Decoded } from '../../core/record.ts'
import { rejectedMetric } from '../../core/rejected.ts'

/**
 * How many values a dimension may have in a sample, where its metric doesn't say: as many rows as the API answers at
 * once (`limit`). What is split further can't be read whole.
 */
export const usualValues = 10_000

/** What a sample tells of definitions that compile. */
export interface SampleFindings {
  readonly mistakes: readonly string[]
  /** Of the events that would be rejected. */
  readonly notes: readonly string[]
}

/**
 * Decodes sample events as every layer does, as if each arrived when it happened, and counts each dimension's values:
 * exactly.
 * @param lines events as JSON
 * @param limits a metric's own `values`, by its name
 */
export const sampleFindings = (
  model: Model,
  lines: readonly string[],
  limits: ReadonlyMap<string, number>,
): SampleFindings => {
  const rejected = new Map<string, Rejections>()
  const counted = model.data.metrics
    .filter(({ name }) => name !== rejectedMetric('').name)
    .map((metric) => ({
      metric,
      most: limits.get(metric.name) ?? usualValues,
      values: metric.by.map((): Values => new Map()),
    }))
  const byName = new Map(counted.map((one) => [one.metric.name, one]))
  for (const [place, text] of lines.entries()) {
    const decoded = decodedSample(model, text, place)
    if (decoded.rejection !== null) {
      const why = `${decoded.rejection.reason}: ${decoded.rejection.detail}`
      const { first = place + 1, count = 0 } = rejected.get(why) ?? {}
      rejected.set(why, { first, count: count + 1 })
      continue
    }
    for (const { metric, dims } of onceEach(model.contributions(decoded, 'speed')))
      for (const [nth, values] of byName.get(metric)?.values.entries() ?? []) {
        const value = dims[nth] ?? null
        values.set(value, (values.get(value) ?? 0) + 1)
      }
  }
  return {
    mistakes: counted.flatMap(({ metric, most, values }) =>
      values.flatMap((seen, nth) => {
        const dimension = metric.by[nth]
        return dimension !== undefined && seen.size > most ? [unbounded(metric, dimension, seen, most)] : []
      }),
    ),
    notes: notesOf(rejected, lines.length),
  }
}

/** How often each value of a dimension was measured. */
type Values = Map<string | null, number>

/** One contribution of each event, or element, whose state has several components: all of one share their dims. */
const onceEach = (contributions: readonly Contribution[]): Contribution[] =>
  contributions.filter(({ metric, dims }, place) => {
    const before = contributions[place - 1]
    return before?.metric !== metric || before.dims !== dims
  })

interface Rejections {
  /** Its place among the events, from 1. */
  readonly first: number
  readonly count: number
}

/** A sample of something else may have as many reasons as events. */
const maxNotes = 20

const notesOf = (rejected: ReadonlyMap<string, Rejections>, events: number): string[] => {
  const notes = [...rejected].map(
    ([why, { first, count }]) =>
      `${count} of ${events} sample events would be rejected, the first is event ${first}: ${why}.`,
  )
  const more = [...rejected.values()].slice(maxNotes).reduce((sum, { count }) => sum + count, 0)
  return more === 0 ? notes : [...notes.slice(0, maxNotes), `${more} more would be rejected for other reasons.`]
}

/** When a sample came nobody knows: as it happened, so that `accept` refuses none. */
const decodedSample = (model: Model, text: string, place: number): Decoded => {
  const value: unknown = JSON.parse(text)
  const fields = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  const at = model.data.events.find(({ name }) => name === fields.type)?.at ?? 'at'
  const time = Object.hasOwn(fields, at) ? fields[at] : valueAt(fields, at.split('.'))
  const arrivalTime = typeof time === 'number' ? time : Date.parse(String(time))
  const stream = { shardId: 'sample', sequenceNumber: String(place).padStart(64, '0') }
  return model.decode({ ...stream, arrivalTime: Number.isNaN(arrivalTime) ? 0 : arrivalTime, text })
}

const unbounded = ({ name }: MetricData, dimension: DimensionData, seen: Values, most: number): string =>
  `Metric ${name}: its dimension ${dimension.name} has more than ${most} values in the sample, and each is a row of every bucket it occurs in. ${mendOf(dimension, seen, most)}, or allow more: { values: ${10 * most} }.`

const mendOf = (dimension: DimensionData, seen: Values, most: number): string => {
  if (dimension.keep !== undefined) return 'Keep fewer'
  if (dimension.type !== 'string') return 'Split by a text that derive makes of it, such as a range'
  const { values, part } = commonestOf(seen, most)
  return `Keep the commonest, ${part} of what it counts, and count all others as other: { keep: { ${keyText(fieldOf(dimension))}: [${values.map(valueText).join(', ')}] } }`
}

/** As many as are read at a glance. */
const maxProposed = 10

/** The commonest values of a sample, so few that with `other` and null they are no more than there may be. */
const commonestOf = (seen: Values, most: number): { readonly values: readonly string[]; readonly part: string } => {
  const room = Math.max(1, Math.min(maxProposed, most - 1 - (seen.has(null) ? 1 : 0)))
  const commonest = [...seen]
    .flatMap(([value, count]) => (value === null || value === 'other' ? [] : [{ value, count }]))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, room)
  const all = [...seen.values()].reduce((sum, count) => sum + count, 0)
  const kept = commonest.reduce((sum, { count }) => sum + count, 0)
  return { values: commonest.map(({ value }) => value), part: `${((100 * kept) / all).toFixed(1)}%` }
}

const keyText = (field: string): string => (/^[A-Za-z_]\w*$/.test(field) ? field : `'${field}'`)

/** As it would be written. */
const valueText = (value: string): string => (/['\\\p{Cc}]/u.test(value) ? JSON.stringify(value) : `'${value}'`)
