import { fixedComponents } from '../core/answer.ts'
import type { Bucket } from '../core/bucket.ts'
import { earliestMs, latestMs } from '../core/definition/quantity.ts'
import { registerCount } from '../core/hyperloglog.ts'
import { quantileSteps, stepsOf } from '../core/log-buckets.ts'
import type { MetricData } from '../core/model.ts'
import { type DayRange, dateText, hasLocalBuckets, isOfDays, keepsLocalDay, localDay } from '../core/zoned-metric.ts'
import { stateColumn } from './finish.ts'
import { type Layer, type Pin, statesSql, text, timestamp } from './states.ts'
import { quoted } from './table.ts'

/** A query for a metric's answer: one row a bucket and combination of dimensions. */
export interface CellsQuery {
  readonly metric: MetricData
  /** null: the whole range as one. */
  readonly per: Bucket | null
  readonly by: readonly string[]
  /** Conditions on dimensions as SQL, their values parameters. */
  readonly where: readonly string[]
  readonly layer: Layer | null
  /** Epoch ms, half-open; null: unbounded. */
  readonly from: number | null
  readonly to: number | null
  /** Of a metric in a zone; left out: unbounded. */
  readonly days?: DayRange
  readonly pin: Pin | null
}

/** One dimension that must hold one value. */
export interface DimensionCondition {
  readonly dimension: string
  readonly value: string | boolean | bigint
}

/** Texts become parameters: nothing that was asked enters SQL. An empty one can't be a parameter, and is written out. */
export const conditionSql = (
  { dimension, value }: DimensionCondition,
  place: number,
): { readonly sql: string; readonly parameters: Readonly<Record<string, string>> } => {
  const column = quoted(dimension)
  if (typeof value === 'boolean') return { sql: `${column} = ${value ? 'TRUE' : 'FALSE'}`, parameters: {} }
  if (typeof value === 'bigint') return { sql: `${column} = ${value}`, parameters: {} }
  if (value === '') return { sql: `${column} = ''`, parameters: {} }
  return { sql: `${column} = :where${place}`, parameters: { [`where${place}`]: value } }
}

/**
 * bucket, the dimensions of `by`, and `value`; for countDistinct also `exact` (boolean) and `freshColumn`; for a quantile `value` is the
 * bucket's code (core/log-buckets.ts); for a measure of several
 * components these instead of `value`, as `state_0`, … in the order of `fixedComponents`. Unordered.
 */
export const cellsSql = (query: CellsQuery): string => {
  const { measure } = query.metric
  if (measure.kind === 'countDistinct') return distinctSql(query)
  return measure.kind === 'quantile' ? quantileSql(query, measure.q) : mergedSql(query)
}

const bucketColumn = ({ per, metric }: CellsQuery): string => {
  if (per === null) return 'CAST(NULL AS TIMESTAMP)'
  if (per === metric.per) return 'bucket'
  const isOfLocalDays = keepsLocalDay(metric) && isOfDays(per)
  return `DATE_TRUNC('${per}', ${isOfLocalDays ? `CAST(${quoted(localDay)} AS TIMESTAMP)` : 'bucket'})`
}

const dayMs = 86_400_000

/** A literal has years of four digits. */
const inYears = (time: number): number => Math.min(Math.max(time, earliestMs), latestMs)

/** Local dates are the buckets themselves, as if they were UTC, or stand beside them as text, whose order is theirs. */
const dayConditions = ({ metric, days }: CellsQuery): string[] => {
  const bounds = [
    { comparison: '>=', bound: days?.from ?? null, around: -dayMs },
    { comparison: '<', bound: days?.to ?? null, around: dayMs },
  ]
  return bounds.flatMap(({ comparison, bound, around }) => {
    if (bound === null) return []
    if (hasLocalBuckets(metric)) return [`bucket ${comparison} ${timestamp(bound)}`]
    // Tables are sorted by bucket, which lies within a day of its local date.
    return [
      `${quoted(localDay)} ${comparison} ${text(dateText(bound))}`,
      `bucket ${comparison} ${timestamp(inYears(bound + around))}`,
    ]
  })
}

const grouping = ({ per, by }: CellsQuery): string[] => [...(per === null ? [] : ['bucket']), ...by.map(quoted)]

const groupBy = (columns: readonly string[]): string => (columns.length === 0 ? '' : `\nGROUP BY ${columns.join(', ')}`)

/** The states that the query is about, with `bucket` brought to its size. */
const selectedSql = (query: CellsQuery): string => {
  const conditions = [
    ...query.where,
    ...(query.layer === null ? [] : [`layer = ${text(query.layer)}`]),
    ...(query.from === null ? [] : [`bucket >= ${timestamp(query.from)}`]),
    ...(query.to === null ? [] : [`bucket < ${timestamp(query.to)}`]),
    ...dayConditions(query),
  ]
  const columns = ['layer', `${bucketColumn(query)} AS bucket`, ...query.by.map(quoted), 'component', 'value']
  const where = conditions.length === 0 ? '' : `\nWHERE ${conditions.join(' AND ')}`
  return `SELECT ${columns.join(', ')} FROM (\n${statesSql(query.metric, query.pin)}\n) states${where}`
}

const mergedSql = (query: CellsQuery): string => {
  const columns = [
    ...(query.per === null ? ['CAST(NULL AS TIMESTAMP) AS bucket'] : ['bucket']),
    ...query.by.map(quoted),
    ...mergedColumns(query.metric),
  ]
  // Without GROUP BY, SQL answers one row even where there is nothing; HAVING takes it back.
  return `SELECT ${columns.join(', ')} FROM (\n${selectedSql(query)}\n) selected${groupBy(grouping(query))}\nHAVING COUNT(*) > 0`
}

