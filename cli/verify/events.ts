import {
  type EventData,
  type FieldData,
  keepers,
  type MetricData,
  type ModelData,
  measuredBy,
} from '../../core/model.ts'
import { fieldSql, keysOf } from './fields.ts'
import { identifier, pointer, quoted, withoutBlanks } from './sql-text.ts'

/** What a dimension or a distinct count keeps of a text at most, and an event's id, in UTF-8 (docs/architecture.md). */
const maxKeptBytes = 256
const maxIdBytes = 1024

/** DuckDB's identifiers know no case, which tells events and fields apart. */
const cased = (name: string): string => name.replaceAll(/[A-Z^]/g, (letter) => `^${letter.toLowerCase()}`)

/** The table that an event's records are read into. */
export const eventTable = (event: string): string => identifier(`event_${cased(event)}`)
export const fieldColumn = (field: string): string => identifier(`f_${cased(field)}`)

/**
 * Reads one event's records: place (`shard`, `seq`, `sub`, `arrival`), `event_time` (epoch ms), `identity`, one typed column a
 * field, and `reason`, NULL where the record is accepted.
 */
export const createEventTable = (event: EventData, model: ModelData): string => {
  const fields = event.fields.map((field) => ({ field, sql: fieldSql(field) }))
  const lists = new Set(
    measuredBy(model).flatMap((metric) => (metric.event === event.name ? (metric.each?.field ?? []) : [])),
  )
  const cut = new Set(textsKept(event, fieldsKeptOf(event, model)).map(({ name }) => name))
  const columns = fields.map(({ field, sql }) => {
    const value = lists.has(field.name)
      ? `doc -> ${pointer(...keysOf(field))}`
      : cut.has(field.name)
        ? withoutBlanks(sql.value)
        : sql.value
    return `${value} AS ${fieldColumn(field.name)}`
  })
  const valid = fields.map(({ sql }) => `(${sql.valid})`).join('\n      AND ')
  return `CREATE TEMP TABLE ${eventTable(event.name)} AS
  WITH typed AS (
    SELECT shard, seq, sub, arrival, ${columns.join(',\n      ')},
      ${valid || 'true'} AS fits
    FROM records WHERE problem IS NULL AND ${typeIs(event.name)}
  ), identified AS (
    SELECT *, ${fieldColumn(event.at)} AS event_time, ${identityOf(event)} AS identity FROM typed
  )
  SELECT *, ${reasonOf(event, model)} AS reason FROM identified`
}

/** Whether a record's `type` is the event's name. */
const typeIs = (event: string): string => `json_type(doc, '/type') = 'VARCHAR' AND (doc ->> '/type') = ${quoted(event)}`

/** NULLs count as missing; with no value at all, the record's place identifies it. */
const identityOf = (event: EventData): string => {
  const place = `shard || '/' || seq || '.' || sub`
  const values = event.id.map((field) => `CAST(${fieldColumn(field)} AS VARCHAR)`)
  const [only] = values
  if (only === undefined) return place
  if (values.length === 1) return `coalesce(${only}, ${place})`
  return `CASE WHEN coalesce(${values.join(', ')}) IS NULL THEN ${place} ELSE CAST(to_json([${values.join(', ')}]) AS VARCHAR) END`
}

