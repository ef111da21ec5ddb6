import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { lakeBytes } from '../../core/lake-text.ts'
import type { Model } from '../../core/model.ts'
import { type RejectionReason, rejectedType } from '../../core/record.ts'
import type { DatasetManifest } from '../../spark/specification.ts'
import type { Archive } from '../../stores/archive/archive.ts'
import { quoted } from '../verify/sql-text.ts'
import type { RejectedFilter, RejectedRecord } from './record.ts'

const dayMs = 86_400_000

/** The rejected records that the dataset's lake holds. Files of other days of arrival are not read. */
export async function* rejectedInLake(
  archive: Archive,
  model: Model,
  manifest: DatasetManifest,
  { from, to }: Pick<RejectedFilter, 'from' | 'to'>,
  scratchDir: string,
): AsyncIterable<RejectedRecord> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    for (const [date, files] of Object.entries(manifest.lake[rejectedType] ?? {})) {
      const start = Date.parse(date)
      if ((from !== null && start + dayMs <= from) || (to !== null && start >= to)) continue
      for (const { key } of files)
        yield* rejectedInFile(archive, model, connection, key, join(scratchDir, 'lake.parquet'))
    }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function* rejectedInFile(
  archive: Archive,
  model: Model,
  connection: DuckDBConnection,
  key: string,
  path: string,
): AsyncIterable<RejectedRecord> {
  const body = await archive.getObject(key)
  if (body === null) throw new Error(`The live dataset names ${key}, which is not there: its files are never deleted.`)
  await writeFile(path, body)
  // A lake that was written before the definitions had a secret holds it.
  const forLake = lakeBytes(model.data)
  const rows = await connection.stream(
    `SELECT shard_id, sequence_number, sub_sequence, epoch_ms(arrival_time) AS arrival, data, data_base64,
      rejection_reason, rejection_detail FROM read_parquet(${quoted(path)})`,
  )
  for await (const some of rows.yieldRowObjectJson()) for (const row of some) yield recordOf(model, forLake, row)
  await rm(path)
}

const recordOf = (
  model: Model,
  forLake: ReturnType<typeof lakeBytes>,
  row: Record<string, unknown>,
): RejectedRecord => {
  const place = {
    shardId: String(row.shard_id),
    sequenceNumber: String(row.sequence_number),
    subSequence: Number(row.sub_sequence),
    arrivalTime: Number(row.arrival),
  }
  const data = row.data === null ? null : String(row.data)
  // The lake keeps no claimed type; the definitions that are deployed now tell it, where they know it.
  const now = model.decode({ ...place, text: data, fromLake: true })
  const claimed = now.rejection === null ? now.type : now.row.event_type
  return {
    ...place,
    reason: row.rejection_reason as RejectionReason,
    detail: String(row.rejection_detail),
    eventType: typeof claimed === 'string' ? claimed : null,
    ...forLake(now, { data, dataBase64: row.data_base64 === null ? null : String(row.data_base64) }),
    side: 'batch',
    takenNow: now.rejection === null,
  }
}
