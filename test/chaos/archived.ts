import { gunzipSync } from 'node:zlib'
import type { Archive } from '../../stores/archive/archive.ts'
import { dataOf, type Fact } from './facts.ts'

/** A record as the archive holds it, with what its producer knows of it. */
export interface ArchivedRecord {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly arrivalTime: number
  readonly fact: Fact
}

/** The raw archive beside what the producer knows. */
export interface Archived {
  /** Each (shard, sequence number) once. */
  readonly records: readonly ArchivedRecord[]
  readonly objects: number
  /** Lines that stand in the archive a second time: redelivered to the archive function. */
  readonly repeated: number
  /** Records whose acceptance the producer did not know, and that turned out to be in. */
  readonly unknownIn: number
  /** Each a sentence: what should not be. */
  readonly problems: readonly string[]
}

interface Known {
  readonly accepted: ReadonlyMap<string, Fact>
  readonly unknown: ReadonlyMap<string, Fact>
}

/** Reads all of `raw/`, and holds each record to the bytes that were sent. */
export const readArchived = async (archive: Archive, known: Known): Promise<Archived> => {
  const records = new Map<string, ArchivedRecord>()
  const problems: string[] = []
  let [objects, repeated, unknownIn] = [0, 0, 0]
  for await (const { key } of archive.listKeys('raw/')) {
    objects += 1
    for (const line of await linesOf(archive, key)) {
      const { shardId, sequenceNumber, arrivalTime, data, dataBase64 } = JSON.parse(line) as RawLine
      const place = `${shardId}/${sequenceNumber}`
      if (records.has(place)) {
        repeated += 1
        continue
      }
      const bytes = data === undefined ? Buffer.from(dataBase64 ?? '', 'base64') : Buffer.from(data)
      const unknown = known.unknown.get(bytes.toString('base64'))
      const fact = known.accepted.get(place) ?? unknown
      if (!known.accepted.has(place)) unknownIn += 1
      if (fact === undefined) problems.push(`${place} in ${key} was never sent: ${bytes.toString().slice(0, 100)}`)
      else if (!dataOf(fact).equals(bytes)) problems.push(`${place} in ${key} is not what was sent: ${bytes}`)
      else records.set(place, { shardId, sequenceNumber, arrivalTime, fact })
    }
  }
  for (const [place, fact] of known.accepted)
    if (!records.has(place)) problems.push(`${place} was accepted and is not archived: ${fact.id}`)
  return { records: [...records.values()], objects, repeated, unknownIn, problems }
}

interface RawLine {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly arrivalTime: number
  readonly data?: string
  readonly dataBase64?: string
}

const linesOf = async (archive: Archive, key: string): Promise<string[]> => {
  const body = await archive.getObject(key)
  if (body === null) throw new Error(`${key} was listed and is gone: objects of the raw archive are never deleted.`)
  return gunzipSync(body).toString('utf8').split('\n').filter(Boolean)
}
