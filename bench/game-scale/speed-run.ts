import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type Connection, connect } from '../../cli/connection.ts'
import { decodeRawLine, type RawObject } from '../../core/raw-archive.ts'
import { days } from '../../examples/game/sessions.ts'
import { anyFreePort } from '../../localstack/port-check.ts'
import { portsFrom, portsNeeded } from '../../localstack/ports.ts'
import { down, up } from '../../localstack/stage.ts'
import { localEnvironment } from '../../localstack/urls.ts'
import { ValkeyClient } from '../../stores/window/client.ts'
import { type ResidentPeaks, ResidentWatch } from '../resident.ts'
import type { Answered } from './compare.ts'
import type { PlayedArchive } from './raw-archive.ts'

/** What the function logged of all its micro-batches. */
interface Handled {
  readonly microBatches: number
  readonly records: number
  readonly duplicates: number
  /** Events whose twins could not be asked about. */
  readonly unchecked: number
  readonly rows: number
}

export interface SpeedRun {
  readonly seconds: number
  readonly peaks: ResidentPeaks
  readonly handled: Handled
  /** `players` are estimates. */
  readonly answered: Answered
  readonly playersOfBothDays: number
}

export interface SpeedPlace {
  readonly projectDir: string
  readonly definitionsDir: string
  readonly report: (line: string) => void
}

/**
 * Feeds an archive's records to the built speed-table function, an object a micro-batch, and asks the stage's API. The
 * function runs in a process of its own; its states go to the PostgreSQL, and its duplicates to the Valkey, of a laptop
 * stage whose own functions are idle.
 * @throws where a micro-batch fails
 */
export const runSpeed = async (archive: PlayedArchive, place: SpeedPlace): Promise<SpeedRun> => {
  const { projectDir, definitionsDir, report } = place
  const home = join(archive.dir, 'stage')
  const port = process.env.TIDEMARK_PORT ?? String(await anyFreePort(portsNeeded))
  Object.assign(process.env, {
    TIDEMARK_HOME: home,
    TIDEMARK_PORT: port,
    TIDEMARK_OWNER_PID: String(process.pid),
  })
  try {
    await up({ definitionsDir, home, ports: portsFrom(port), report: (step) => report(`stage: ${step}`) })
    const connection = await connect('local', process.env, projectDir)
    const fed = await feedAll(archive, connection, home, report)
    return { ...fed, ...(await answeredBy(connection)) }
  } finally {
    await down(home)
    await rm(home, { recursive: true, force: true })
  }
}

const feedAll = async (
  archive: PlayedArchive,
  connection: Connection,
  home: string,
  report: (line: string) => void,
): Promise<Omit<SpeedRun, 'answered' | 'playersOfBothDays'>> => {
  const logFile = join(archive.dir, 'speed.log')
  const log = openSync(logFile, 'w')
  const bundle = join(home, 'dist/lambdas/speed-table/index.js')
  const cache = `127.0.0.1:${portsFrom(process.env.TIDEMARK_PORT).valkey}`
  const child = spawn(process.execPath, [join(import.meta.dirname, 'function-process.mjs'), bundle], {
    env: functionEnvironment(connection, cache),
    stdio: ['pipe', log, log, 'ipc'],
  })
  const watch = new ResidentWatch(child.pid ?? 0, (line) => (line.includes('function-process') ? 'function' : null))
  const spans = new PassingSpans(cache, Number(connection.outputs.duplicatesWindowSeconds) * 1000)
  const startedAt = performance.now()
  try {
    let handled: Promise<unknown> = Promise.resolve()
    for (const [place, object] of archive.objects.entries()) {
      const { frame, lastArrival } = await eventOf(archive.dir, object)
      await handled
      handled = handledBy(child, frame)
      await spans.pass(object.shardId, lastArrival)
      if (place % 200 === 199) report(`micro-batch ${place + 1} of ${archive.objects.length}`)
    }
    await handled
    child.stdin?.end()
    await once(child, 'exit')
  } catch (error) {
    throw new Error(`The function failed:\n${readFileSync(logFile, 'utf8').slice(-3000)}`, { cause: error })
  } finally {
    spans.close()
    closeSync(log)
    child.kill()
  }
  return { seconds: (performance.now() - startedAt) / 1000, peaks: watch.end(), handled: handledIn(logFile) }
}

