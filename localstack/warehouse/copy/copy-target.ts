import pg, { type ClientBase } from 'pg'
import { StatementError } from '../faults.ts'
import type { CopyStatement } from './copy-statement.ts'

export interface TargetColumn {
  name: string
  /** PostgreSQL's name of the type, such as int8, varchar, timestamp. */
  typeName: string
}

/** The table to load, as this connection sees it (temporary ones first), and its columns in the data's order. */
export interface CopyTarget {
  /** For messages. */
  table: string
  /** `COPY … FROM STDIN` without its options. */
  copyFromStdin: string
  columns: TargetColumn[]
}

const COLUMNS = `SELECT a.attname::text AS name, t.typname::text AS type_name
  FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
  ORDER BY a.attnum`

/** Looks the table up; PostgreSQL's error where it doesn't exist, a StatementError where a named column doesn't. */
export async function copyTarget(client: ClientBase, copy: CopyStatement): Promise<CopyTarget> {
  const names = copy.schema === undefined ? [copy.table] : [copy.schema, copy.table]
  const quoted = names.map(pg.escapeIdentifier).join('.')
  const { rows } = await client.query<{ name: string; type_name: string }>(COLUMNS, [quoted])
  const all = rows.map(({ name, type_name: typeName }) => ({ name, typeName }))
  const columns = copy.columns?.map((name) => {
    const found = all.find((column) => column.name === name)
    if (found) return found
    throw new StatementError(`column "${name}" of relation "${copy.table}" does not exist`)
  })
  const loaded = columns ?? all
  const list = loaded.map(({ name }) => pg.escapeIdentifier(name)).join(', ')
  return { table: names.join('.'), copyFromStdin: `COPY ${quoted} (${list}) FROM STDIN`, columns: loaded }
}
