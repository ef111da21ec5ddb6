import type { WindowAnswer } from '../../cli/answers.ts'
import { askBatch } from '../../cli/ask-batch.ts'
import { follow, type Outcome } from '../../cli/execution.ts'
import { CommandError } from '../../cli/exit.ts'
import { type Fed, feed } from '../../cli/feed.ts'
import { isBad, recordOf } from '../../cli/ndjson.ts'
import { tableText } from '../../cli/output.ts'
import { duration, grouped } from '../../cli/progress.ts'
import { type FlightEvent, flightCount, flights } from '../../cli/samples/flights.ts'
import { seededRandom, shuffledLate } from '../../cli/samples/shuffle.ts'
import type { StreamRecord } from '../../stores/stream/stream.ts'
import { boundBy, type CheckParts, type CheckRow, checkAll } from './checks.ts'
import { waitUntilCommitted } from './stage.ts'

export interface StoryLine {
  readonly what: string
  readonly elapsedMs: number
}

export interface StoryParts extends CheckParts {
  readonly csvPath: string
  readonly cwd: string
  /** How many flights, from the year's start, are streamed. */
  readonly flightsTold: number
  /** Gets a line for each thing that was timed. */
  readonly lines: StoryLine[]
}

const seed = 2013
/** 5% of the flights arrive up to three days late, so that no boundary by time could be right. */
const lateness = { share: 0.05, atMostMs: 3 * 86_400_000 }
/** The second part arrives this slowly, for some of it to be still arriving when the first recompute is done. */
const arrivingSeconds = 150
/** The last part of all, kept for after it, so that the second recompute always has something new. */
const reservedShare = 0.1

/** The whole demonstration; answers how each step's answers compared. */
export const tell = async (parts: StoryParts): Promise<CheckRow[]> => {
  const records = await recordsOf(parts)
  const third = Math.floor(records.length / 3)
  const rows: CheckRow[] = []
  const check = async (step: string): Promise<void> => {
    const checked = await timed(parts, `checks ${step}`, () => checkAll(step, parts))
    rows.push(...checked)
    show(checked)
  }

  await timed(parts, `${grouped(third)} flights streamed and counted by speed`, () =>
    stream(parts, records.slice(0, third)),
  )
  await check('speed alone')

  const stop = new AbortController()
  const meanwhile = records.slice(third, Math.floor(records.length * (1 - reservedShare)))
  const arriving = feedAll(parts, meanwhile, { rate: meanwhile.length / arrivingSeconds, signal: stop.signal })
  try {
    await timed(parts, 'first recompute, flights arriving', () => recompute(parts))
    await check('recomputed, flights arriving')
  } finally {
    stop.abort()
  }
  const { accepted } = await arriving
  const rest = records.slice(third + accepted)
  parts.progress.say(`${grouped(accepted)} flights arrived while it was recomputed and checked`)
  await timed(parts, `${grouped(rest.length)} more streamed and counted by speed`, () => stream(parts, rest))
  await timed(parts, 'second recompute', () => recompute(parts))
  await check('all recomputed')
  await checkWindow(parts)

  await timed(parts, 'rollback', () => rollback(parts))
  await check('rolled back')
  return rows
}

const recordsOf = async ({ csvPath, progress, flightsTold }: StoryParts): Promise<StreamRecord[]> => {
  const events: FlightEvent[] = []
  for await (const event of flights(csvPath)) events.push(event)
  if (events.length !== flightCount)
    throw new CommandError(
      `${csvPath} holds ${events.length} flights; ${flightCount} were expected. Delete it and run again.`,
    )
  const told = events.slice(0, flightsTold)
  progress.say(`${grouped(told.length)} flights, 5% of them up to three days late`)
  return shuffledLate(told, lateness, seededRandom(seed)).map((event, index) => {
    const record = recordOf(JSON.stringify(event), index + 1)
    if (isBad(record)) throw new CommandError(`Flight ${index + 1} ${record.reason}.`)
    return record
  })
}

const timed = async <T>({ lines, progress }: StoryParts, what: string, work: () => Promise<T>): Promise<T> => {
  progress.say(what)
  const startedAt = performance.now()
  const result = await work()
  const elapsedMs = performance.now() - startedAt
  lines.push({ what, elapsedMs })
  progress.say(`  took ${duration(elapsedMs)}`)
  return result
}

const feedAll = async (
  { connection, progress }: StoryParts,
  records: readonly StreamRecord[],
  options: { rate?: number; signal?: AbortSignal },
): Promise<Fed> => {
  const each = async function* (): AsyncGenerator<StreamRecord> {
    yield* records
  }
  return feed(await connection.stream(), each(), {
    ...options,
    onProgress: (accepted) =>
      progress.update(`${grouped(accepted)} of ${grouped(records.length)} flights on the stream`),
  })
}

const stream = async (parts: StoryParts, records: readonly StreamRecord[]): Promise<void> => {
  const { lastSequenceNumbers } = await feedAll(parts, records, {})
  await waitUntilCommitted(parts.connection, lastSequenceNumbers, parts.progress)
}

const recompute = async ({ connection, progress, cwd }: StoryParts): Promise<Outcome> => {
  const executions = await connection.executions()
  const executionArn = await executions.start({ full: false, promote: true, reloadDatasetId: null })
  const outcome = await follow(connection, executionArn, { progress, stage: connection.stage, env: process.env, cwd })
  if (outcome.held || outcome.ended === 'NothingNew')
    throw new CommandError(`The recompute ended in ${outcome.ended}: ${JSON.stringify(outcome.answer.json)}`)
  return outcome
}

const rollback = async ({ connection, progress }: StoryParts): Promise<void> => {
  const answer = (await askBatch(connection, { step: 'rollback' })) as { liveDatasetId?: string }
  progress.say(`  dataset ${answer.liveDatasetId} is live again; the speed side answers for the rest`)
}

/** The live window's last hour beside the CSV's. */
const checkWindow = async (parts: StoryParts): Promise<void> => {
  const answer = await parts.connection.api.get<WindowAnswer>('/v1/windows/departures', { last: '1h', asOf: 'latest' })
  await boundBy({ positions: answer.receipt.positions, tidemark: {} }, parts)
  const counted = await parts.oracle.within('departures', answer.from, answer.to)
  const served = answer.rows[0]?.value ?? 0
  parts.progress.say(`  window of departures [${answer.from}, ${answer.to}): ${served} served, ${counted} in the CSV`)
  if (String(served) !== String(counted)) throw new CommandError('The window differs from the CSV.')
}

const show = (rows: readonly CheckRow[]): void => {
  process.stdout.write(
    tableText({
      columns: ['metric', 'served', 'from the CSV', 'cells', 'estimated', 'differing', 'equal'],
      rows: rows.map((row) => [
        row.metric,
        row.total,
        row.counted,
        row.cells,
        row.estimated,
        row.differing,
        row.equal ? 'yes' : 'NO',
      ]),
    }),
  )
}
