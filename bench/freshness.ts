/**
 * How soon an event is answered: `npx tsx bench/freshness.ts [--rate 1000] [--seconds 60]`.
 * Events are put on a laptop stage of the benchmark's own at a steady rate while window and query are asked over and
 * over; an event is answered once an answer's receipt says that its position is counted. Prints percentiles, and the
 * memory of the stage while Spark is idle. No test asserts these figures.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { MetricPage, WindowAnswer } from '../cli/answers.ts'
import { type Connection, connect } from '../cli/connection.ts'
import { tableText } from '../cli/output.ts'
import { anyFreePort } from '../localstack/port-check.ts'
import { portsFrom, portsNeeded } from '../localstack/ports.ts'
import { down, up } from '../localstack/stage.ts'
import { memoryOfTree } from './memory.ts'

const projectDir = join(import.meta.dirname, '..')
const batchesPerSecond = 10

/** A record that was accepted: where it stands, and when that was known (performance.now, ms). */
interface Sent {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly at: number
}

const main = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { rate: { type: 'string', default: '1000' }, seconds: { type: 'string', default: '60' } },
  })
  const home = mkdtempSync(join(tmpdir(), 'tidemark-freshness-'))
  const port = await anyFreePort(portsNeeded)
  Object.assign(process.env, {
    TIDEMARK_HOME: home,
    TIDEMARK_PORT: String(port),
    TIDEMARK_OWNER_PID: String(process.pid),
  })
  try {
    await up({
      definitionsDir: join(projectDir, 'definitions'),
      home,
      ports: portsFrom(String(port)),
      report: console.error,
    })
    const connection = await connect('local', process.env, projectDir)
    const rows = await measure(connection, Number(values.rate), Number(values.seconds))
    const { pid } = JSON.parse(await readFile(join(home, 'stage.json'), 'utf8')) as { pid: number }
    console.log(tableText({ columns: ['answered by', 'samples', 'p50 s', 'p95 s', 'max s'], rows }))
    console.log(
      `memory of the stage, Spark idle: ${Math.round(memoryOfTree(pid) / 2 ** 20)} MB (proportional set size)`,
    )
  } finally {
    await down(home)
    rmSync(home, { recursive: true, force: true })
  }
}

const measure = async (connection: Connection, rate: number, seconds: number) => {
  const waiting = { window: [] as Sent[], query: [] as Sent[] }
  const latencies = { window: [] as number[], query: [] as number[] }
  let isSending = true
  const watch = async (
    side: 'window' | 'query',
    positions: () => Promise<Readonly<Record<string, string>>>,
  ): Promise<void> => {
    while (isSending || waiting[side].length > 0) {
      const reached = await positions()
      const now = performance.now()
      const isAnswered = ({ shardId, sequenceNumber }: Sent): boolean => (reached[shardId] ?? '') >= sequenceNumber
      latencies[side].push(...waiting[side].filter(isAnswered).map(({ at }) => now - at))
      waiting[side] = waiting[side].filter((sent) => !isAnswered(sent))
      await sleep(50)
    }
  }
  const window = watch(
    'window',
    async () => (await connection.api.get<WindowAnswer>('/v1/windows/departures', { last: '1m' })).receipt.positions,
  )
  const query = watch(
    'query',
    async () => (await connection.api.get<MetricPage>('/v1/metrics/departures', { per: 'total' })).receipt.positions,
  )
  await send(connection, rate, seconds, (sent) => {
    waiting.window.push(sent)
    waiting.query.push(sent)
  })
  isSending = false
  await Promise.all([window, query])
  return Object.entries(latencies).map(([side, all]) => [
    side,
    all.length,
    ...[0.5, 0.95, 1].map((part) => percentile(all, part)),
  ])
}

const send = async (
  connection: Connection,
  rate: number,
  seconds: number,
  onSent: (sent: Sent) => void,
): Promise<void> => {
  const stream = await connection.stream()
  const startedAt = performance.now()
  for (let batch = 0; batch < seconds * batchesPerSecond; batch++) {
    await sleep(Math.max(0, startedAt + (batch * 1000) / batchesPerSecond - performance.now()))
    const at = performance.now()
    const records = Array.from({ length: rate / batchesPerSecond }, (_, number) => flight(batch + number))
    const { lastSequenceNumbers } = await stream.put(records)
    for (const [shardId, sequenceNumber] of Object.entries(lastSequenceNumbers)) onSent({ shardId, sequenceNumber, at })
  }
}

const carriers = ['UA', 'AA', 'DL', 'B6', 'EV', 'MQ', 'US', 'WN']

const flight = (number: number) => {
  const id = randomUUID()
  const event = {
    type: 'flight',
    id,
    at: new Date().toISOString(),
    carrier: carriers[number % carriers.length],
    flight: number,
    tailnum: `N${number % 4000}`,
    origin: 'EWR',
    dest: 'IAH',
    departureDelayMinutes: 0,
    arrivalDelayMinutes: number % 60,
    cancelled: false,
  }
  return { data: Buffer.from(JSON.stringify(event)), partitionKey: id }
}

const percentile = (values: readonly number[], part: number): string => {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
  return (value / 1000).toFixed(2)
}

await main()
