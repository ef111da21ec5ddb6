import type { ClientBase, FieldDef } from 'pg'
import { redshiftType } from './redshift-types.ts'

/** A column as GetStatementResult describes it. `nullable` is JDBC's: 0 never null, 1 may be null. */
export interface ColumnMetadata {
  name: string
  label: string
  typeName: string
  nullable: number
  precision: number
  scale: number
  length: number
  isCaseSensitive: boolean
  isCurrency: boolean
  isSigned: boolean
  schemaName: string
  tableName: string
}

interface Origin {
  schemaName: string
  tableName: string
  notNull: boolean
}

const ORIGINS = `SELECT c.oid::int8 AS table_oid, a.attnum::int4 AS attnum, n.nspname, c.relname, a.attnotnull
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
  WHERE c.oid = ANY($1::oid[])`

/** Describes a result's columns; looks up, on the statement's own connection, the tables they come from. */
export async function describeColumns(client: ClientBase, fields: readonly FieldDef[]): Promise<ColumnMetadata[]> {
  const origins = await columnOrigins(client, [
    ...new Set(fields.map((field) => field.tableID).filter((oid) => oid !== 0)),
  ])
  return fields.map((field) => {
    const origin = origins.get(`${field.tableID}.${field.columnID}`)
    const { typeName, isSigned, isCaseSensitive, size } = redshiftType(field)
    return {
      name: field.name,
      label: field.name,
      typeName,
      nullable: origin?.notNull ? 0 : 1,
      ...size(field.dataTypeModifier),
      length: 0,
      isCaseSensitive,
      isCurrency: false,
      isSigned,
      schemaName: origin?.schemaName ?? '',
      tableName: origin?.tableName ?? '',
    }
  })
}

async function columnOrigins(client: ClientBase, tableOids: readonly number[]): Promise<Map<string, Origin>> {
  if (tableOids.length === 0) return new Map()
  const { rows } = await client.query<[string, number, string, string, boolean]>({
    text: ORIGINS,
    values: [tableOids],
    rowMode: 'array',
  })
  return new Map(
    rows.map(([oid, attnum, schemaName, tableName, notNull]) => [
      `${oid}.${attnum}`,
      { schemaName, tableName, notNull },
    ]),
  )
}
