import type { Hash64 } from '../../core/hash.ts'
import type { Run } from '../../lambdas/batch/run.ts'
import type { DatasetState } from '../../stores/ledger/dataset.ts'
import { acts } from './acts.ts'
import { Choices } from './choices.ts'
import {
  checkAnswers,
  checkArchive,
  checkQuiet,
  checkReached,
  checkSlots,
  checkStates,
  checkWindows,
  metricNames,
  type Tally,
} from './invariants.ts'
import { checkCrossings, checkLimitsAtRest } from './limits.ts'
import { datasetIds, deploy, promote, rollback, watchLimits } from './operators.ts'
import { Reasons } from './reasons.ts'
import { type Deployable, World } from './world.ts'

/** What a schedule came to. */
export interface Outcome {
  /** Every decision, in order: the schedule itself. */
  readonly choices: readonly number[]
  /** null: every answer was right at every step. */
  readonly failure: Error | null
  /** What happened, a line each; empty unless asked for. */
  readonly trace: readonly string[]
  /** `OPERATION PHASE FAULT` to how often. */
  readonly coverage: ReadonlyMap<string, number>
  /** Acts to how often. */
  readonly acts: ReadonlyMap<string, number>
  readonly tally: Tally
  readonly steps: number
}

export interface Simulated {
  readonly deployable: Deployable
  readonly hash: Hash64
}

/** Runs one schedule: some hundred steps of disorder, then quiet. */
export const runSchedule = async (
  { deployable, hash }: Simulated,
  choices: Choices,
  isTraced = false,
): Promise<Outcome> => {
  // Where a promise was rejected and nobody looked, the event loop says so: it has its turn between two schedules.
  await new Promise((resolve) => setImmediate(resolve))
  const world = new World(choices, deployable, { isTraced })
  const tally: Tally = { compared: 0, refused: 0, reasons: 0 }
  const acted = new Map<string, number>()
  let steps = 0
  let failure: Error | null = null
  try {
    await world.begin()
    const checks = new Checks(world, hash, tally)
    await checks.changed()
    const faultPercent = choices.pick([0, 1, 2, 8])
    const length = choices.pick([60, 120, 240, 240])
    const emphasis = choices.pick(emphases)
    for (; steps < length; steps++) {
      await step(world, { faultPercent, emphasis, acted })
      await checks.changed()
    }
    if (choices.chance(40)) await carryOn(world, checks, faultPercent)
    await quieten(world, checks)
    await checkQuiet(world, hash, tally)
    checkLimitsAtRest(world)
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error))
  }
  return {
    choices: choices.taken,
    failure,
    trace: world.trace,
    coverage: world.scheduler.coverage,
    acts: acted,
    tally,
    steps,
  }
}

/** Checks what may have changed: reading it all again at every step would say nothing new. */
class Checks {
  readonly #world: World
  readonly #hash: Hash64
  readonly #tally: Tally
  readonly #reasons: Reasons
  #tables: readonly unknown[] = []
  #turn = 0
  #windows = -1
  #crossings: readonly unknown[] = []
  #datasets: readonly unknown[] = []
  #states: ReadonlyMap<string, DatasetState> = new Map()
  #control: readonly unknown[] = []
  #pruned: readonly unknown[] = []
  #servedInSlots: ReadonlySet<string> = new Set()
  #archived = -1

  constructor(world: World, hash: Hash64, tally: Tally) {
    this.#world = world
    this.#hash = hash
    this.#tally = tally
    this.#reasons = new Reasons(world)
  }

