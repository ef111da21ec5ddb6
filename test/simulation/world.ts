import type { Model } from '../../core/model.ts'
import { rawPrefix } from '../../core/raw-archive.ts'
import type { Batch } from '../../lambdas/batch/batch.ts'
import { tellModels } from '../../lambdas/batch/models.ts'
import { runStep, type StepRequest } from '../../lambdas/batch/steps.ts'
import { MemoryArchive } from '../../stores/archive/memory.ts'
import { forgottenAfterMs } from '../../stores/identities/identities.ts'
import { MemoryIdentities } from '../../stores/identities/memory.ts'
import { MemoryJobs } from '../../stores/jobs/memory.ts'
import { MemoryDatasetLedger } from '../../stores/ledger/memory-dataset-ledger.ts'
import { MemoryExclusionLedger } from '../../stores/ledger/memory-exclusion-ledger.ts'
import { MemoryModelLedger } from '../../stores/ledger/memory-model-ledger.ts'
import { MemoryReplayOutputs } from '../../stores/ledger/memory-replay-outputs.ts'
import { MemorySpeedLedger } from '../../stores/ledger/memory-speed-ledger.ts'
import { LineUps } from '../../stores/models/line-ups.ts'
import { MemoryModels } from '../../stores/models/memory.ts'
import { MemoryStates } from '../../stores/states/memory.ts'
import { MemoryWarehouse } from '../../stores/warehouse/memory.ts'
import { TransactionFailed } from '../../stores/warehouse/warehouse.ts'
import { MemoryWindowStore } from '../../stores/window/memory.ts'
import type { WindowCommit } from '../../stores/window/window.ts'
import type { Choices } from './choices.ts'
import { Consumers } from './consumer.ts'
import { Exclusions } from './exclusions.ts'
import {
  type Copy,
  duplicatesWindowMs,
  type FunctionName,
  functionNames,
  invoked,
  type Reached,
  startCopy,
} from './functions.ts'
import { Kept } from './kept.ts'
import { Limits } from './limits.ts'
import { Execution, type Machine } from './machine.ts'
import { type Accepted, accept } from './oracle.ts'
import type { Sent } from './sale.ts'
import { saleText } from './sale.ts'
import { type Actor, interrupted, kill, operationOf, Scheduler, settled, Unanswered } from './scheduler.ts'
import { type SimulatedShard, SimulatedStream } from './stream.ts'

/** The definitions that a stage may run, in the order of definitions.ts, and the state machine it runs. */
export interface Deployable {
  readonly models: readonly Model[]
  readonly machine: Machine
}

const bucket = 'data'
/** Speed rows are pruned after this: short, so that a schedule gets to it. */
const speedRetentionMs = 2 * 60_000
const executionLimitMs = 30 * 60_000
/** In most schedules a run counts as lost at once, so that others are under way beside it: what then goes wrong is what is looked for. */
const silences = [-1, -1, 10 * 60_000]
/** What share of a metric's rows may differ from what is served: in some schedules none may, and what differs is held. */
const maxDrifts = [1_000_000, 1_000_000, 0]

/** The twin of S3, with a count of what was archived. */
class CountedArchive extends MemoryArchive {
  rawPuts = 0

  override putObject(key: string, body: Uint8Array): Promise<void> {
    if (key.startsWith(rawPrefix)) this.rawPuts++
    return super.putObject(key, body)
  }
}

/** The twin of Valkey, with a count of what was committed, or lost. */
class CountedWindows extends MemoryWindowStore {
  commits = 0

  override commit(commit: WindowCommit): Promise<'committed' | 'conflict'> {
    this.commits++
    return super.commit(commit)
  }

  override lose(): void {
    this.commits++
    super.lose()
  }
}

