import type { Contribution, MergeOp, Part } from './contribution.ts'
import { versionComponent } from './entity.ts'
import type { Hash64 } from './hash.ts'
import { histogramParts } from './histogram.ts'
import { registerOf } from './hyperloglog.ts'
import { dimensionReader, keptText, textOf } from './kept.ts'
import { keptComponent } from './kept-event.ts'
import { quantileParts } from './log-buckets.ts'
import {
  type ConditionData,
  keepers,
  type LatestMeasure,
  type MetricData,
  type Model,
  type ModelData,
  type Scalar,
} from './model.ts'
import { meanParts, stddevParts } from './moments.ts'
import type { Decoded, Row } from './record.ts'
import { registerComponent } from './state.ts'
import { type Placing, placingOf } from './zoned-metric.ts'

type Layer = 'batch' | 'speed'

interface MetricContributor {
  readonly metric: MetricData
  readonly matches: (row: Row) => boolean
  readonly placing: Placing
  /** The metric's own dimensions, in their order: what it keeps of each value. */
  readonly dims: readonly ((row: Row) => string | null)[]
  /** @param decoded what the row is of, which an entity's version needs; null: a child as it is now */
  readonly parts: (row: Row, layer: Layer, decoded: Decoded | null) => readonly Part[]
}

/** Every metric's contributions of a decoded record, in the metric's own buckets. */
export const contributor = (data: ModelData, hash: Hash64): Model['contributions'] => {
  const byEvent = group(keepers(data).map((metric) => metricContributor(metric, placingOf(data, metric), hash)))
  return (decoded, layer) => contribute(byEvent, decoded, layer)
}

/** The contributions to sliding windows, in slices instead of buckets. */
export const liveContributor = (data: ModelData, hash: Hash64): Model['liveContributions'] => {
  const live = data.metrics.flatMap((metric) => {
    const { sliceMs } = metric
    if (sliceMs === null) return []
    const bucketOf: Placing['bucketOf'] = (time) => Math.floor(time / sliceMs) * sliceMs
    return [metricContributor(metric, { bucketOf, dayOf: null }, hash)]
  })
  const byEvent = group(live)
  return (decoded) => contribute(byEvent, decoded, 'speed')
}

const group = (contributors: readonly MetricContributor[]): Map<string, MetricContributor[]> => {
  const groups = new Map<string, MetricContributor[]>()
  for (const one of contributors) groups.set(one.metric.event, [...(groups.get(one.metric.event) ?? []), one])
  return groups
}

const contribute = (
  byEvent: ReadonlyMap<string, readonly MetricContributor[]>,
  decoded: Decoded,
  layer: Layer,
): Contribution[] => {
  const { type, eventTime, row } = decoded
  const contributions: Contribution[] = []
  for (const { metric, matches, placing, dims: readers, parts } of byEvent.get(type) ?? [])
    for (const measured of measuredRows(metric, row)) {
      if (!matches(measured)) continue
      const bucket = placing.bucketOf(eventTime)
      const own = readers.map((dim) => dim(measured))
      const dims = placing.dayOf === null ? own : [...own, placing.dayOf(eventTime)]
      // Exact counts are per bucket, which holds two local dates where a zone's offset is no whole number of buckets.
      const undated = placing.dayOf === null ? own : [...own, null]
      for (const part of parts(measured, layer, decoded))
        contributions.push({ metric: metric.name, bucket, dims: part.distinct === true ? undated : dims, ...part })
    }
  return contributions
}

/** The event's row, or one for each element of the metric's list, which then stands in the list's place. */
const measuredRows = ({ each }: MetricData, row: Row): readonly Row[] => {
  if (each === undefined) return [row]
  const list = row[each.field]
  return Array.isArray(list) ? list.map((element) => ({ ...row, [each.field]: element })) : []
}

const metricContributor = (metric: MetricData, placing: Placing, hash: Hash64): MetricContributor => ({
  metric,
  matches: matcher(metric.where),
  placing,
  dims: metric.by.map(dimensionReader),
  parts: partsOf(metric, hash),
})

export const matcher = (conditions: readonly ConditionData[]): ((row: Row) => boolean) => {
  const tests = conditions.map(({ field, op, value }) => ({ field, test: conditionTest(op, value) }))
  return (row) => tests.every(({ field, test }) => test(comparable(row[field])))
}

