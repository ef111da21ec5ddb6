/** The two SQL dialects: Redshift's on AWS, PostgreSQL's on a laptop. */
export const dialects = ['redshift', 'postgres'] as const
export type Dialect = (typeof dialects)[number]

export interface Column {
  readonly name: string
  /** A type that both dialects know: BIGINT, INTEGER, BOOLEAN, TIMESTAMP, VARCHAR(n). */
  readonly type: string
  readonly nullable?: boolean
}

/** A table as both dialects are given it. */
export interface Table {
  readonly schema: string
  readonly name: string
  readonly columns: readonly Column[]
  /** Redshift's distribution: a copy on each node for small tables that are joined everywhere, else spread evenly. */
  readonly small?: boolean
  /** The order that queries filter by: Redshift's sort key, an index in PostgreSQL. */
  readonly sortedBy?: readonly string[]
}

/** A name as SQL text: always quoted, so that no name is a reserved word or folded. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

export const qualified = ({ schema, name }: Pick<Table, 'schema' | 'name'>): string => `${schema}.${quoted(name)}`

/** The statements that make a table where it is missing. */
export const createTable = (table: Table, dialect: Dialect): string[] => {
  const columns = table.columns.map(
    ({ name, type, nullable }) => `  ${quoted(name)} ${type}${nullable === true ? '' : ' NOT NULL'}`,
  )
  const create = `CREATE TABLE IF NOT EXISTS ${qualified(table)} (\n${columns.join(',\n')}\n)`
  const sortColumns = (table.sortedBy ?? []).map(quoted).join(', ')
  if (dialect === 'redshift') {
    const sort = sortColumns === '' ? '' : `\nSORTKEY (${sortColumns})`
    return [`${create}\nDISTSTYLE ${table.small === true ? 'ALL' : 'EVEN'}${sort}`]
  }
  if (sortColumns === '') return [create]
  const index = quoted(`${table.name}_sorted`)
  return [create, `CREATE INDEX IF NOT EXISTS ${index} ON ${qualified(table)} (${sortColumns})`]
}
