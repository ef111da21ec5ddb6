import { setTimeout as sleep } from 'node:timers/promises'
import { KinesisClient } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { Connection } from '../../cli/connection.ts'
import { seededRandom } from '../../cli/samples/shuffle.ts'
import type { StageUnderTest } from '../end-to-end/stage-under-test.ts'
import { type Archived, readArchived } from './archived.ts'
import { insist, recompute } from './commands.ts'
import { type FaultKind, strike, untilJobRuns } from './faults.ts'
import { compareAll, type Figure } from './figures.ts'
import { Producer, type Sent } from './producer.ts'
import { untilCounted } from './reach.ts'
import { merge, split } from './reshard.ts'
import { drawFaults } from './schedule.ts'
import { compareWindow, WindowWatch } from './windows.ts'

export interface ChaosOptions {
  readonly seed: number
  /** How long events flow, in all. */
  readonly minutes: number
  /** Records a second. */
  readonly rate: number
  /** `short`: one recompute under fire and the last one, a split, no merge and no rollback. */
  readonly length: 'short' | 'full'
  readonly say: (line: string) => void
}

/** One line of the run's table. */
export interface Happened {
  /** Since the first record, s. */
  readonly atS: number
  readonly what: string
  /** Until records accepted after it were archived and counted, or the recompute was live; null where nothing broke. */
  readonly healthyAfterS: number | null
}

export interface ChaosResult {
  readonly options: ChaosOptions
  readonly happened: readonly Happened[]
  readonly figures: readonly Figure[]
  readonly sent: Sent
  readonly archived: Archived
  /** Everything that is not as it should be; none: the run holds. */
  readonly differences: readonly string[]
}

/** How the time of a full run is shared out: alone with the speed side, two recomputes under fire, and what follows. */
const parts = { speed: 0.3, first: 0.3, second: 0.25, last: 0.15 }
const leastFaults = 5
/** Before anything is killed: a window is then surely whole. */
const unharmedMs = 5000
/** A killed part's successor must have taken up work before the stream is halted. */
const calmMs = 2000

/** One chaos run on a stage that is up with `definitions/`. */
export class ChaosStory {
  readonly #stage: StageUnderTest
  readonly #connection: Connection
  readonly #options: ChaosOptions
  readonly #random: () => number
  readonly #producer: Producer
  readonly #watch: WindowWatch
  readonly #kinesis = new KinesisClient({ requestHandler: new NodeHttpHandler() })
  readonly #happened: Happened[] = []
  readonly #figures: Figure[] = []
  readonly #startedAt = performance.now()
  #archived: Archived | undefined
  #isCacheEmptied = false

  constructor(stage: StageUnderTest, connection: Connection, options: ChaosOptions) {
    this.#stage = stage
    this.#connection = connection
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#watch = new WindowWatch(connection)
    const { streamName } = connection.outputs
    const random = seededRandom(options.seed + 1)
    this.#producer = new Producer({ streamName, rate: options.rate, random, now: Date.now })
  }

  async tell(): Promise<ChaosResult> {
    try {
      await this.#unharmed()
      if (this.#options.length === 'short') await this.#short()
      else await this.#full()
      return this.#result()
    } finally {
      await this.#watch.stop()
      await this.#producer.pause()
      this.#producer.close()
      this.#kinesis.destroy()
    }
  }

  async #unharmed(): Promise<void> {
    this.#producer.start()
    this.#watch.start()
    await sleep(unharmedMs)
    await this.#rest()
    await this.#checkWindow()
  }

