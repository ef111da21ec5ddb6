import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ClientBase } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { StatementError } from '../faults.ts'
import type { BoundSql } from '../parameters.ts'
import type { Outcome } from '../statement.ts'
import { copySource } from './copy-source.ts'
import { parseCopy } from './copy-statement.ts'
import { copyTarget } from './copy-target.ts'
import { copyParquet } from './load-parquet.ts'
import { copyText } from './load-text.ts'
import type { ObjectStore } from './object-store.ts'

/** Runs Redshift's COPY inside the connection's transaction; nothing is held in memory but what is under way. */
export async function runCopy(
  client: ClientBase,
  { text, values }: BoundSql,
  objects: ObjectStore,
  signal: AbortSignal,
): Promise<Outcome> {
  if (values.length > 0) throw new StatementError('COPY takes no parameters.')
  const copy = parseCopy(text)
  const target = await copyTarget(client, copy)
  const files = await copySource(copy, objects, signal)
  const isParquet = copy.format.kind === 'parquet'
  const rows = isParquet ? copyParquet(target, files, objects, signal) : copyText(copy, target, files, objects, signal)
  const sink = client.query(copyFrom(isParquet ? `${target.copyFromStdin} WITH (FORMAT csv)` : target.copyFromStdin))
  await pipeline(Readable.from(rows), sink, { signal })
  return { rows: sink.rowCount, result: undefined }
}
