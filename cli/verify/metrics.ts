import type { ConditionData, MetricData, Scalar } from '../../core/model.ts'
import type { Receipt } from '../answers.ts'
import type { Interval } from '../time.ts'
import { bucketSql } from './buckets.ts'
import { eventTable, fieldColumn } from './events.ts'
import { appliedRevision } from './exclusions.ts'
import { fieldSql } from './fields.ts'
import { identifier, quoted, withoutBlanks } from './sql-text.ts'

/** The metric that counts refused records: its rows come from the table of these. */
const rejectedMetric = 'rejected'

/** What a receipt says of the records that an answer counts, by shard, as padded sequence numbers. */
export interface Bounds {
  readonly positions: Readonly<Record<string, string>>
  readonly tidemark: Readonly<Record<string, string>>
  readonly exclusions: Receipt['exclusions']
}

/**
 * The metric's cells, `bucket` (epoch ms), `d0` … (text or NULL), `value` (as text: an integer, decimals scaled; of mean, stddev,
 * quantile and histogram the list that `finished` makes one of), of the records
 * that the bounds let in and whose bucket starts in the interval. Below its shard's mark a record counts once for each
 * event (of twins, the lowest in stream order); above it, unless its producer had sent it before (`repeats`). What was excluded
 * then and there is left out before twins are looked for.
 */
export const recountSql = (metric: MetricData, bounds: Bounds, interval: Interval): string => {
  const dims = metric.by.map(
    (dimension, index) =>
      `${keptSql(dimension, dimensionText(metric, dimension.field ?? dimension.name))} AS d${index}`,
  )
  const groups = ['bucket', ...metric.by.map((_, index) => `d${index}`)].join(', ')
  return `WITH bounds(shard, mark, bound) AS (${boundsRows(bounds)}),
  located AS (
    SELECT e.*, b.mark IS NOT NULL AND e.seq <= b.mark AS settled
    FROM ${sourceOf(metric)} e JOIN bounds b ON b.shard = e.shard AND e.seq <= b.bound
  ), applied AS (
    SELECT *, ${appliedRevision(bounds.exclusions)} AS revision FROM located
  ), placed AS (
    SELECT * FROM applied ANTI JOIN left_out USING (revision, shard, seq, sub)
  ), counted AS (
    ${onceEach(metric)}
  ), cells AS (
    SELECT epoch_ms(${bucketSql(metric, 'event_time')}) AS bucket${dims.map((dim) => `, ${dim}`).join('')},
      ${measured(metric)} AS measured
    FROM ${measuredRows(metric)} WHERE ${conditions(metric)}
  )
  SELECT ${groups}, CAST(${aggregate(metric)} AS VARCHAR) AS value FROM cells
  WHERE measured IS NOT NULL AND bucket >= ${interval.from} AND bucket < ${interval.to} GROUP BY ${groups}`
}

/** Each event, or each element of its list, which is read as a field of a document that holds nothing else. */
const measuredRows = ({ each }: MetricData): string => {
  if (each === undefined) return 'counted'
  const column = fieldColumn(each.field)
  const element = fieldSql(each.element).value
  return `(
      SELECT * REPLACE (${each.element.kind === 'string' ? withoutBlanks(element) : element} AS ${column}) FROM (
        SELECT counted.*, json_object(${quoted(each.field)}, unnest(CAST(${column} AS JSON[]))) AS doc FROM counted
        WHERE json_type(${column}) = 'ARRAY'
      ) elements
    ) measured_rows`
}

/** The buckets that hold all of the metric's events, as epoch ms `first` and `next`; NULLs where there are none. */
export const rangeSql = (metric: MetricData): string => {
  const start = (time: string): string => bucketSql(metric, time)
  return `SELECT epoch_ms(${start('min(event_time)')}) AS first, epoch_ms(${start('max(event_time)')} + INTERVAL 1 ${metric.per}) AS next
  FROM ${sourceOf(metric)} e`
}

const isRejected = (metric: MetricData): boolean => metric.name === rejectedMetric

const sourceOf = (metric: MetricData): string =>
  isRejected(metric) ? 'refused' : `(SELECT * FROM ${eventTable(metric.event)} WHERE reason IS NULL)`

const onceEach = (metric: MetricData): string =>
  isRejected(metric)
    ? 'SELECT * FROM placed'
    : `SELECT * FROM placed ANTI JOIN repeats USING (shard, seq, sub) WHERE NOT settled
    UNION ALL
    SELECT * FROM placed WHERE settled
    QUALIFY row_number() OVER (PARTITION BY identity, event_time ORDER BY seq, sub, shard) = 1`

