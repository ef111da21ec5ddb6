import { type Bucket, buckets, divides } from '../../core/bucket.ts'
import { canHold, keptText } from '../../core/kept.ts'
import type { DimensionData, MetricData, ModelData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import type { DayRange } from '../../core/zoned-metric.ts'
import type { DimensionCondition } from '../../sql/cells.ts'
import type { Layer } from '../../sql/states.ts'
import { type Cursor, readCursor } from './cursor.ts'
import { type AnsweredRange, readRange } from './range.ts'

/** What is asked of a metric, checked. */
export interface Question<Of> {
  readonly metric: Of
  /** null: the whole range as one. */
  readonly per: Bucket | null
  readonly by: readonly string[]
  readonly where: readonly DimensionCondition[]
  readonly layer: Layer | null
  /** Epoch ms, half-open, on the metric's own buckets' starts; null: unbounded. */
  readonly from: number | null
  readonly to: number | null
  /** Local dates, where they are no such instants. */
  readonly days: DayRange
  /** The range as the answer names it. */
  readonly range: AnsweredRange
  /** The rows of the greatest values alone, of each bucket; null: all. */
  readonly top: number | null
  readonly limit: number
  readonly cursor: Cursor | null
}

export type MetricQuestion = Question<MetricData>

/** What a question is read by: a metric's, or a derived one's. */
type Askable = Pick<MetricData, 'name' | 'per' | 'by' | 'zone'>

const known = new Set(['from', 'to', 'per', 'by', 'where', 'layer', 'top', 'limit', 'cursor'])
export const maxLimit = 10_000

/**
 * @param model holds the metric's zone
 * @throws Problem with status 400 that names what is allowed
 */
export const readQuestion = <Of extends Askable>(
  metric: Of,
  query: URLSearchParams,
  model: Pick<ModelData, 'zones'> = {},
): Question<Of> => {
  refuseUnknown(query, known)
  return {
    metric,
    per: readPer(metric, query.get('per')),
    by: readBy(metric, query.get('by')),
    where: query.getAll('where').map((condition) => readCondition(metric, condition)),
    layer: readLayer(query.get('layer')),
    ...readRange(metric, query, model),
    top: readTop(query.get('top')),
    limit: readLimit(query.get('limit')),
    cursor: readCursor(query.get('cursor')),
  }
}

/** @throws Problem unknown_parameter; repeated_parameter, for all but one would go unread (`where` alone may come again) */
export const refuseUnknown = (query: URLSearchParams, names: ReadonlySet<string>): void => {
  for (const name of query.keys()) {
    if (!names.has(name))
      throw new Problem('unknown_parameter', 400, `There is no parameter ${name}.`, { allowed: [...names] })
    if (name !== 'where' && query.getAll(name).length > 1)
      throw new Problem('repeated_parameter', 400, `${name} is given more than once.`)
  }
}

const readPer = (metric: Askable, per: string | null): Bucket | null => {
  if (per === null) return metric.per
  if (per === 'total') return null
  const allowed = buckets.filter((bucket) => divides(metric.per, bucket))
  const bucket = allowed.find((candidate) => candidate === per)
  if (bucket !== undefined) return bucket
  throw new Problem(
    'unknown_bucket',
    400,
    `${metric.name} is kept per ${metric.per}; it can't be answered per ${per}.`,
    { allowed: [...allowed, 'total'] },
  )
}

const readBy = (metric: Askable, by: string | null): string[] => {
  const names = by === null || by === '' ? [] : by.split(',')
  for (const name of names) dimensionOf(metric, name)
  if (new Set(names).size < names.length)
    throw new Problem('repeated_dimension', 400, `by names a dimension twice: ${by}.`)
  return names
}

const dimensionOf = (metric: Askable, name: string): DimensionData => {
  const dimension = metric.by.find((candidate) => candidate.name === name)
  if (dimension !== undefined) return dimension
  const allowed = metric.by.map((candidate) => candidate.name)
  throw new Problem('unknown_dimension', 400, `Metric ${metric.name} has no dimension ${name}.`, { allowed })
}

const readCondition = (metric: Askable, condition: string): DimensionCondition => {
  const split = condition.indexOf('=')
  if (split < 1) throw new Problem('invalid_where', 400, `where is ${condition}; it must be DIMENSION=VALUE.`)
  const found = dimensionOf(metric, condition.slice(0, split))
  const { name: dimension, type } = found
  const value = condition.slice(split + 1)
  if (type === 'string') return { dimension, value: refuseUnkept(metric, found, keptText(refuseNul(value))) }
  if (type === 'boolean' && (value === 'true' || value === 'false')) return { dimension, value: value === 'true' }
  if (type === 'integer' && /^-?\d{1,16}$/.test(value)) return { dimension, value: BigInt(value) }
  throw new Problem('invalid_where', 400, `${dimension} is a ${type}; ${value} is none.`)
}

const refuseNul = (value: string): string => {
  if (value.includes('\0')) throw new Problem('invalid_where', 400, 'No dimension holds the character NUL.')
  return value
}

/** No rows would look like no events. @throws Problem value_not_kept */
export const refuseUnkept = (metric: Pick<Askable, 'name'>, dimension: DimensionData, value: string): string => {
  const { name, keep } = dimension
  if (keep === undefined || canHold(dimension, value)) return value
  throw new Problem(
    'value_not_kept',
    400,
    `Metric ${metric.name} does not keep ${value} of ${name}: it is counted as ${keep.other}, with all others.`,
    { allowed: [...keep.values, keep.other] },
  )
}

const readLayer = (layer: string | null): Layer | null => {
  if (layer === null || layer === 'batch' || layer === 'speed') return layer
  throw new Problem('unknown_layer', 400, `There is no layer ${layer}.`, { allowed: ['batch', 'speed'] })
}

/** @throws Problem invalid_top */
export const readTop = (top: string | null): number | null => {
  if (top === null) return null
  const rows = Number(top)
  if (/^\d{1,5}$/.test(top) && rows >= 1 && rows <= maxLimit) return rows
  throw new Problem('invalid_top', 400, `top is ${top}; it must be a whole number from 1 to ${maxLimit}.`)
}

const readLimit = (limit: string | null): number => {
  if (limit === null) return maxLimit
  const rows = Number(limit)
  if (/^\d{1,5}$/.test(limit) && rows >= 1 && rows <= maxLimit) return rows
  throw new Problem('invalid_limit', 400, `limit is ${limit}; it must be a whole number from 1 to ${maxLimit}.`)
}
