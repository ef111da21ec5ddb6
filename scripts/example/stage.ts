import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { StatusAnswer } from '../../cli/answers.ts'
import type { Api } from '../../cli/api.ts'
import { connect } from '../../cli/connection.ts'
import { portsOf } from '../../cli/environment.ts'
import { CommandError } from '../../cli/exit.ts'
import { feed } from '../../cli/feed.ts'
import { isBad, recordOf } from '../../cli/ndjson.ts'
import type { Progress } from '../../cli/progress.ts'
import { type EventListener, listen } from '../../localstack/event-listener.ts'
import { down, reset, up } from '../../localstack/stage.ts'
import { invokeBy, lambdaClient } from '../../stores/functions/invoke.ts'
import type { StreamRecord } from '../../stores/stream/stream.ts'
import type { ResultRow } from '../../stores/warehouse/warehouse.ts'
import { waitUntilCommitted } from '../demo/stage.ts'

const projectDir = join(import.meta.dirname, '..', '..')
const runFile = promisify(execFile)

/** One thing that an example holds its answers to: both sides as text. */
export interface Check {
  readonly what: string
  readonly found: string
  readonly wanted: string
}

/** A laptop stage of an example's own, as an example uses it. */
export interface ExampleStage {
  readonly api: Api
  /** Puts events on the stream, and waits until the archive, the speed table and the windows have them all. */
  ingest(events: Iterable<object>): Promise<void>
  /** Recomputes and promotes. */
  recompute(): Promise<void>
  /** Runs a command of `tidemark`; answers what it printed. @throws where it fails */
  tidemark(...args: string[]): Promise<string>
  /** The same, handed a text by its stdin. */
  tidemarkGiven(input: string, ...args: string[]): Promise<string>
  sql(statement: string): Promise<readonly ResultRow[]>
  /** Listens on the event bus from now on. */
  hear(): Promise<EventListener>
  /** Looks at the limits now, as the stage's schedule does every minute. */
  watchLimits(): Promise<void>
  /** Stops it, and deletes what it held. */
  end(): Promise<void>
}

/** @param home what the stage may use, and is deleted with it */
export const exampleStage = async (definitionsDir: string, home: string, progress: Progress): Promise<ExampleStage> => {
  await up({
    definitionsDir,
    home,
    ports: portsOf(process.env, home),
    report: (step, detail) => progress.say(`  ${step}${detail === undefined ? '' : `: ${detail}`}`),
  })
  const connection = await connect('local', process.env, projectDir)
  const tidemarkGiven = async (input: string, ...args: string[]): Promise<string> => {
    const command = [join(projectDir, 'bin/tidemark.mjs'), ...args]
    try {
      const running = runFile(process.execPath, command, { cwd: projectDir, maxBuffer: 2 ** 28 })
      running.child.stdin?.end(input)
      const { stdout } = await running
      return stdout
    } catch (error) {
      const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string }
      throw new CommandError(`tidemark ${args.join(' ')} ended with ${code}:\n${stdout ?? ''}${stderr ?? ''}`)
    }
  }
  const tidemark = (...args: string[]): Promise<string> => tidemarkGiven('', ...args)
  return {
    api: connection.api,
    tidemark,
    tidemarkGiven,
    async ingest(events) {
      const records = new RecordsOf(events)
      const { accepted, lastSequenceNumbers } = await feed(await connection.stream(), records.each(), {
        onProgress: (taken) => progress.update(`${taken} events put`),
      })
      if (accepted !== records.events)
        throw new CommandError(`The stream took ${accepted} of ${records.events} events.`)
      await waitUntilCommitted(connection, lastSequenceNumbers, progress)
      await untilArchived(connection.api, lastSequenceNumbers)
    },
    async recompute() {
      await tidemark('recompute')
    },
    async sql(statement) {
      const warehouse = await connection.warehouse()
      const [rows = []] = await warehouse.run({ statements: [statement] })
      return rows
    },
    hear: () => listen('tidemark.local'),
    async watchLimits() {
      await invokeBy(lambdaClient())('tidemark-local-limits', {})
    },
    async end() {
      await down(home)
      await reset(home)
    },
  }
}

/** Events as records, made one by one as they are put: a million need not be held. */
class RecordsOf {
  readonly #events: Iterable<object>
  /** Made up to now. */
  events = 0

  constructor(events: Iterable<object>) {
    this.#events = events
  }

  async *each(): AsyncGenerator<StreamRecord> {
    for (const event of this.#events) {
      const record = recordOf(JSON.stringify(event), ++this.events)
      if (isBad(record)) throw new CommandError(`Event ${this.events} of the example ${record.reason}.`)
      yield record
    }
  }
}

/** How long nothing may move. */
const patienceMs = 120_000

const untilArchived = async (api: Api, lastSequenceNumbers: Readonly<Record<string, string>>): Promise<void> => {
  let [seen, movedAt] = ['', performance.now()]
  for (;;) {
    const { shards } = await api.get<StatusAnswer>('/v1/status')
    const now = JSON.stringify(shards.map(({ archive }) => archive))
    if (now !== seen) [seen, movedAt] = [now, performance.now()]
    const behind = shards.filter(({ shardId, archive }) => (archive ?? '') < (lastSequenceNumbers[shardId] ?? ''))
    if (behind.length === 0) return
    if (performance.now() > movedAt + patienceMs)
      throw new CommandError(`The archive is behind, and has not moved for ${patienceMs / 1000} s.`)
    await sleep(500)
  }
}