/** The mark may lie above the speed position: batch then holds records that speed has yet to reach. */
const boundsRows = ({ positions, tidemark }: Bounds): string => {
  const shards = [...new Set([...Object.keys(positions), ...Object.keys(tidemark)])]
  const rows = shards.map((shard) => {
    const [position, mark] = [padded(positions[shard]), padded(tidemark[shard])]
    const bound = [position, mark].reduce((most, each) =>
      each !== null && (most === null || each > most) ? each : most,
    )
    return `(${quoted(shard)}, ${textOrNull(mark)}, ${textOrNull(bound)})`
  })
  return rows.length === 0 ? `SELECT ${noText}, ${noText}, ${noText} WHERE false` : `VALUES ${rows.join(', ')}`
}

/** Typed, because a column of bare NULLs would be one of integers. */
const noText = 'CAST(NULL AS VARCHAR)'
const textOrNull = (text: string | null): string => (text === null ? noText : quoted(text))

const padded = (sequenceNumber: string | null | undefined): string | null =>
  sequenceNumber == null ? null : sequenceNumber.padStart(64, '0')

const dimensionText = (metric: MetricData, name: string): string =>
  isRejected(metric) ? identifier(name) : `CAST(${fieldColumn(name)} AS VARCHAR)`

/** All values but those that the dimension keeps are one; NULL stays. */
const keptSql = ({ keep }: MetricData['by'][number], value: string): string =>
  keep === undefined
    ? value
    : `CASE WHEN ${value} NOT IN (${keep.values.map(quoted).join(', ')}) THEN ${quoted(keep.other)} ELSE ${value} END`

/** NULL where the event has no part in the metric. */
const measured = ({ measure }: MetricData): string => {
  switch (measure.kind) {
    case 'count':
      return '1'
    case 'sum':
    case 'min':
    case 'max':
    case 'mean':
    case 'stddev':
    case 'quantile':
    case 'histogram':
      return fieldColumn(measure.field)
    case 'countDistinct': {
      const texts = measure.fields.map((field) => `CAST(${fieldColumn(field)} AS VARCHAR)`)
      const someNull = texts.map((text) => `${text} IS NULL`).join(' OR ')
      return `CASE WHEN NOT (${someNull}) THEN [${texts.join(', ')}] END`
    }
    case 'latest':
    case 'kept':
      throw new Error('Versions and events that are kept have no value to recount.')
  }
}

const aggregate = ({ measure }: MetricData): string => {
  switch (measure.kind) {
    case 'count':
      return 'count(*)'
    case 'countDistinct':
      return 'count(DISTINCT measured)'
    case 'histogram':
      return countsBetween(measure.edges)
    case 'quantile':
      return 'list_sort(list(measured))'
    case 'mean':
    case 'stddev':
      return '[CAST(count(*) AS HUGEINT), sum(CAST(measured AS HUGEINT)), sum(CAST(measured AS HUGEINT) * measured)]'
    default:
      return `${measure.kind}(measured)`
  }
}

const countsBetween = (edges: readonly number[]): string => {
  const counts = [...edges, null].map((edge, place) => {
    const below = edge === null ? [] : [`measured < ${edge}`]
    const from = place === 0 ? [] : [`measured >= ${edges[place - 1]}`]
    return `count(*) FILTER (WHERE ${[...from, ...below].join(' AND ')})`
  })
  return `[${counts.join(', ')}]`
}

const conditions = (metric: MetricData): string => metric.where.map(condition).join(' AND ') || 'true'

const condition = ({ field, op, value }: ConditionData): string => {
  const values: readonly Scalar[] = Array.isArray(value) ? value : [value as Scalar]
  const isText = values.some((each) => typeof each === 'string')
  const column = isText ? withoutBlanks(fieldColumn(field)) : fieldColumn(field)
  switch (op) {
    case 'is':
      return `${column} IS NOT DISTINCT FROM ${literal(values[0] ?? null)}`
    case 'not':
      return `${column} IS DISTINCT FROM ${literal(values[0] ?? null)}`
    case 'in':
      return `(${values.map((each) => `${column} IS NOT DISTINCT FROM ${literal(each)}`).join(' OR ') || 'false'})`
    case 'gte':
      return `coalesce(${column} >= ${literal(values[0] ?? null)}, false)`
    case 'lt':
      return `coalesce(${column} < ${literal(values[0] ?? null)}, false)`
  }
}

const literal = (value: Scalar): string => {
  if (value === null) return 'NULL'
  return typeof value === 'string' ? quoted(value) : String(value)
}
