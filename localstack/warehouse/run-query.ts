import pg, { type FieldDef, type QueryConfig, type QueryResult } from 'pg'
import { describeColumns } from './column-metadata.ts'
import type { Session } from './connections.ts'
import type { BoundSql } from './parameters.ts'
import { ResultBuilder, type ResultSet } from './result-set.ts'
import type { Outcome } from './statement.ts'

/**
 * Runs one SQL statement and types its rows as they come. Text with a second statement is PostgreSQL's error ("cannot insert multiple
 * commands"), as the extended protocol is used. `interrupt` is called where the rows pass a limit, for the query to end early.
 */
export async function runQuery(session: Session, sql: BoundSql, interrupt: () => void): Promise<Outcome> {
  const { rows, result } = await typedRows(session, sql, interrupt)
  if (!result) return { rows, result: undefined }
  return { rows, result: { ...result, columns: await describeColumns(session.client, result.fields) } }
}

function typedRows(
  { client }: Session,
  { text, values }: BoundSql,
  interrupt: () => void,
): Promise<{ rows: number; result: ResultSet | undefined }> {
  return new Promise((resolve, reject) => {
    const query = new pg.Query(asText(text, values))
    let builder: ResultBuilder | undefined
    let refused: unknown
    const refuse = (error: unknown) => {
      refused = error
      interrupt()
    }
    query.on('row', (row: (string | null)[], partial: { fields: FieldDef[] } | undefined) => {
      if (refused !== undefined) return
      try {
        builder ??= new ResultBuilder(partial?.fields ?? [])
        builder.add(row)
      } catch (error) {
        refuse(error)
      }
    })
    query.on('error', (error: Error) => reject(refused ?? error))
    query.on('end', (result: QueryResult) => {
      if (refused !== undefined) return reject(refused)
      try {
        if (!builder && result.fields.length > 0) builder = new ResultBuilder(result.fields)
        resolve({ rows: affectedRows(result), result: builder?.finish() })
      } catch (error) {
        reject(error)
      }
    })
    client.query(query)
  })
}

const affectedRows = ({ command, rowCount }: QueryResult): number =>
  command === null || rowCount === null || Number.isNaN(rowCount) ? -1 : rowCount

/** Every value of the result as PostgreSQL's own text, and parameters without a type, so that PostgreSQL infers it. */
function asText(text: string, values: string[]): QueryConfig {
  const config = {
    text,
    values,
    rowMode: 'array',
    queryMode: 'extended',
    types: { getTypeParser: () => (value: string) => value },
  }
  return config as QueryConfig
}