/** A whole stage in memory: the real handlers, twins of the stores, and a scheduler that owns time and order. */
export class World {
  readonly choices: Choices
  readonly scheduler: Scheduler
  readonly stream: SimulatedStream
  readonly archive = new CountedArchive()
  readonly warehouse: MemoryWarehouse
  readonly models: MemoryModels
  readonly windows: CountedWindows
  readonly states: MemoryStates
  readonly ledger: MemoryDatasetLedger
  readonly jobs: MemoryJobs
  readonly consumers = new Consumers(functionNames)
  readonly limits = new Limits(this)
  readonly exclusions = new Exclusions(() => this.warehouse.committed)
  readonly kept = new Kept(this)
  readonly accepted: Accepted[] = []
  readonly executions: Execution[] = []
  readonly trace: string[] = []
  copies: Record<FunctionName, Copy[]> = { archive: [], table: [], window: [] }
  /** Batch functions and operators at work. */
  readonly busy = new Set<Actor>()
  readonly advancing = new Set<Execution>()
  /** How far windows were ever answered, by shard. */
  readonly windowReached = new Map<string, string>()
  now = Date.parse('2026-03-28T22:00:00Z')
  /** The function that gets its records later than the others do. */
  readonly laggard: FunctionName | null
  readonly maxDrift: number
  /** The datasets that operators wished to be served however they differ. */
  readonly acceptedDrift = new Set<string>()
  /** The place of the deployed definitions in definitions.ts. */
  deployed = 0
  /** The simulation itself went wrong, or the code that runs in it. */
  broken: unknown = null
  /** Whether definitions ever changed; whether Valkey was ever emptied. */
  hasDeployed = false
  wasEmptied = false
  readonly #deployable: Deployable
  readonly #reached: Reached
  /** Speed rows were counted again: where a chain of retries begins before what was read, others of it count. */
  hasReplayed = false
  readonly #beganAt: number
  /** How often a new copy is started although a warm one is idle. */
  readonly #coldPercent: number
  readonly #silentAfterMs: number
  /** Apart, and never disturbed: nothing rests on it, and each step would take twice as long. */
  readonly #signsOfLife = new MemoryArchive()
  readonly #identities = new MemoryIdentities(duplicatesWindowMs, () => this.now)
  readonly #ancestors = new Map<string, ReadonlySet<string>>()
  #isUnchecked = false
  #names = 0

