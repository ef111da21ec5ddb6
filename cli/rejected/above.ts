import { expandAggregates } from '../../core/aggregate.ts'
import { lakeBytes } from '../../core/lake-text.ts'
import type { Model } from '../../core/model.ts'
import { decodeRawLine } from '../../core/raw-archive.ts'
import { placeInShard } from '../../core/record.ts'
import type { Archive } from '../../stores/archive/archive.ts'
import type { RejectedRecord } from './record.ts'

/** What the model rejects of the raw records above the marks; one that was archived twice comes once. */
export async function* rejectedAbove(
  archive: Archive,
  model: Model,
  marks: Readonly<Record<string, string>>,
): AsyncIterable<RejectedRecord> {
  const forLake = lakeBytes(model.data)
  for (const shardId of await archive.listRawShards()) {
    const mark = marks[shardId] ?? null
    const seen = new Set<string>()
    for await (const { key } of archive.listRaw(shardId, mark))
      for await (const line of archive.readLines(key))
        for (const record of expandAggregates([decodeRawLine(line)])) {
          if (mark !== null && record.sequenceNumber <= mark) continue
          const decoded = model.decode(record)
          const { rejection, row } = decoded
          const place = placeInShard(record)
          if (rejection === null || seen.has(place)) continue
          seen.add(place)
          yield {
            shardId,
            sequenceNumber: record.sequenceNumber,
            subSequence: record.subSequence ?? 0,
            arrivalTime: record.arrivalTime,
            ...rejection,
            eventType: typeof row.event_type === 'string' ? row.event_type : null,
            // Shown as the lake keeps it: without what may hold a secret.
            ...forLake(decoded, {
              data: record.text,
              dataBase64: record.text === null ? Buffer.from(record.bytes).toString('base64') : null,
            }),
            side: 'speed',
            takenNow: false,
          }
        }
  }
}
