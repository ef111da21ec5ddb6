import { isUtf8 } from 'node:buffer'
import type { ReceivedRecord } from './kinesis-record.ts'
import { padSequenceNumber } from './sequence-number.ts'

/** One object of the raw archive. `first` and `last` are padded sequence numbers, both inclusive. */
export interface RawObject {
  readonly key: string
  readonly shardId: string
  readonly first: string
  readonly last: string
  readonly bytes: number
}

export const rawPrefix = 'raw/'
export const rawShardPrefix = (shardId: string): string => `${rawPrefix}shard=${shardId}/`

const rawKey = /^raw\/shard=([^/]+)\/(\d{64})-(\d{64})\.ndjson\.gz$/
const shardPrefix = /^raw\/shard=([^/]+)\/$/

/**
 * LAST stands first, so that the objects that hold anything above a sequence number are those listed after it: by FIRST,
 * an object could begin anywhere below it.
 */
export const rawKeyAfter = (shardId: string, sequenceNumber: string): string =>
  // `-` sorts before `.`: an object that ends at the sequence number is listed before this.
  `${rawShardPrefix(shardId)}${padSequenceNumber(sequenceNumber)}.`

/** @throws where a sequence number is none, or `last` is before `first`. */
export const rawObjectKey = (shardId: string, first: string, last: string): string => {
  const range = [padSequenceNumber(first), padSequenceNumber(last)] as const
  if (range[1] < range[0])
    throw new Error(`A raw object of ${shardId} can't end at ${last}, before its start ${first}.`)
  return `${rawShardPrefix(shardId)}${range[1]}-${range[0]}.ndjson.gz`
}

/** @throws where the key is no raw object's: nothing else may lie under `raw/`. */
export const parseRawObjectKey = (key: string): Omit<RawObject, 'bytes'> => {
  const [, shardId, last, first] = rawKey.exec(key) ?? []
  if (shardId === undefined || first === undefined || last === undefined)
    throw new Error(
      `"${key}" lies under ${rawPrefix} but is no raw object's key (raw/shard=SHARD/LAST-FIRST.ndjson.gz).`,
    )
  return { key, shardId, first, last }
}

/** @throws where the prefix is not `raw/shard=SHARD/`. */
export const parseRawShardPrefix = (prefix: string): string => {
  const shardId = shardPrefix.exec(prefix)?.[1]
  if (shardId === undefined) throw new Error(`"${prefix}" is no shard's prefix of the raw archive (raw/shard=SHARD/).`)
  return shardId
}

/** The first of ascending sequence numbers that lies in none of the objects, padded; null: each lies in one. */
export const firstOutside = (
  sequenceNumbers: readonly string[],
  objects: readonly Pick<RawObject, 'first' | 'last'>[],
): string | null => {
  const inOrder = [...objects].sort((a, b) => (a.first < b.first ? -1 : 1))
  let [begun, furthest] = [0, '']
  for (const sequenceNumber of sequenceNumbers) {
    for (let next = inOrder[begun]; next !== undefined && next.first <= sequenceNumber; next = inOrder[++begun])
      if (next.last > furthest) furthest = next.last
    if (furthest < sequenceNumber) return sequenceNumber
  }
  return null
}

/** One record as one line, without its line end. Lossless whatever the record's bytes are. */
export const encodeRawLine = (record: ReceivedRecord): string => {
  const { shardId, sequenceNumber, arrivalTime, partitionKey, text } = record
  const place = { shardId, sequenceNumber, arrivalTime, partitionKey }
  return JSON.stringify(
    text === null ? { ...place, dataBase64: Buffer.from(record.bytes).toString('base64') } : { ...place, data: text },
  )
}

/** The inverse of `encodeRawLine`. @throws where the line is none of the archive's. */
export const decodeRawLine = (line: string): ReceivedRecord => {
  const { shardId, sequenceNumber, arrivalTime, partitionKey, data, dataBase64 } = JSON.parse(line)
  const hasText = typeof data === 'string'
  if (!hasText && typeof dataBase64 !== 'string')
    throw new Error(`Record ${sequenceNumber} of ${shardId} in the raw archive has neither data nor dataBase64.`)
  const bytes = hasText ? Buffer.from(data, 'utf8') : Buffer.from(dataBase64, 'base64')
  if (!hasText && isUtf8(bytes))
    throw new Error(`Record ${sequenceNumber} of ${shardId} in the raw archive is UTF-8 but stands as dataBase64.`)
  return { shardId, sequenceNumber, arrivalTime, text: hasText ? data : null, partitionKey, bytes }
}
