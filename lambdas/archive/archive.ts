import { gzipSync } from 'node:zlib'
import { type KinesisEventRecord, type ReceivedRecord, readKinesisEvent } from '../../core/kinesis-record.ts'
import { encodeRawLine, rawObjectKey } from '../../core/raw-archive.ts'
import type { Archive } from '../../stores/archive/archive.ts'

export interface Archived {
  readonly key: string
  readonly shardId: string
  readonly records: number
  /** Of the object as stored. */
  readonly bytes: number
}

/** The fastest level: the object is written once and rarely read, and Lambda's time costs more than S3's bytes. */
const gzipOptions = { level: 1, chunkSize: 1024 * 1024 } as const

/** The same records give the same bytes: Node's gzip header holds no time. */
const encodeRawObject = (records: readonly ReceivedRecord[]): Uint8Array =>
  gzipSync(`${records.map(encodeRawLine).join('\n')}\n`, gzipOptions)

/**
 * One event becomes one object by one PUT, whatever its records hold.
 * @throws where the event is not one shard's records in order, or the PUT fails: the whole batch comes again then.
 */
export const archiveEvent = async (
  event: { readonly Records: readonly KinesisEventRecord[] },
  archive: Pick<Archive, 'putObject'>,
): Promise<Archived> => {
  const { shardId, records } = readKinesisEvent(event)
  const [first, last] = [records[0], records[records.length - 1]]
  if (first === undefined || last === undefined) throw new Error('A Kinesis event holds no record.')
  const key = rawObjectKey(shardId, first.sequenceNumber, last.sequenceNumber)
  const body = encodeRawObject(records)
  await archive.putObject(key, body)
  return { key, shardId, records: records.length, bytes: body.byteLength }
}