const mergedColumns = ({ measure }: MetricData): string[] => {
  const [only, ...others] = fixedComponents(measure) ?? []
  if (only === undefined)
    throw new Error(`The components of ${measure.kind} depend on its values; they are no columns.`)
  if (others.length === 0) return [`${only === 'min' ? 'MIN' : only === 'max' ? 'MAX' : 'SUM'}(value) AS value`]
  return [only, ...others].map(
    (component, place) =>
      `SUM(CASE WHEN component = ${text(component)} THEN value ELSE 0 END) AS ${stateColumn(place)}`,
  )
}

/** Of countDistinct: how many contributions the speed side has to a cell. */
export const freshColumn = stateColumn(0)

/** Named as no dimension can be. */
const [code, held, reached, total] = [0, 1, 2, 3].map(stateColumn)
const above = stateColumn(1)
const raised = stateColumn(2)
const inverseSum = stateColumn(3)
const exactValue = stateColumn(4)

/** `quantileCode` of core/log-buckets.ts: the first bucket, in the order of values, whose running count passes the rank. */
const quantileSql = (query: CellsQuery, q: number): string => {
  const columns = grouping(query)
  const partition = columns.length === 0 ? '' : `PARTITION BY ${columns.join(', ')}`
  const counted = `SELECT ${[...columns, `CAST(SUBSTRING(component, 2, 15) AS INTEGER) AS ${code}`, `SUM(value) AS ${held}`].join(', ')}
FROM (\n${selectedSql(query)}\n) selected
GROUP BY ${[...columns, 'component'].join(', ')}`
  const ranked = `SELECT ${[...columns, code].join(', ')},
SUM(${held}) OVER (${partition} ORDER BY ${code} ROWS UNBOUNDED PRECEDING) AS ${reached}, SUM(${held}) OVER (${partition}) AS ${total}
FROM (\n${counted}\n) counted`
  const bucket = query.per === null ? 'CAST(NULL AS TIMESTAMP) AS bucket' : 'bucket'
  return `SELECT ${[bucket, ...query.by.map(quoted), `MIN(${code}) AS value`].join(', ')} FROM (\n${ranked}\n) ranked
WHERE ${reached} * ${quantileSteps} > (${total} - 1) * ${stepsOf(q)}${groupBy(columns)}\nHAVING COUNT(*) > 0`
}

/** Which exact count of batch's answers the query, if any: one bucket by the full dimensions, or one bucket in total. */
const exactComponent = ({ metric, per, by, where }: CellsQuery): 'exact' | 'exact_total' | null => {
  if (per !== metric.per) return null
  if (metric.by.every(({ name }) => by.includes(name))) return 'exact'
  return by.length === 0 && where.length === 0 ? 'exact_total' : null
}

const isRegister = "component LIKE 'r%'"

/** Registers merge by MAX, then make the estimate; a cell that speed has no part in is answered by batch's exact count. */
const distinctSql = (query: CellsQuery): string => {
  const columns = grouping(query)
  const component = exactComponent(query)
  const exactCount =
    component === null ? 'CAST(NULL AS BIGINT)' : `MAX(CASE WHEN component = ${text(component)} THEN value END)`
  const merged = `SELECT ${[...columns, 'component'].join(', ')}, MAX(value) AS value, MAX(CASE WHEN layer = 'speed' THEN 1 ELSE 0 END) AS ${above},
SUM(CASE WHEN layer = 'speed' AND component = 'seen' THEN value ELSE 0 END) AS ${freshColumn}
FROM (\n${selectedSql(query)}\n) selected
WHERE component NOT LIKE 'exact%'${component === null ? '' : ` OR component = ${text(component)}`}
GROUP BY ${[...columns, 'component'].join(', ')}`
  const counted = `SELECT ${[
    ...columns,
    `${exactCount} AS ${exactValue}`,
    `MAX(${above}) AS ${above}`,
    `SUM(${freshColumn}) AS ${freshColumn}`,
    `SUM(CASE WHEN ${isRegister} THEN 1 ELSE 0 END) AS ${raised}`,
    `SUM(CASE WHEN ${isRegister} THEN POWER(CAST(2 AS DOUBLE PRECISION), -value) ELSE 0 END) AS ${inverseSum}`,
  ].join(', ')} FROM (\n${merged}\n) merged${groupBy(columns)}`
  const bucket = query.per === null ? 'CAST(NULL AS TIMESTAMP) AS bucket' : 'bucket'
  const isExact = `${above} = 0 AND ${exactValue} IS NOT NULL`
  return `SELECT ${[bucket, ...query.by.map(quoted)].join(', ')},
CASE WHEN ${isExact} THEN ${exactValue} ELSE ${estimateSql} END AS value,
CASE WHEN ${isExact} THEN TRUE ELSE FALSE END AS exact, ${freshColumn}
FROM (\n${counted}\n) counted WHERE ${raised} > 0`
}

/** `estimate` of core/hyperloglog.ts in SQL, from two columns of `distinctSql`. */
const zeros = `(${registerCount} - ${raised})`
const logZeros = `LN(CAST(${zeros} + 1 AS DOUBLE PRECISION))`
const beta = [0.070471823, 0.17393686, 0.16339839, -0.09237745, 0.03738027, -0.005384159, 0.00042419]
  .map((coefficient, power) => `${coefficient} * POWER(${logZeros}, ${power + 1})`)
  .join(' + ')
const alphaRegisters = (0.7213 / (1 + 1.079 / registerCount)) * registerCount
const estimateSql = `CAST(ROUND(${alphaRegisters} * ${raised} / (-0.370393911 * ${zeros} + ${beta} + ${zeros} + ${inverseSum})) AS BIGINT)`
