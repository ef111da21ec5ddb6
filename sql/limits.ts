import type { FieldData, LimitData, MetricData } from '../core/model.ts'
import { hasLocalBuckets, isOfDays, keepsLocalDay } from '../core/zoned-metric.ts'
import { cellsSql } from './cells.ts'
import { columnSql, latestSql, refOf } from './entities.ts'
import { gapsSql, text, timestamp } from './states.ts'
import { type Dialect, quoted } from './table.ts'

/** A limit, and what it is of in the model that is served. */
export interface LimitQuery {
  readonly limit: LimitData
  readonly metric: MetricData
  /** Where the bound is an entity's field: its versions, and the field. */
  readonly bound: { readonly versions: MetricData; readonly field: FieldData } | null
  readonly modelVersion: string
  readonly dialect: Dialect
  /** The first period watched, as buckets are told: epoch ms. */
  readonly since: number
}

/** What a crossing is written with besides what the query finds. */
export interface Finding {
  /** Of the watch, once this is written. */
  readonly revision: number
  /** Epoch ms. */
  readonly foundAt: number
}

const wide = 'DECIMAL(38, 0)'

/**
 * Writes each part of a limit whose value lies on the other side of it than was told last, with the next number: odd ones
 * are reached, even ones fallen back below. It writes nothing where another model is served, or an answer would have a
 * hole. The parameter `:definition` is the limit as JSON.
 */
export const findCrossingsSql = (query: LimitQuery, { revision, foundAt }: Finding): string => {
  const { limit, metric, bound, modelVersion } = query
  const gaps = [metric, ...(bound === null ? [] : [bound.versions])].map(
    (kept, place) => `CROSS JOIN (\n${gapsSql(kept)}\n) gaps_${place}`,
  )
  const isWhole = gaps.map((_, place) => ` AND gaps_${place}.gaps = 0`).join('')
  return `INSERT INTO ledger.limit_crossing (limit_name, period, limit_key, threshold, number, value, at_most, dataset_id, found_at, revision, place, definition, told)
SELECT ${text(limit.name)}, c.period, c.limit_key, c.threshold, c.number, CAST(c.value AS VARCHAR(40)), CAST(c.at_most AS VARCHAR(40)), live.live_dataset_id,
${timestamp(foundAt)}, ${revision}, c.place, CAST(:definition AS VARCHAR(65535)), 0
FROM (\n${crossingsSql(query)}\n) c
CROSS JOIN ledger.control live
CROSS JOIN ledger.model served
${gaps.join('\n')}
WHERE served.serving_version = ${text(modelVersion)}${isWhole}`
}

const crossingsSql = (query: LimitQuery): string => {
  const { limit, bound, dialect } = query
  const thresholds = limit.notifyAt.map((percent) => `SELECT ${percent} AS threshold`).join(' UNION ALL ')
  const atMost = 'amount' in limit.atMost ? `CAST(${limit.atMost.amount} AS ${wide})` : 'b.at_most'
  const isReached = `CASE WHEN ${atMost} IS NOT NULL AND p.value * 100 >= ${atMost} * h.threshold THEN 1 ELSE 0 END`
  return `SELECT p.period, p.limit_key, h.threshold, COALESCE(r.number, 0) + 1 AS number, p.value, ${atMost} AS at_most,
ROW_NUMBER() OVER (ORDER BY p.period, p.limit_key, h.threshold) AS place
FROM (\n${valuesSql(query)}\n) p
CROSS JOIN (${thresholds}) h
LEFT JOIN (
SELECT period, limit_key, threshold, MAX(number) AS number FROM ledger.limit_crossing
WHERE limit_name = ${text(limit.name)} GROUP BY period, limit_key, threshold
) r ON r.period = p.period AND r.limit_key = p.limit_key AND r.threshold = h.threshold${bound === null ? '' : boundsSql(bound, dialect)}
WHERE ${isReached} <> MOD(COALESCE(r.number, 0), 2)`
}

/** The values that are watched: those of the metric, and 0 where something was told and nothing is left. */
const valuesSql = ({ limit, metric, since }: LimitQuery): string => {
  const key = quoted(limit.each)
  const isOfDates = hasLocalBuckets(metric) || (keepsLocalDay(metric) && isOfDays(limit.per))
  const range = isOfDates ? { from: null, days: { from: since, to: null } } : { from: since }
  const cells = cellsSql({
    metric,
    per: limit.per,
    by: [limit.each],
    where: [],
    layer: null,
    to: null,
    pin: null,
    ...range,
  })
  return `SELECT period, limit_key, SUM(value) AS value FROM (
SELECT bucket AS period, CAST(${key} AS VARCHAR(256)) AS limit_key, CAST(value AS ${wide}) AS value FROM (\n${cells}\n) cells WHERE ${key} IS NOT NULL
UNION ALL
SELECT period, limit_key, CAST(0 AS ${wide}) AS value FROM ledger.limit_crossing WHERE limit_name = ${text(limit.name)}
) parts GROUP BY period, limit_key`
}

/** Of each entity that is not deleted the field, as an integer scaled as the metric's values are. */
const boundsSql = ({ versions, field }: NonNullable<LimitQuery['bound']>, dialect: Dialect): string => {
  const scaled = `${columnSql(field, dialect)} * CAST(${10 ** field.scale} AS DECIMAL(18, 0))`
  return `
LEFT JOIN (
SELECT CAST(latest.${quoted(refOf(versions))} AS VARCHAR(256)) AS limit_key, CAST(${scaled} AS ${wide}) AS at_most
FROM (\n${latestSql(versions, null)}\n) latest WHERE latest.value = 1
) b ON b.limit_key = p.limit_key`
}
