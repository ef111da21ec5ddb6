import { toldFields } from '../core/entity.ts'
import type { EntityData, EventData, FieldData, MetricData } from '../core/model.ts'
import { stateColumn } from './finish.ts'
import { gapsSql, type Pin, statesSql } from './states.ts'
import { type Dialect, quoted } from './table.ts'
import { type View, wholeSql } from './whole.ts'

/** The field that names an entity: its versions' first dimension. */
export const refOf = ({ name, by: [ref] }: MetricData): string => {
  if (ref === undefined) throw new Error(`${name} has no ref.`)
  return ref.name
}

/** Named as no field can be. */
const recency = stateColumn(0)

/**
 * The latest versions: of each ref the greatest component, deleting ones too, with all columns of `statesSql`.
 * @param where a condition on a version's columns, which must hold for all versions of a ref or for none
 * @param each what else the greatest is taken of: `bucket`
 */
export const latestSql = (versions: MetricData, pin: Pin | null, where = '', each: readonly string[] = []): string => {
  const ref = quoted(refOf(versions))
  const partition = [...each, ref].join(', ')
  return `SELECT * FROM (
SELECT states.*, ROW_NUMBER() OVER (PARTITION BY ${partition} ORDER BY component DESC) AS ${recency} FROM (\n${statesSql(versions, pin)}\n) states${where === '' ? '' : `\nWHERE ${where}`}
) ranked WHERE ${recency} = 1`
}

/** The latest version of one ref, or no row. @param condition on the ref's column */
export const entitySql = (versions: MetricData, condition: string, pin: Pin | null): string =>
  `SELECT ${versionColumns(versions)} FROM (\n${latestSql(versions, pin, condition)}\n) latest`

/**
 * The entities that name a parent by their latest version, the latest changed first. Those that once did are looked at,
 * and left out where they moved on.
 * @param condition on the parent ref's column
 */
export const childrenSql = (versions: MetricData, condition: string, pin: Pin | null, limit: number): string => {
  const ref = quoted(refOf(versions))
  const candidates = `${ref} IN (SELECT ${ref} FROM (\n${statesSql(versions, pin)}\n) named WHERE ${condition})`
  return `SELECT ${versionColumns(versions)} FROM (\n${latestSql(versions, pin, candidates)}\n) latest
WHERE ${condition} AND value = 1
ORDER BY component DESC LIMIT ${limit}`
}

const versionColumns = (versions: MetricData): string => `${quoted(refOf(versions))} AS ref, component, value, body`

/** `analytics.ENTITY`: a row for each entity that is not deleted, a column for each field. */
export const entityView = (
  { name, versions }: EntityData,
  event: Pick<EventData, 'fields'>,
  dialect: Dialect,
): View => {
  const columns = toldFields(event).map((field) => `${columnSql(field, dialect)} AS ${quoted(field.name)}`)
  return {
    name,
    columns: columns.join(', '),
    sql: (servedBy) => `SELECT ${columns.join(',\n')} FROM (\n${latestSql(versions, null)}\n) latest
${wholeSql(name, gapsSql(versions), servedBy)} AND latest.value = 1`,
  }
}

/** A field's value out of a version's JSON text (`latest.body`); null where it has none. */
export const columnSql = ({ name, kind, scale }: FieldData, dialect: Dialect): string => {
  const told =
    dialect === 'postgres'
      ? `(CAST(latest.body AS jsonb) ->> '${name}')`
      : `JSON_EXTRACT_PATH_TEXT(latest.body, '${name}', TRUE)`
  switch (kind) {
    case 'boolean':
      return `(${told} = 'true')`
    case 'integer':
      return `CAST(${told} AS BIGINT)`
    case 'number':
      return `CAST(${told} AS DOUBLE PRECISION)`
    case 'decimal':
      return `CAST(${told} AS DECIMAL(18, ${scale}))`
    case 'instant':
      return `CAST(REPLACE(REPLACE(${told}, 'T', ' '), 'Z', '') AS TIMESTAMP)`
    case 'string':
    case 'object':
    case 'other':
      return told
  }
}
