import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { KinesisEventRecord } from '../../core/kinesis-record.ts'
import { parseRawObjectKey, type RawObject } from '../../core/raw-archive.ts'
import { archiveEvent } from '../../lambdas/archive/archive.ts'
import { type Play, plays } from './play.ts'
import { type Tally, Tallying } from './tally.ts'

/** An archive in a folder, and what was played. */
export interface PlayedArchive {
  readonly dir: string
  /** In the order in which they were written. */
  readonly objects: readonly RawObject[]
  readonly tally: Tally
}

/** One invocation's: a payload of 6 MB holds little more of such records. */
const recordsAnObject = 5000
const shards = Array.from({ length: 4 }, (_, place) => `shardId-${String(place).padStart(12, '0')}`)

/**
 * Writes so many sessions as the archive function would, by its own code, over four shards. An archive that stands in
 * the folder is taken as it is: the seed makes the same again.
 */
export const playedArchive = async (dir: string, sessions: number, seed: number): Promise<PlayedArchive> => {
  const factsFile = join(dir, 'facts.json')
  if (existsSync(factsFile)) return { dir, ...JSON.parse(await readFile(factsFile, 'utf8')) }
  const writers = shards.map((shardId) => new ShardWriter(dir, shardId))
  const tallying = new Tallying(sessions)
  let records = 0
  const objects: RawObject[] = []
  for (const play of plays(sessions, seed)) {
    tallying.add(play)
    const writer = writers[records++ % shards.length]
    // Its twin goes to the same shard, as by a partition key.
    for (let time = play.isRepeated ? 2 : 1; time > 0; time--) objects.push(...((await writer?.put(play)) ?? []))
  }
  for (const writer of writers) objects.push(...(await writer.flush()))
  const facts = { objects, tally: tallying.tally() }
  writeFileSync(factsFile, JSON.stringify(facts))
  return { dir, ...facts }
}

class ShardWriter {
  readonly #dir: string
  readonly #shardId: string
  #pending: KinesisEventRecord[] = []
  #last = 0

  constructor(dir: string, shardId: string) {
    this.#dir = dir
    this.#shardId = shardId
  }

  /** @returns the object that the record filled */
  async put({ id, text, arrivalTime }: Play): Promise<readonly RawObject[]> {
    // As long as Kinesis's.
    const sequenceNumber = `4966${String(++this.#last).padStart(52, '0')}`
    const kinesis = {
      sequenceNumber,
      partitionKey: id,
      approximateArrivalTimestamp: arrivalTime / 1000,
      data: Buffer.from(text).toString('base64'),
    }
    this.#pending.push({ eventID: `${this.#shardId}:${sequenceNumber}`, kinesis })
    return this.#pending.length < recordsAnObject ? [] : this.flush()
  }

  async flush(): Promise<readonly RawObject[]> {
    if (this.#pending.length === 0) return []
    const archived = await archiveEvent({ Records: this.#pending }, { putObject: this.#write })
    this.#pending = []
    return [{ ...parseRawObjectKey(archived.key), bytes: archived.bytes }]
  }

  readonly #write = async (key: string, body: Uint8Array): Promise<void> => {
    const path = join(this.#dir, key)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, body)
  }
}