  async #short(): Promise<void> {
    const partMs = this.#options.minutes * 30_000
    await this.#flow(partMs, leastFaults)
    await this.#checkSpeed()
    await this.#reshard(split)
    await this.#flow(partMs, 1, () => this.#recomputeUnder('spark job'))
    await this.#checkLast()
  }

  async #full(): Promise<void> {
    const ms = (share: number): number => share * this.#options.minutes * 60_000
    await this.#flow(ms(parts.speed), leastFaults)
    await this.#checkSpeed()
    await this.#reshard(split)
    await this.#flow(ms(parts.first), leastFaults, () => this.#recomputeUnder('spark job'))
    await this.#reshard(merge)
    await this.#flow(ms(parts.second), leastFaults, async () => {
      await this.#recomputeUnder('spark endpoint')
      await this.#rollback()
    })
    await this.#check('rolled back', { exactly: 'stream', upTo: 'all', estimates: true })
    await this.#flow(ms(parts.last), 1)
    await this.#checkLast()
  }

  /** Lets events flow for a while, faults striking and something else going on; then waits until all is counted. */
  async #flow(partMs: number, least: number, meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
    const { say } = this.#options
    const began = performance.now()
    const until = (atMs: number) => sleep(Math.max(0, began + atMs - performance.now()))
    this.#producer.start()
    this.#watch.start()
    const other = meanwhile()
    // Awaited below; a failure before that is no unhandled one.
    other.catch(() => undefined)
    for (const { kind, atMs } of drawFaults(partMs, least, this.#random)) {
      await until(atMs)
      await this.#strike(kind)
    }
    await until(partMs)
    await other
    await sleep(calmMs)
    await this.#rest()
    say(`all ${this.#producer.sent.accepted} accepted records are counted`)
  }

  async #rest(): Promise<void> {
    await this.#producer.pause()
    await untilCounted(this.#connection, this.#producer.last)
    this.#producer.forgetLast()
    await this.#watch.stop()
  }

  async #strike(kind: FaultKind): Promise<void> {
    const before = new Map(this.#producer.last)
    if (kind === 'valkey emptied') {
      this.#isCacheEmptied = true
      this.#watch.expectEmptied()
    }
    const what = await strike(this.#stage.home, kind, this.#random)
    const at = performance.now()
    await untilCounted(this.#connection, await this.#acceptedSince(before))
    this.#note(`kill -9: ${what}`, at, performance.now())
  }

  /** Places of records accepted after the ones given. */
  async #acceptedSince(before: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>> {
    for (;;) {
      await sleep(300)
      const after = [...this.#producer.last].filter(([shardId, last]) => last !== before.get(shardId))
      if (after.length > 0) return new Map(after)
    }
  }

  async #recomputeUnder(kind: FaultKind): Promise<void> {
    const live = recompute(this.#stage)
    live.catch(() => undefined)
    await untilJobRuns(this.#stage.home)
    await sleep(this.#random() * 4000)
    const what = await strike(this.#stage.home, kind, this.#random)
    const at = performance.now()
    const { failures, wasHeld } = await live
    for (const failure of failures) this.#options.say(`  a recompute failed: ${failure}`)
    this.#note(`kill -9: ${what}; recomputes failed: ${failures.length}${held(wasHeld)}`, at, performance.now())
    if (failures.length === 0) throw new Error(`No recompute failed, although this was killed: ${what}`)
  }

  async #rollback(): Promise<void> {
    await insist(this.#stage, 'rollback')
    this.#note('rollback', performance.now())
  }

  async #reshard(how: typeof split): Promise<void> {
    const what = await how(this.#kinesis, this.#connection.outputs.streamName, this.#random)
    this.#note(`${what}, producer and consumers at rest`, performance.now())
  }

  async #checkSpeed(): Promise<void> {
    await this.#check('speed alone', { exactly: 'shard', upTo: 'all', estimates: true })
    await this.#checkWindow()
  }

  async #checkWindow(): Promise<void> {
    const { records } = await this.#readArchive()
    this.#figures.push(await compareWindow(this.#connection, records, this.#isCacheEmptied))
  }

  async #checkLast(): Promise<void> {
    const { failures, wasHeld } = await recompute(this.#stage)
    for (const failure of failures) this.#options.say(`  a recompute failed: ${failure}`)
    this.#note(`last recompute${held(wasHeld)}`, performance.now())
    await this.#check('all recomputed', { exactly: 'stream', estimates: false })
  }

  async #check(check: string, allowed: Parameters<typeof compareAll>[3]): Promise<void> {
    const { records } = await this.#readArchive()
    const figures = await compareAll(check, this.#connection, records, allowed)
    this.#figures.push(...figures)
    for (const { metric, cells, withDuplicates, differences } of figures)
      this.#options.say(
        `${check}: ${metric}: ${cells} cells, ${withDuplicates} with producers' duplicates, ${differences.length} differing`,
      )
  }

  async #readArchive(): Promise<Archived> {
    this.#archived = await readArchived(await this.#connection.archive(), this.#producer)
    return this.#archived
  }

  async #result(): Promise<ChaosResult> {
    const archived = this.#archived ?? (await this.#readArchive())
    this.#figures.push(...this.#watch.figures(archived.records))
    const differences = [...archived.problems, ...this.#figures.flatMap((figure) => figure.differences)]
    const { sent } = this.#producer
    if (archived.records.length + archived.problems.length < sent.accepted)
      differences.push(`${sent.accepted} records were accepted, ${archived.records.length} are archived`)
    return { options: this.#options, happened: this.#happened, figures: this.#figures, sent, archived, differences }
  }

  #note(what: string, at: number, healthyAt?: number): void {
    const seconds = (ms: number): number => Math.round(ms / 100) / 10
    const healthyAfterS = healthyAt === undefined ? null : seconds(healthyAt - at)
    const atS = seconds(at - this.#startedAt)
    this.#happened.push({ atS, what, healthyAfterS })
    this.#options.say(`${atS} s: ${what}${healthyAfterS === null ? '' : `: healthy after ${healthyAfterS} s`}`)
  }
}

const held = (wasHeld: boolean): string => (wasHeld ? '; held for drift, promoted by hand' : '')