  constructor(choices: Choices, deployable: Deployable, options: { readonly isTraced: boolean }) {
    this.choices = choices
    this.#beganAt = this.now
    this.#deployable = deployable
    this.models = new MemoryModels(deployable.models)
    const trace = options.isTraced ? (line: () => string) => this.trace.push(line()) : () => undefined
    this.note = trace
    this.scheduler = new Scheduler(choices, trace, () => new TransactionFailed('simulated', 'the warehouse gave it up'))
    this.stream = new SimulatedStream(1 + choices.below(2))
    this.#coldPercent = choices.pick([15, 2])
    this.#silentAfterMs = choices.pick(silences)
    this.maxDrift = choices.pick(maxDrifts)
    this.laggard = choices.pick([null, null, ...functionNames])
    const service: Actor = { name: 'warehouse', isDead: false, onAbandoned: null }
    this.warehouse = new MemoryWarehouse((what) =>
      this.scheduler.point(service, operationOf('warehouse', what), 'commit'),
    )
    this.windows = new CountedWindows(() => this.now)
    this.ledger = new MemoryDatasetLedger(this.warehouse)
    this.states = new MemoryStates({ warehouse: this.warehouse, archive: this.archive })
    this.jobs = new MemoryJobs({ archive: this.archive, model: () => this.model })
    this.#reached = {
      archive: this.archive,
      models: this.models,
      windows: this.windows,
      identities: this.#identities,
      stream: this.stream,
      speedLedger: (actor) => interrupted(new MemorySpeedLedger(this.warehouse), 'speedLedger', actor, this.scheduler),
      now: () => this.now,
      newName: () => this.newName(),
      onUnchecked: (events) => {
        if (events > 0) this.#isUnchecked = true
      },
    }
  }

  /** Writes a line of the schedule's story, where one is kept: seldom, so that lines are made only then. */
  readonly note: (line: () => string) => void

  get model(): Model {
    return this.#modelAt(this.deployed)
  }

  /** Their place in definitions.ts. */
  definitionsOf(model: Model): number {
    return this.#deployable.models.indexOf(model)
  }

  #modelAt(place: number): Model {
    const model = this.#deployable.models[place]
    if (model === undefined) throw new Error(`There are no definitions ${place}.`)
    return model
  }

  /** The one by whose definitions answers are given. */
  get served(): Model {
    const version = this.warehouse.committed.model[0]?.servingVersion
    return this.#deployable.models.find(({ data }) => data.version === version) ?? this.#modelAt(0)
  }

  /** Twins may count on the speed side: they could not be asked about, or were forgotten since, or are counted again. */
  get isUnsureOfTwins(): boolean {
    return this.hasReplayed || this.#isUnchecked || this.now - this.#beganAt >= forgottenAfterMs(duplicatesWindowMs)
  }

  #name(what: string): string {
    return `${what}-${this.newName()}`
  }

  newName(): string {
    return String(++this.#names)
  }

  /** All that a shard came from, which never changes. */
  readonly ancestorsOf = (shardId: string): ReadonlySet<string> => {
    const held = this.#ancestors.get(shardId)
    if (held !== undefined) return held
    const { parentShardIds = [] } = this.stream.all.find((shard) => shard.shardId === shardId) ?? {}
    const ancestors = new Set(parentShardIds.flatMap((parent) => [parent, ...this.ancestorsOf(parent)]))
    this.#ancestors.set(shardId, ancestors)
    return ancestors
  }

  send(shard: SimulatedShard, sent: Sent, arrivalTime: number, gap: number): void {
    const text = sent.kind === 'sale' ? saleText(sent) : sent.text
    const { shardId, sequenceNumber } = this.stream.put(shard, text, arrivalTime, gap)
    this.accepted.push(accept({ shardId, sequenceNumber, arrivalTime, sent }))
    this.note(() => `producer: ${shardId} ${BigInt(sequenceNumber)} ${text}`)
  }

  /** An idle warm copy of a function, or a new one. */
  copyFor(name: FunctionName): Copy {
    const idle = this.copies[name].filter(({ isBusy }) => !isBusy)
    const first = this.choices.chance(20) ? this.choices.pick([...idle, null]) : idle[0]
    const warm = idle.length > 0 && !this.choices.chance(this.#coldPercent) ? (first ?? null) : null
    if (warm !== null) return warm
    const copy = startCopy(name, this.model, this.#reached, this.scheduler, ++this.#names)
    this.copies[name].push(copy)
    return copy
  }

  /** Gives a consumer's next records to a function: what became of them is told by the consumer's `done`. */
  deliver(name: FunctionName, shard: SimulatedShard, back: number, size: number): void {
    const consumer = this.consumers.of(name, shard)
    const { from, records } = consumer.batch(back, size)
    const copy = this.copyFor(name)
    consumer.isBusy = true
    copy.isBusy = true
    this.note(() => `${copy.actor.name}: ${shard.shardId} records ${from} to ${from + records.length}`)
    invoked(copy.actor, () => copy.invoke(shard.shardId, records)).then(
      () => {
        consumer.isBusy = false
        copy.isBusy = false
        consumer.done = Math.max(consumer.done, from + records.length)
      },
      (error: unknown) => {
        consumer.isBusy = false
        copy.isBusy = false
        this.refuseBug(error)
        // It stays where it was.
        this.note(() => `${copy.actor.name}: failed: ${error instanceof Error ? error.message : String(error)}`)
        // It is not used again, though it may go on.
        if (error instanceof Unanswered) this.copies[name] = this.copies[name].filter((each) => each !== copy)
      },
    )
  }

  /** Runs one step of the batch function in a copy of its own. */
  async step(request: StepRequest): Promise<unknown> {
    const actor: Actor = { name: this.#name(`batch ${request.step}`), isDead: false, onAbandoned: null }
    this.busy.add(actor)
    try {
      return await invoked(actor, () => runStep(this.#batch(actor), request))
    } catch (error) {
      this.refuseBug(error)
      throw error
    } finally {
      this.busy.delete(actor)
    }
  }

  /** No store fails like this: what may be tried again, or refused, is an error that somebody meant. */
  refuseBug(error: unknown): void {
    if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError)
      this.broken = error
  }

  #batch(actor: Actor): Batch {
    const reach = <Store extends object>(store: Store, name: string): Store =>
      interrupted(store, name, actor, this.scheduler)
    return {
      model: this.model.data,
      models: this.models,
      lineUps: new LineUps(this.models),
      modelLedger: reach(new MemoryModelLedger(this.warehouse), 'modelLedger'),
      dialect: 'postgres',
      archive: reach(this.archive, 'archive'),
      bucket,
      signsOfLife: this.#signsOfLife,
      stream: reach(this.stream, 'stream'),
      states: reach(this.states, 'states'),
      ledger: reach(this.ledger, 'ledger'),
      exclusions: reach(new MemoryExclusionLedger(this.warehouse), 'exclusions'),
      speedLedger: reach(new MemorySpeedLedger(this.warehouse), 'speedLedger'),
      outputs: reach(new MemoryReplayOutputs(this.warehouse), 'outputs'),
      jobs: reach(this.jobs, 'jobs'),
      executionLimitMs,
      silentAfterMs: this.#silentAfterMs,
      speedRetentionMs,
      duplicatesWindowMs,
      maxDrift: this.maxDrift,
      now: () => this.now,
      unique: () => this.newName(),
    }
  }

  startExecution(input: { full: boolean; promote: boolean; reloadDatasetId: string | null }): Execution {
    const execution = new Execution(this.#deployable.machine, this.#name('execution'), this.now, input)
    this.executions.push(execution)
    this.note(() => `operator: ${execution.name} ${JSON.stringify(input)}`)
    return execution
  }

  /** Takes an execution one state on. */
  advance(execution: Execution): void {
    this.advancing.add(execution)
    this.note(() => `${execution.name}: ${execution.at}`)
    const step = execution.advance((payload) => this.step(payload as StepRequest))
    this.#inBackground(step.finally(() => this.advancing.delete(execution)))
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.broken = error
    })
  }

  /** Every copy at work. */
  get atWork(): Actor[] {
    return [
      ...functionNames.flatMap((name) => this.copies[name].filter(({ isBusy }) => isBusy).map(({ actor }) => actor)),
      ...this.busy,
    ]
  }

  /** Valkey is emptied: what windows held and which ids were seen is gone. */
  loseCache(): void {
    this.windows.lose()
    this.#identities.lose()
    this.#isUnchecked = true
    this.wasEmptied = true
  }

  kill(actor: Actor): void {
    this.note(() => `${actor.name}: killed`)
    kill(actor)
    for (const name of functionNames) this.copies[name] = this.copies[name].filter((copy) => copy.actor !== actor)
  }

  /** The stage is there, and nothing has happened yet. */
  async begin(): Promise<void> {
    await this.undisturbed(() => this.#migrate())
    await this.windows.mark()
  }

  /** The definitions that are not deployed. */
  get otherDefinitions(): number[] {
    return [...this.#deployable.models.keys()].filter((place) => place !== this.deployed)
  }

  /** Other definitions are deployed: new copies run them, the old ones end once they are idle. */
  async deploy(definitions: number): Promise<void> {
    this.deployed = definitions
    this.hasDeployed = true
    await this.undisturbed(() => this.#migrate())
    for (const name of functionNames) this.copies[name] = []
  }

  async #migrate(): Promise<void> {
    await this.warehouse.migrate(this.model.data)
    await tellModels({ archive: this.archive, modelLedger: new MemoryModelLedger(this.warehouse) })
  }

  /** Something happens that no fault is part of, such as a deploy. */
  async undisturbed(work: () => Promise<unknown>): Promise<void> {
    const done = work()
    let isDone = false
    done.then(
      () => {
        isDone = true
      },
      (error: unknown) => {
        this.broken = error
        isDone = true
      },
    )
    await settled()
    while (!isDone && this.scheduler.ready > 0) await this.scheduler.release(0)
  }

  async act(act: { readonly name: string; readonly happen: (world: World) => void | Promise<void> }): Promise<void> {
    this.note(() => `-- ${act.name}`)
    await act.happen(this)
    await settled()
  }

  /** Without anybody's will: one consumer or execution goes on. @returns whether there was any */
  async goOn(): Promise<boolean> {
    const [consumer] = this.consumers.startable(this.stream.all)
    if (consumer !== undefined) this.deliver(consumer.functionName, consumer.shard, 0, 5)
    const execution = this.executions.find((one) => one.status === 'RUNNING' && !this.advancing.has(one))
    if (execution !== undefined) this.advance(execution)
    const [run] = this.jobs.unended()
    if (run !== undefined) await this.jobs.run(run)
    const load = this.states.unended().find(({ stage }) => stage !== 'committing')
    if (load !== undefined) this.#inBackground(this.states.advance(load.id))
    await settled()
    return [consumer, load, execution, run].some((one) => one !== undefined) || this.scheduler.ready > 0
  }
}