/** As the stack sets it. */
const functionEnvironment = ({ outputs }: Connection, cache: string): NodeJS.ProcessEnv => ({
  ...localEnvironment(portsFrom(process.env.TIDEMARK_PORT)),
  TIDEMARK_STAGE: 'local',
  DATA_BUCKET: outputs.dataBucketName,
  WAREHOUSE_WORKGROUP: outputs.warehouseWorkgroup,
  WAREHOUSE_DATABASE: outputs.warehouseDatabase,
  WAREHOUSE_COPY_ROLE_ARN: 'arn:aws:iam::000000000000:role/copy',
  CACHE_ENDPOINT: cache,
  CACHE_TLS: 'false',
  STREAM_NAME: outputs.streamName,
  DUPLICATES_WINDOW_SECONDS: outputs.duplicatesWindowSeconds,
})

/** The event that Lambda would bring, in the frame that the function's process reads. */
const eventOf = async (dir: string, { key }: RawObject): Promise<{ frame: Buffer; lastArrival: number }> => {
  const lines = gunzipSync(await readFile(join(dir, key)))
    .toString('utf8')
    .trimEnd()
    .split('\n')
  let lastArrival = 0
  const records = lines.map((line) => {
    const { shardId, sequenceNumber, arrivalTime, partitionKey, bytes } = decodeRawLine(line)
    lastArrival = arrivalTime
    const shown = sequenceNumber.replace(/^0+/, '')
    const kinesis = {
      kinesisSchemaVersion: '1.0',
      partitionKey,
      sequenceNumber: shown,
      data: Buffer.from(bytes).toString('base64'),
      approximateArrivalTimestamp: arrivalTime / 1000,
    }
    return { kinesis, eventSource: 'aws:kinesis', eventID: `${shardId}:${shown}`, eventName: 'aws:kinesis:record' }
  })
  const json = Buffer.from(JSON.stringify({ Records: records }))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return { frame: Buffer.concat([length, json]), lastArrival }
}

const handledBy = (child: ChildProcess, frame: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    const handled = (): void => {
      child.off('exit', ended)
      resolve()
    }
    const ended = (code: number | null): void => {
      child.off('message', handled)
      reject(new Error(`The function's process ended with ${code}.`))
    }
    child.once('message', handled).once('exit', ended)
    child.stdin?.write(frame)
  })

/**
 * Forgets spans of identities as the days that are played pass: Valkey would do so by its own clock, an hour and a window
 * after the last question, of which a run sees little.
 */
class PassingSpans {
  readonly #client: ValkeyClient
  readonly #windowMs: number
  readonly #passed = new Map<string, number>()

  constructor(endpoint: string, windowMs: number) {
    this.#client = new ValkeyClient(endpoint, false)
    this.#windowMs = windowMs
  }

  async pass(shardId: string, arrivalTime: number): Promise<void> {
    const oldest = Math.floor((arrivalTime - 3_600_000) / this.#windowMs) - 2
    const passed = this.#passed.get(shardId) ?? oldest - 1
    await this.#client.ready()
    for (let span = passed; span < oldest; span++)
      await this.#client.cluster.unlink(`{${shardId}}:firsts:${this.#windowMs}:${span}`)
    this.#passed.set(shardId, oldest)
  }

  close(): void {
    this.#client.close()
  }
}

const handledIn = (logFile: string): Handled => {
  const total = { microBatches: 0, records: 0, duplicates: 0, unchecked: 0, rows: 0 }
  for (const line of readFileSync(logFile, 'utf8').split('\n')) {
    if (!line.startsWith('{"message":"table moved"')) continue
    const { records, duplicates, unchecked, rows } = JSON.parse(line)
    total.microBatches++
    total.records += records
    total.duplicates += duplicates
    total.unchecked += unchecked
    total.rows += rows
  }
  return total
}

interface Page {
  readonly rows: readonly {
    readonly bucket: string
    readonly by: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

const answeredBy = async ({ api }: Connection): Promise<Pick<SpeedRun, 'answered' | 'playersOfBothDays'>> => {
  const range = { from: days.yesterday, to: days.tomorrow }
  const players = await api.get<Page>('/v1/metrics/players', { ...range, by: 'country' })
  const both = await api.get<Page>('/v1/metrics/players', { ...range, per: 'total' })
  const matches = await api.get<Page>('/v1/metrics/matches', range)
  const ads = await api.get<Page>('/v1/metrics/ads', { by: 'campaign' })
  return {
    answered: {
      players: new Map(players.rows.map(({ bucket, by, value }) => [`${bucket.slice(0, 10)} ${by.country}`, value])),
      matches: new Map(matches.rows.map(({ bucket, value }) => [bucket.slice(0, 10), value])),
      ads: new Map(ads.rows.map(({ bucket, by, value }) => [`${bucket.slice(0, 13)} ${by.campaign}`, value])),
    },
    playersOfBothDays: both.rows[0]?.value ?? 0,
  }
}
