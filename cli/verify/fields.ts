import type { FieldCheck, FieldData, Scalar } from '../../core/model.ts'
import { maxSafeInteger, pointer, quoted } from './sql-text.ts'

/** One field of an event in SQL, over a row's `doc` (JSON). */
export interface FieldSql {
  /** The value, typed: text, boolean, BIGINT (decimals scaled, instants epoch ms), DOUBLE. NULL where it is not valid. */
  readonly value: string
  /** True where the field is what its definition allows. */
  readonly valid: string
}

const numberTypes = "('BIGINT', 'UBIGINT', 'DOUBLE')"
const integerTypes = "('BIGINT', 'UBIGINT')"

/** A field's value, and whether its schema allows what is there. A field of kind `other` is not looked into. */
export const fieldSql = (field: FieldData): FieldSql => {
  const type = `json_type(doc, ${pointer(...keysOf(field))})`
  const missing = `${type} IS NULL`
  const isNull = `${type} = 'NULL'`
  const allowedEmpty = `(${missing} AND ${field.optional}) OR (coalesce(${isNull}, false) AND ${field.nullable})`
  if (field.kind === 'other')
    return { value: 'NULL', valid: inObject(field, `(${missing} AND ${field.optional}) OR ${type} IS NOT NULL`) }
  if (field.kind === 'object')
    return { value: 'NULL', valid: inObject(field, `${allowedEmpty} OR coalesce(${type} = 'OBJECT', false)`) }
  const value = valueSql(field, type)
  const within = field.checks.map((check) => ` AND ${checkSql(check, `(${value})`)}`).join('')
  const filled =
    field.default === null
      ? value
      : `CASE WHEN ${missing} AND ${lies(field)} THEN ${literal(field.default)} ELSE ${value} END`
  return { value: filled, valid: inObject(field, `${allowedEmpty} OR ((${value}) IS NOT NULL${within})`) }
}

/** The keys that lead to a field. */
export const keysOf = ({ name, path }: FieldData): readonly string[] => path ?? [name]

/** Whether the object that a field lies in is there. */
const lies = (field: FieldData): string => {
  const parents = keysOf(field).slice(0, -1)
  return parents.length === 0 ? 'true' : `coalesce(json_type(doc, ${pointer(...parents)}) = 'OBJECT', false)`
}

/** Where the object is missing, or is none, it is judged by itself. */
const inObject = (field: FieldData, valid: string): string => `NOT ${lies(field)} OR (${valid})`

const comparisons = { gte: '>=', gt: '>', lte: '<=', lt: '<' } as const

/** zod and DuckDB both count a text's code points. */
const checkSql = ({ op, value: limit }: FieldCheck, value: string): string => {
  if (op === 'minLength') return `length(${value}) >= ${limit}`
  if (op === 'maxLength') return `length(${value}) <= ${limit}`
  return `${value} ${comparisons[op]} ${limit}`
}

const literal = (value: Scalar): string => (typeof value === 'string' ? quoted(value) : String(value))

/** The typed value; NULL where the JSON holds anything that the kind does not allow. */
const valueSql = (field: FieldData, type: string): string => {
  const at = pointer(...keysOf(field))
  const text = `(doc ->> ${at})`
  switch (field.kind) {
    case 'string': {
      const inEnum = field.values === null ? '' : ` AND ${text} IN (${field.values.map(quoted).join(', ')})`
      return `CASE WHEN ${type} = 'VARCHAR'${inEnum} THEN ${text} END`
    }
    case 'boolean':
      return `CASE WHEN ${type} = 'BOOLEAN' THEN ${text} = 'true' END`
    case 'integer':
      return `CASE WHEN ${type} IN ${integerTypes} THEN ${safeInteger(text)} END`
    case 'number':
      return `CASE WHEN ${type} IN ${numberTypes} THEN TRY_CAST(${text} AS DOUBLE) END`
    case 'decimal':
      return `CASE WHEN ${type} = 'VARCHAR' OR ${type} IN ${numberTypes} THEN ${scaledDecimal(text, field.scale)} END`
    case 'instant':
      return `CASE WHEN ${type} = 'VARCHAR' THEN ${isoInstant(text)} WHEN ${type} IN ${integerTypes} THEN ${inYears(safeInteger(text))} END`
    case 'object':
    case 'other':
      return 'NULL'
  }
}

const safeInteger = (text: string): string => within(`TRY_CAST(${text} AS HUGEINT)`)

const within = (integer: string): string =>
  `CASE WHEN abs(${integer}) <= ${maxSafeInteger} THEN CAST(${integer} AS BIGINT) END`

/** At most 16 digits, a point and 15 more, of which zeros at the end don't count; scaled by 10^scale. */
const scaledDecimal = (text: string, scale: number): string => {
  const fraction = `rtrim(regexp_extract(${text}, '\\.([0-9]+)$', 1), '0')`
  const digits = `regexp_extract(${text}, '^-?[0-9]+') || rpad(${fraction}, ${scale}, '0')`
  return `CASE WHEN regexp_full_match(${text}, '-?[0-9]{1,16}(\\.[0-9]{1,15})?') AND length(${fraction}) <= ${scale}
    THEN ${within(`TRY_CAST(${digits} AS HUGEINT)`)} END`
}

/** Date, hour and minute, seconds, their fraction, zone with its sign, hours and minutes. Nine groups are DuckDB's most. */
const isoForm =
  "'([0-9]{4}-[0-9]{2}-[0-9]{2})T((?:[01][0-9]|2[0-3]):[0-5][0-9]):([0-5][0-9])(?:\\.([0-9]+))?(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))'"

/** ISO 8601 with Z or an offset, to epoch ms; what lies below a millisecond is cut off. */
const isoInstant = (text: string): string => {
  const group = (index: number): string => `regexp_extract(${text}, ${isoForm}, ${index})`
  const number = (index: number): string => `coalesce(TRY_CAST(${group(index)} AS BIGINT), 0)`
  const minute = `epoch_ms(TRY_CAST(${group(1)} || ' ' || ${group(2)} || ':00' AS TIMESTAMP))`
  const milliseconds = `CAST(rpad(substr(${group(4)}, 1, 3), 3, '0') AS BIGINT)`
  const offset = `(CASE ${group(5)} WHEN '-' THEN -1 ELSE 1 END) * (${number(6)} * 3600000 + ${number(7)} * 60000)`
  return `CASE WHEN regexp_full_match(${text}, ${isoForm})
    THEN ${inYears(`(${minute} + ${number(3)} * 1000 + ${milliseconds} - ${offset})`)} END`
}

/** Years 1 to 9999. */
const inYears = (instant: string): string =>
  `CASE WHEN ${instant} BETWEEN -62135596800000 AND 253402300799999 THEN ${instant} END`
