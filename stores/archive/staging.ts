import { gzipSync } from 'node:zlib'
import type { Archive } from './archive.ts'

/**
 * Stages rows as one gzip NDJSON object for COPY. Two invocations may stage the same micro-batch: their keys differ,
 * so that neither replaces what the other's COPY is reading. A bucket rule removes staged objects after a day.
 */
export const stageRows =
  (archive: Archive, bucket: string, unique: () => string) =>
  async (shardId: string, edge: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<string> => {
    const key = `staging/speed/shard=${shardId}/${edge}-${unique()}.ndjson.gz`
    const lines = rows.map((row) => JSON.stringify(row)).join('\n')
    await archive.putObject(key, gzipSync(lines, { level: 1 }))
    return `s3://${bucket}/${key}`
  }