  async changed(): Promise<void> {
    const { warehouse, windows, archive, broken } = this.#world
    if (broken !== null) throw broken
    const names = this.#toCheck(warehouse.committed)
    this.#tally.reasons += await this.#reasons.changed()
    if (names.length > 0) await checkAnswers(this.#world, names, this.#hash, this.#tally)
    if (windows.commits !== this.#windows) {
      this.#windows = windows.commits
      await checkWindows(this.#world, this.#tally)
    }
    const { control, dataset, pruned } = warehouse.committed
    if (dataset !== this.#datasets) {
      this.#datasets = dataset
      checkStates(this.#world, this.#states)
      this.#states = new Map(dataset.map(({ datasetId, state }) => [datasetId, state]))
    }
    if (control !== this.#control || pruned !== this.#pruned) {
      this.#control = control
      this.#pruned = pruned
      this.#servedInSlots = checkSlots(this.#world, this.#servedInSlots)
    }
    if (warehouse.committed.limitCrossing !== this.#crossings) {
      this.#crossings = warehouse.committed.limitCrossing
      checkCrossings(this.#world)
    }
    // What is accepted meanwhile stands above every position: it can't be what is missing.
    if (archive.rawPuts !== this.#archived) {
      this.#archived = archive.rawPuts
      await checkArchive(this.#world)
    }
  }

  /** Every metric where what is served changed; where speed rows alone were added, two, taking turns. */
  #toCheck(committed: World['warehouse']['committed']): readonly string[] {
    const { control, batchRows, metricEdge, model, speedRows, speedPosition } = committed
    const tables = [control, batchRows, metricEdge, model, speedRows, speedPosition]
    const changed = tables.map((table, place) => table !== this.#tables[place])
    this.#tables = tables
    if (changed.slice(0, 4).includes(true)) return metricNames
    if (!changed.includes(true)) return []
    this.#turn = (this.#turn + 2) % metricNames.length
    return [...metricNames, ...metricNames].slice(this.#turn, this.#turn + 2)
  }
}

const secondMs = 1000
const minuteMs = 60 * secondMs

/** By how much likelier some acts are. */
type Emphasis = Readonly<Record<string, number>>

const emphases: readonly Emphasis[] = [
  {},
  // Recomputes come to their end, one upon the other.
  { advance: 6, job: 6, load: 6, deliver: 0.5, stop: 0.2, kill: 0.3, abandon: 0.3, exclude: 0.3, output: 0.3 },
  // Definitions change to and fro under the recomputes, whose shards stand still meanwhile.
  {
    ...{ deploy: 12, rollback: 3, advance: 6, job: 8, load: 8 },
    ...{ deliver: 0.5, kill: 0.3, abandon: 0.3, exclude: 0.3, output: 0.3 },
  },
  // Operators are at work on what is served.
  { advance: 4, job: 6, load: 6, rollback: 4, promote: 4, rebuild: 4, replay: 3, output: 5, wait: 3 },
  // Wrong events are sent and left out, by mistake some of them; functions live long.
  {
    ...{ exclude: 8, undo: 12, replay: 4, output: 6, repeat: 4, recompute: 3, advance: 5, job: 8, load: 8 },
    ...{ kill: 0.1, abandon: 0.1, stop: 0.1, rebuild: 0.2, rollback: 0.5, deploy: 0 },
  },
]

interface Mood {
  readonly faultPercent: number
  readonly emphasis: Emphasis
  /** Counts acts. */
  readonly acted: Map<string, number>
}

/** One thing happens: a call goes on, or somebody acts. */
const step = async (world: World, { faultPercent, emphasis, acted }: Mood): Promise<void> => {
  const { choices, scheduler } = world
  if (scheduler.ready > 0 && !choices.chance(40)) return scheduler.release(faultPercent)
  const possible = acts
    .filter(({ isPossible }) => isPossible(world))
    .map((act) => ({ act, weight: Math.round(10 * act.weight * (emphasis[act.name] ?? 1)) }))
  let at = choices.below(possible.reduce((sum, { weight }) => sum + weight, 0))
  for (const { act, weight } of possible) {
    at -= weight
    if (at >= 0) continue
    acted.set(act.name, (acted.get(act.name) ?? 0) + 1)
    await world.act(act)
    return
  }
}

/** Recomputes come to their end, with faults still, and all else that is under way; now and then somebody rolls back, or deploys. */
const carryOn = async (world: World, checks: Checks, faultPercent: number): Promise<void> => {
  const { choices, scheduler } = world
  world.note(() => 'carrying on')
  scheduler.stalled.clear()
  let deeds = maxDeeds
  for (let more = 1 + choices.below(2); more > 0; more--) {
    world.now += choices.pick([secondMs, 5 * minuteMs])
    const before = choices.pick([null, deploy, rollback])
    if (before !== null && datasetIds(world).length > 0) await world.act({ name: before.name, happen: before })
    for (let several = 1 + choices.below(2); several > 0; several--)
      world.startExecution({ full: choices.chance(30), promote: true, reloadDatasetId: null })
    for (let isOver = false; !isOver; ) {
      const deed = deeds > 0 ? deedAmong(world) : null
      if (deed !== null) deeds--
      if (deed !== null) await world.act({ name: deed.name, happen: deed })
      else isOver = !(await goOn(world, faultPercent))
      await checks.changed()
    }
  }
}

/** More than these, and an operator who reloads one dataset after the other, each in vain, would never come to an end. */
const maxDeeds = 24

/** What somebody does in between; null: nothing. */
const deedAmong = (world: World): typeof rollback | typeof deploy | null => {
  if (world.choices.chance(hasJustServed(world) ? 20 : 3) && datasetIds(world).length > 0) return rollback
  return world.choices.chance(1) ? deploy : null
}

/** An execution promoted its dataset, and has yet to prune: what it is about to remove may be needed again. */
const hasJustServed = ({ executions }: World): boolean =>
  executions.some(({ status, at }) => status === 'RUNNING' && at === 'Prune')

/** @returns whether anything was left to do */
const goOn = async (world: World, faultPercent: number): Promise<boolean> => {
  if (world.scheduler.ready === 0) return world.goOn()
  await world.scheduler.release(faultPercent)
  return true
}

/** More steps than anything needs that comes to an end. */
const patience = 20_000

/** No more faults: everything that is under way ends, all is consumed, and one more recompute passes it all. */
const quieten = async (world: World, checks: Checks): Promise<void> => {
  world.note(() => 'quiet')
  world.scheduler.stalled.clear()
  await drain(world, checks)
  await checkReached(world)
  world.now += 3_600_000
  const last = world.startExecution({ full: false, promote: true, reloadDatasetId: null })
  await drain(world, checks)
  if (last.status !== 'SUCCEEDED')
    throw new Error(`The last recompute ended ${last.status}: ${JSON.stringify(last.output)}`)
  const { datasetId, next } = last.output as Run
  if (next === 'hold') {
    promote(world, datasetId, true)
    await drain(world, checks)
  }
  watchLimits(world)
  await drain(world, checks)
}

const drain = async (world: World, checks: Checks): Promise<void> => {
  for (let steps = 0; steps < patience; steps++) {
    if (!(await goOn(world, 0))) return
    await checks.changed()
  }
  throw new Error('The stage does not come to rest.')
}

/** The same failure with as few and as small choices as can be found. */
export const shrink = async (simulated: Simulated, failing: Outcome, tries = 1500): Promise<Outcome> => {
  let best = failing
  const attempt = async (choices: readonly number[]): Promise<boolean> => {
    if (tries-- <= 0) return false
    const outcome = await runSchedule(simulated, Choices.replayed(choices))
    const isSame = outcome.failure !== null && outcome.failure.name === failing.failure?.name
    const isSimpler = outcome.choices.length < best.choices.length || sum(outcome.choices) < sum(best.choices)
    if (!isSame || !isSimpler) return false
    best = outcome
    return true
  }
  for (let size = Math.ceil(best.choices.length / 2); size >= 1 && tries > 0; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.choices.length && tries > 0; ) {
      const { choices } = best
      const isShorter = await attempt([...choices.slice(0, at), ...choices.slice(at + size)])
      if (isShorter) continue
      await attempt(choices.map((choice, place) => (place >= at && place < at + size ? 0 : choice)))
      at += size
    }
  }
  return runSchedule(simulated, Choices.replayed(best.choices), true)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
