import type { FieldDef } from 'pg'
import { StatementError } from './faults.ts'

/** How the Data API shows a type: its name in ColumnMetadata, and a value (PostgreSQL's text) as a `Field` in JSON. */
export interface RedshiftType {
  typeName: string
  isSigned: boolean
  isCaseSensitive: boolean
  /** Precision and scale as the driver reports them; for text the greatest length. */
  size(modifier: number): { precision: number; scale: number }
  json(value: string): string
}

const asString = (value: string): string => `{"stringValue":${JSON.stringify(value)}}`
/** The digits stay as they are: a JSON number may be any 64-bit integer, what a reader makes of it is the reader's. */
const asLong = (value: string): string => `{"longValue":${value}}`
const asDouble = (value: string): string =>
  `{"doubleValue":${/^[-0-9]/.test(value) && !value.endsWith('y') ? value : `"${value}"`}}`
const asBoolean = (value: string): string => `{"booleanValue":${value === 't'}}`
const asBlob = (value: string): string => `{"blobValue":"${Buffer.from(value.slice(2), 'hex').toString('base64')}"}`

const sized =
  (precision: number, scale = 0) =>
  () => ({ precision, scale })
const textSize = (modifier: number) => ({ precision: modifier < 4 ? 65_535 : modifier - 4, scale: 0 })
const numericSize = (modifier: number) =>
  modifier < 4
    ? { precision: 38, scale: 0 }
    : { precision: ((modifier - 4) >> 16) & 0xffff, scale: (modifier - 4) & 0xffff }

const type = (typeName: string, json: RedshiftType['json'], size: RedshiftType['size']): RedshiftType => ({
  typeName,
  json,
  size,
  isSigned: json === asLong || json === asDouble || typeName === 'numeric',
  isCaseSensitive: size === textSize,
})

const VARCHAR = type('varchar', asString, textSize)

/** By PostgreSQL's type oid (pg_type.dat). Numeric and all dates and times come as strings. */
const TYPES = new Map<number, RedshiftType>([
  [16, type('bool', asBoolean, sized(1))],
  [17, type('varbyte', asBlob, textSize)],
  [18, type('char', asString, sized(1))],
  [19, type('name', asString, sized(64))],
  [20, type('int8', asLong, sized(19))],
  [21, type('int2', asLong, sized(5))],
  [23, type('int4', asLong, sized(10))],
  [25, VARCHAR],
  [26, type('oid', asLong, sized(10))],
  [700, type('float4', asDouble, sized(8, 8))],
  [701, type('float8', asDouble, sized(17, 17))],
  [705, VARCHAR],
  [1042, type('bpchar', asString, textSize)],
  [1043, VARCHAR],
  [1082, type('date', asString, sized(13))],
  [1083, type('time', asString, sized(15, 6))],
  [1114, type('timestamp', asString, sized(29, 6))],
  [1184, type('timestamptz', asString, sized(35, 6))],
  [1266, type('timetz', asString, sized(21, 6))],
  [1700, type('numeric', asString, numericSize)],
])

/** The type of a result's column; a StatementError for a type that Redshift lacks, so that no local query comes to rely on one. */
export function redshiftType(field: FieldDef): RedshiftType {
  const found = TYPES.get(field.dataTypeID)
  if (found) return found
  throw new StatementError(
    `Column "${field.name}" has a type that Redshift lacks (PostgreSQL's type oid ${field.dataTypeID}). Cast it in the query.`,
  )
}
