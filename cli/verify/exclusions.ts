import type { Exclusion } from '../../core/exclusion.ts'
import type { EventData, FieldData, ModelData } from '../../core/model.ts'
import type { Receipt } from '../answers.ts'
import { eventTable, fieldColumn } from './events.ts'
import { fieldSql, keysOf } from './fields.ts'
import { quoted, withoutBlanks } from './sql-text.ts'

/** What an exclusion says of events, without its id. */
export type Excluding = Omit<Exclusion, 'id'>

/** The places of the records that each revision leaves out. */
export const createLeftOutTable = 'CREATE TEMP TABLE left_out(revision BIGINT, shard VARCHAR, seq VARCHAR, sub INTEGER)'

/** Fills in one exclusion's part of a revision; null where the definitions have not its type or a field of it. */
export const insertLeftOut = (revision: number, exclusion: Excluding, model: ModelData): string | null => {
  const source = excludedSql(exclusion, model)
  return source === null ? null : `INSERT INTO left_out SELECT ${revision}, shard, seq, sub FROM (${source})`
}

/** How many records and how many events an exclusion leaves out, of which time, and of how many of the ids that it names. */
export const countExcluded = (exclusion: Excluding, model: ModelData): string => {
  const event = model.events.find(({ name }) => name === exclusion.eventType)
  const id = event === undefined || exclusion.eventIds === null ? 'NULL' : saidIdentity(event)
  return `SELECT count(*) AS records, count(DISTINCT (identity, event_time)) AS events, count(DISTINCT ${id}) AS ids, min(event_time) AS first, max(event_time) AS last
  FROM (${excludedSql(exclusion, model) ?? 'SELECT NULL AS identity, NULL AS event_time WHERE false'})`
}

const excludedSql = ({ eventType, from, to, fields, eventIds }: Excluding, model: ModelData): string | null => {
  const event = model.events.find(({ name }) => name === eventType)
  if (event === undefined) return null
  const conditions: string[] = ['reason IS NULL']
  if (from !== null) conditions.push(`event_time >= ${from}`)
  if (to !== null) conditions.push(`event_time < ${to}`)
  if (eventIds !== null) conditions.push(`${saidIdentity(event)} IN (SELECT unnest(${listSql(eventIds)}))`)
  for (const [name, text] of Object.entries(fields)) {
    const field = event.fields.find((candidate) => candidate.name === name)
    if (field === undefined || field.secret === true || field.kind === 'object' || field.kind === 'other') return null
    const compared = (value: string): string => (field.kind === 'string' ? withoutBlanks(value) : value)
    conditions.push(`coalesce(${compared(fieldColumn(name))} = ${compared(`(${valueSql(field, text)})`)}, false)`)
  }
  return `SELECT * FROM ${eventTable(event.name)} WHERE ${conditions.join(' AND ')}`
}

/** The value is read as a record's own would be. */
const valueSql = (field: FieldData, text: string): string => {
  const isBare = field.kind === 'boolean' || field.kind === 'integer' || field.kind === 'number'
  const value = isBare ? text : JSON.stringify(text)
  const doc = keysOf(field).reduceRight((inner, key) => `{${JSON.stringify(key)}: ${inner}}`, value)
  // A member of an enumeration may have come with other blanks at its end than are asked for.
  return `SELECT ${fieldSql({ ...field, values: null }).value} FROM (SELECT CAST(${quoted(doc)} AS JSON) AS doc)`
}

const listSql = (texts: readonly string[]): string => `[${texts.map(quoted).join(', ')}]`

/** An event's id as it is told: its value, several as a JSON array (decimals as text), without any its place in the stream. */
const saidIdentity = (event: EventData): string => {
  const place = "shard || '/' || seq || CASE WHEN sub = 0 THEN '' ELSE '.' || lpad(CAST(sub AS VARCHAR), 6, '0') END"
  const columns = event.id.map(fieldColumn).map((column) => `CAST(${column} AS VARCHAR)`)
  const [only] = columns
  if (only === undefined) return place
  if (columns.length === 1) return `coalesce(${only}, ${place})`
  const parts = event.id.map((name, index) => {
    const isDecimal = event.fields.some((field) => field.name === name && field.kind === 'decimal')
    return `coalesce(CAST(to_json(${isDecimal ? columns[index] : fieldColumn(name)}) AS VARCHAR), 'null')`
  })
  return `CASE WHEN coalesce(${columns.join(', ')}) IS NULL THEN ${place} ELSE '[' || ${parts.join(" || ',' || ")} || ']' END`
}

/** The revision that a record of `placed` was counted under: the dataset's below the mark, its stretch's above. */
export const appliedRevision = (exclusions: Receipt['exclusions']): string =>
  `CASE WHEN settled THEN ${exclusions.batch ?? 0} ELSE ${speedRevision(exclusions)} END`

/** The revision that speed counted a record under. */
export const speedRevision = ({ speed, stretches }: Receipt['exclusions']): string => {
  const bounds = Object.entries(stretches).flatMap(([shard, all]) =>
    all
      .toReversed()
      .map(({ above, revision }) => `WHEN shard = ${quoted(shard)} AND seq > ${quoted(above)} THEN ${revision}`),
  )
  return bounds.length === 0 ? `${speed}` : `CASE ${bounds.join(' ')} ELSE ${speed} END`
}

/** All revisions that an answer is by, but that which leaves out nothing. */
export const revisionsOf = ({ batch, speed, stretches }: Receipt['exclusions']): number[] => {
  const all = Object.values(stretches).flatMap((each) => each.map(({ revision }) => revision))
  return [...new Set([batch ?? 0, speed, ...all])].filter((revision) => revision > 0)
}
