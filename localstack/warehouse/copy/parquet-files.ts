import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { StatementError } from '../faults.ts'
import type { CopyTarget, TargetColumn } from './copy-target.ts'

/** Which Parquet types (by DuckDB's names) each column type takes; Redshift converts none into another. */
const TAKES: Readonly<Record<string, RegExp>> = {
  bool: /^BOOLEAN$/,
  int2: /^(SMALLINT|INTEGER)$/,
  int4: /^INTEGER$/,
  int8: /^BIGINT$/,
  float4: /^FLOAT$/,
  float8: /^DOUBLE$/,
  numeric: /^DECIMAL\(/,
  varchar: /^VARCHAR$/,
  text: /^VARCHAR$/,
  bpchar: /^VARCHAR$/,
  date: /^DATE$/,
  timestamp: /^TIMESTAMP( WITH TIME ZONE|_NS|_MS)?$/,
  timestamptz: /^TIMESTAMP( WITH TIME ZONE|_NS|_MS)?$/,
}

/**
 * Writes Parquet files as CSV that PostgreSQL reads (every value quoted, NULL as nothing), column by column in their order. Files of one schema are
 * read together. Answers how many CSV files there are: `path(0)`, `path(1)`, …
 */
export async function parquetToCsv(
  files: readonly string[],
  target: CopyTarget,
  path: (index: number) => string,
): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: '1GB',
    autoinstall_known_extensions: 'false',
  })
  const connection = await instance.connect()
  try {
    await connection.run("SET TimeZone = 'UTC'")
    const groups = await bySchema(connection, files)
    for (const [index, group] of groups.entries()) await writeCsv(connection, group, target, path(index))
    return groups.length
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function bySchema(connection: DuckDBConnection, files: readonly string[]): Promise<string[][]> {
  const rows = await connection.runAndReadAll(
    `SELECT file_name, to_json(list((name, type, type_length, num_children, converted_type, scale, precision, logical_type)))::VARCHAR
     FROM parquet_schema(${list(files)}) GROUP BY file_name ORDER BY file_name`,
  )
  const groups = new Map<string, string[]>()
  for (const [file, schema] of rows.getRows()) {
    const group = groups.get(String(schema)) ?? []
    groups.set(String(schema), [...group, String(file)])
  }
  return [...groups.values()]
}

async function writeCsv(
  connection: DuckDBConnection,
  files: string[],
  target: CopyTarget,
  path: string,
): Promise<void> {
  const source = `read_parquet(${list(files)}, hive_partitioning = false)`
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`)
  const found = described.getRows().map(([name, type]) => ({ name: String(name), type: String(type) }))
  if (found.length !== target.columns.length) {
    throw new StatementError(
      `Load into table '${target.table}' failed: the Parquet files have ${found.length} columns (${found.map(({ name }) => name).join(', ')}); ${target.columns.length} are to be loaded.`,
    )
  }
  const columns = target.columns.map((column, index) => selected(column, found[index], target.table))
  await connection.run(
    `COPY (SELECT ${columns.join(', ')} FROM ${source}) TO ${quoted(path)} (FORMAT csv, HEADER false, FORCE_QUOTE *, NULLSTR '')`,
  )
}

function selected(column: TargetColumn, found: { name: string; type: string } | undefined, table: string): string {
  const type = found?.type ?? ''
  if (!TAKES[column.typeName]?.test(type)) {
    throw new StatementError(
      `Load into table '${table}' failed: the Parquet column ${found?.name} is ${type}, which the column ${column.name} (${column.typeName}) does not take.`,
    )
  }
  const name = `"${found?.name.replaceAll('"', '""')}"`
  return type.startsWith('TIMESTAMP') ? `CAST(${name} AS TIMESTAMP)` : name
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
const list = (files: readonly string[]): string => `[${files.map(quoted).join(', ')}]`