/** In the order in which a record is refused: the first reason that holds is the one counted. */
const reasonOf = (event: EventData, model: ModelData): string => {
  const late = event.acceptLateMs === null ? '' : `WHEN arrival - event_time > ${event.acceptLateMs} THEN 'too_late'`
  const unstorable = [
    ...textsKept(event, [...event.id, ...fieldsKeptOf(event, model)]).map(({ name }) =>
      unstorableText(fieldColumn(name), name === 'id'),
    ),
    ...[...listsKept(event, model)].map((name) => {
      const column = fieldColumn(name)
      const texts = `CAST(CASE WHEN json_type(${column}) = 'ARRAY' THEN ${column} END AS VARCHAR[])`
      return `coalesce(len(list_filter(${texts}, one -> ${unstorableText(withoutBlanks('one'), false)})) > 0, false)`
    }),
  ]
  return `CASE
    WHEN NOT fits OR event_time IS NULL THEN 'invalid'
    ${unstorable.length === 0 ? '' : `WHEN ${unstorable.join(' OR ')} THEN 'invalid'`}
    WHEN event_time - arrival > ${event.acceptEarlyMs} THEN 'too_early'
    ${late}
    WHEN strlen(identity) > ${maxIdBytes} THEN 'invalid'
  END`
}

const unstorableText = (text: string, isId: boolean): string => {
  const tooLong = isId ? '' : ` OR strlen(${text}) > ${maxKeptBytes}`
  return `coalesce(contains(${text}, chr(0))${tooLong}, false)`
}

/** The lists whose elements, texts, are stored as they are. */
const listsKept = (event: EventData, model: ModelData): Set<string> =>
  new Set(
    measuredBy(model).flatMap((metric) => {
      const { each } = metric
      const isKept = each !== undefined && each.element.kind === 'string' && fieldsKept(metric).includes(each.field)
      return isKept && metric.event === event.name ? [each.field] : []
    }),
  )

/** Those that are texts. */
const textsKept = (event: EventData, names: readonly string[]): FieldData[] =>
  event.fields.filter((field) => field.kind === 'string' && names.includes(field.name))

/** What is kept of an event: dimensions, refs and keys, and what is counted distinct. */
const fieldsKeptOf = (event: EventData, model: ModelData): readonly string[] =>
  keepers(model)
    .filter(({ event: of }) => of === event.name)
    .flatMap(fieldsKept)

const fieldsKept = ({ by, measure }: MetricData): readonly string[] => [
  ...by.map(({ field, name }) => field ?? name),
  ...(measure.kind === 'countDistinct' ? measure.fields : []),
]

/** Every record refused, of any type: `shard`, `seq`, `sub`, `event_time` (its arrival), `reason`, `event_type`. */
export const createRejectedTable = (model: ModelData): string => {
  const known = model.events.map(({ name }) => `(${typeIs(name)})`).join(' OR ') || 'false'
  const parts = [
    'SELECT shard, seq, sub, arrival AS event_time, problem AS reason, NULL AS event_type FROM records WHERE problem IS NOT NULL',
    `SELECT shard, seq, sub, arrival, 'unknown_type', NULL FROM records WHERE problem IS NULL AND NOT coalesce(${known}, false)`,
    ...model.events.map(
      ({ name }) =>
        `SELECT shard, seq, sub, arrival, reason, ${quoted(name)} FROM ${eventTable(name)} WHERE reason IS NOT NULL`,
    ),
  ]
  return `CREATE TEMP TABLE refused AS ${parts.join('\nUNION ALL ')}`
}

/**
 * Of each accepted event that came more than once its `records`: places and arrivals, without what is excluded.
 * @param revision of the exclusions that a record is judged by, as SQL
 */
export const repeatablesSql = (event: string, revision: string): string =>
  `SELECT list({shard: shard, seq: seq, sub: sub, arrival: arrival}) AS records
  FROM (SELECT *, ${revision} AS revision FROM ${eventTable(event)}) ANTI JOIN left_out USING (revision, shard, seq, sub)
  WHERE reason IS NULL GROUP BY identity, event_time HAVING count(*) > 1`

/** The places of the records that the speed side leaves out, `shard`, `seq`, `sub`, from a file of them. */
export const createRepeatsTable = (path: string): string =>
  `CREATE OR REPLACE TEMP TABLE repeats AS SELECT * FROM read_ndjson(${quoted(path)},
    columns = {shard: 'VARCHAR', seq: 'VARCHAR', sub: 'INTEGER'})`
