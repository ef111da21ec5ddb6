import { valueAt } from '../../core/definition/nested.ts'
import type { MetricData, Model } from '../../core/model.ts'
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
 * exactly, up to as many as there may be.
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
    .map((metric) => ({ metric, most: limits.get(metric.name) ?? usualValues, values: metric.by.map(() => new Set()) }))
  const byName = new Map(counted.map((one) => [one.metric.name, one]))
  for (const [place, text] of lines.entries()) {
    const decoded = decodedSample(model, text, place)
    if (decoded.rejection !== null) {
      const why = `${decoded.rejection.reason}: ${decoded.rejection.detail}`
      const { first = place + 1, count = 0 } = rejected.get(why) ?? {}
      rejected.set(why, { first, count: count + 1 })
      continue
    }
    for (const { metric, dims } of model.contributions(decoded, 'speed')) {
      const one = byName.get(metric)
      for (const [nth, values] of one?.values.entries() ?? [])
        if (values.size <= (one?.most ?? 0)) values.add(dims[nth])
    }
  }
  return {
    mistakes: counted.flatMap(({ metric, most, values }) =>
      values.flatMap((seen, nth) => (seen.size > most ? [unbounded(metric, nth, most)] : [])),
    ),
    notes: notesOf(rejected, lines.length),
  }
}

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

const unbounded = ({ name, by }: MetricData, nth: number, most: number): string =>
  `Metric ${name}: its dimension ${by[nth]?.name} has more than ${most} values in the sample, and each is a row of every bucket it occurs in. Bound it by a function of derive, such as (e) => (known.has(e.x) ? e.x : 'other'), or allow more: { values: ${10 * most} }.`