/** Decimals are bigint in a row and integers in a condition; texts as they are kept; a missing field is null. */
const comparable = (value: unknown): Scalar => {
  if (typeof value === 'string') return keptText(value)
  return typeof value === 'bigint' ? Number(value) : ((value ?? null) as Scalar)
}

const conditionTest = (op: ConditionData['op'], value: ConditionData['value']): ((actual: Scalar) => boolean) => {
  switch (op) {
    case 'is':
      return (actual) => actual === value
    case 'not':
      return (actual) => actual !== value
    case 'in':
      return (actual) => Array.isArray(value) && value.includes(actual)
    case 'gte':
      return (actual) => actual !== null && value !== null && compareScalars(actual, value as Scalar) >= 0
    case 'lt':
      return (actual) => actual !== null && value !== null && compareScalars(actual, value as Scalar) < 0
  }
}

/** Texts compare by their UTF-8 bytes, as SQL's C collation does. */
const compareScalars = (a: Scalar, b: Scalar): number =>
  typeof a === 'string' && typeof b === 'string'
    ? Buffer.compare(Buffer.from(a), Buffer.from(b))
    : Number(a) - Number(b)

/** A version is worth 1, and 0 where it deletes its entity. */
const versionParts = ({ latest, deleted }: LatestMeasure): MetricContributor['parts'] => {
  const isDeleted = deleted === null ? () => false : matcher(deleted)
  return (row, _, decoded) => {
    if (decoded?.body === undefined) return []
    const component = versionComponent(Number(row[latest]), decoded.place)
    return [{ component, op: 'max', value: isDeleted(row) ? 0 : 1, body: decoded.body, latest: true }]
  }
}

const keptParts: MetricContributor['parts'] = (_row, _layer, decoded) =>
  decoded?.body === undefined ? [] : [{ component: keptComponent(decoded), op: 'sum', value: 1, body: decoded.body }]

const counted: readonly Part[] = [{ component: 'count', op: 'sum', value: 1 }]

export const partsOf = ({ measure }: Pick<MetricData, 'measure'>, hash: Hash64): MetricContributor['parts'] => {
  switch (measure.kind) {
    case 'count':
      return () => counted
    case 'sum':
    case 'min':
    case 'max':
      return quantityParts(measure.field, only(measure.kind))
    case 'mean':
      return quantityParts(measure.field, meanParts)
    case 'stddev':
      return quantityParts(measure.field, stddevParts)
    case 'quantile':
      return quantityParts(measure.field, quantileParts)
    case 'histogram':
      return quantityParts(measure.field, histogramParts(measure.edges))
    case 'countDistinct':
      return distinctParts(measure.fields, hash)
    case 'latest':
      return versionParts(measure)
    case 'kept':
      return keptParts
  }
}

const only =
  (op: MergeOp) =>
  (value: number): readonly Part[] => [{ component: op, op, value }]

/** A null has no part in any measure of its field. */
const quantityParts = (field: string, parts: (value: number) => readonly Part[]): MetricContributor['parts'] => {
  return (row) => {
    const value = row[field]
    return value === null || value === undefined ? [] : parts(Number(value))
  }
}

/** Batch gets each distinct value besides its register, so that it can count exactly. */
const distinctParts = (fields: readonly string[], hash: Hash64): MetricContributor['parts'] => {
  const [first = ''] = fields
  const textOfValues = fields.length === 1 ? (row: Row) => textOf(row[first]) : (row: Row) => combinationOf(row, fields)
  return (row, layer) => {
    const text = textOfValues(row)
    if (text === null) return []
    const { index, rank } = registerOf(hash(text))
    const parts: Part[] = [
      { component: 'seen', op: 'sum', value: 1 },
      { component: registerComponent(index), op: 'max', value: rank },
    ]
    return layer === 'speed' ? parts : [...parts, { component: `=${text}`, op: 'max', value: 1, distinct: true }]
  }
}

/** A combination with a null in it is skipped, as SQL's COUNT(DISTINCT a, b) does. */
const combinationOf = (row: Row, fields: readonly string[]): string | null => {
  const values = fields.map((field) => textOf(row[field]))
  return values.includes(null) ? null : JSON.stringify(values)
}
