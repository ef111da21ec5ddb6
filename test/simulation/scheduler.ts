import { TransactionUnknown } from '../../stores/warehouse/warehouse.ts'
import type { Choices } from './choices.ts'

/** One running copy of a function: it does one thing after another, and may die in the middle. */
export interface Actor {
  readonly name: string
  /** It was killed: what it waits for never comes. */
  isDead: boolean
  /** Told when the caller gives up on it; it goes on by itself all the same. */
  onAbandoned: ((reason: Error) => void) | null
}

/** Where a call to a store can be interrupted: before it has any effect, before its commit, after its effect. */
export type Phase = 'before' | 'commit' | 'after'

/** What can go wrong at a point, besides its waiting. */
export type Fault = 'error' | 'crash' | 'abandon'

/** A store answers an error: at `before` nothing took effect, at `after` all did. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
}

/** A copy was killed, or took too long: its caller gives up on it. What it had begun may still take effect. */
export class Unanswered extends Error {
  override readonly name = 'Unanswered'
}

/** What a store is asked to do, and under which names it is counted by phase and fault. */
export interface Operation {
  readonly store: string
  readonly name: string
  readonly counted: Readonly<Record<Phase, Readonly<Record<Fault | 'none', string>>>>
}

const known = new Map<string, Map<string, Operation>>()

/** The same at every call: some thousand are made in a schedule, of a hundred operations. */
export const operationOf = (store: string, operation: string): Operation => {
  const ofStore = known.get(store) ?? new Map<string, Operation>()
  known.set(store, ofStore)
  const made = ofStore.get(operation) ?? newOperation(store, `${store}.${operation}`)
  ofStore.set(operation, made)
  return made
}

const newOperation = (store: string, name: string): Operation => {
  const of = (phase: Phase) => ({
    none: `${name} ${phase} none`,
    error: `${name} ${phase} error`,
    crash: `${name} ${phase} crash`,
    abandon: `${name} ${phase} abandon`,
  })
  return { store, name, counted: { before: of('before'), commit: of('commit'), after: of('after') } }
}

interface Point {
  readonly actor: Actor
  readonly operation: Operation
  readonly phase: Phase
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** How an error at a commit looks to the caller: told by the warehouse's twin. */
export type CommitError = () => Error

/** Owns the order of everything: a call to a store waits at its points until the scheduler lets it go on. */
export class Scheduler {
  /** Fault by operation and phase: how often. */
  readonly coverage = new Map<string, number>()
  /** Stores that nobody reaches now. */
  readonly stalled = new Set<string>()
  readonly #choices: Choices
  readonly #trace: (line: () => string) => void
  readonly #commitError: CommitError
  #waiting: Point[] = []

  constructor(choices: Choices, trace: (line: () => string) => void, commitError: CommitError) {
    this.#choices = choices
    this.#trace = trace
    this.#commitError = commitError
  }

  point(actor: Actor, operation: Operation, phase: Phase): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ actor, operation, phase, resolve, reject })
    })
  }

  /** How many calls could go on. */
  get ready(): number {
    return this.#reachable().length
  }

  #reachable(): Point[] {
    if (this.#waiting.some(({ actor }) => actor.isDead))
      this.#waiting = this.#waiting.filter(({ actor }) => !actor.isDead)
    return this.stalled.size === 0
      ? this.#waiting
      : this.#waiting.filter(({ operation }) => !this.stalled.has(operation.store))
  }

  /** Lets one waiting call go on, or fail, and its copy after it for a while. @param faultPercent how likely a fault is */
  async release(faultPercent: number): Promise<void> {
    const { actor } = this.#choices.pick(this.#reachable())
    for (let more = this.#choices.pick(bursts); more >= 0; more--) {
      const next = this.#reachable().find((point) => point.actor === actor)
      if (next === undefined) return
      this.#releasePoint(next, faultPercent)
      await settled()
    }
  }

  #releasePoint(point: Point, faultPercent: number): void {
    this.#waiting.splice(this.#waiting.indexOf(point), 1)
    const { actor, operation, phase } = point
    const { name } = operation
    const fault = this.#choices.chance(likelihood(name, faultPercent)) ? this.#fault(phase) : null
    this.#trace(() => `${actor.name}: ${name} ${phase}${fault === null ? '' : ` ${fault}`}`)
    this.#count(operation.counted[phase][fault ?? 'none'])
    if (fault === 'error') point.reject(phase === 'commit' ? this.#commitError() : this.#failed(operation, phase))
    else if (fault === 'crash') kill(actor)
    else {
      if (fault === 'abandon') abandon(actor)
      point.resolve()
    }
  }

  /** The warehouse's client gives up on a transaction: it was cancelled before its commit, or too late; or its answer is lost. */
  #failed({ store, name }: Operation, phase: Phase): Error {
    if (inWarehouse.has(store) && this.#choices.chance(50)) return new TransactionUnknown('simulated', 20_000)
    return new StoreError(phase === 'before' ? `${name} refused the call` : `${name} gave no answer`)
  }

  /** A transaction that was submitted goes on whatever becomes of its caller: only the warehouse can give it up. */
  #fault(phase: Phase): Fault {
    return phase === 'commit' ? 'error' : this.#choices.pick(faults)
  }

  #count(what: string): void {
    this.coverage.set(what, (this.coverage.get(what) ?? 0) + 1)
  }
}

/** The stores whose calls are transactions. */
const inWarehouse = new Set(['exclusions', 'ledger', 'modelLedger', 'outputs', 'speedLedger', 'states'])

/** How many more points of its own a copy passes before another may go on: seldom one by one, to get somewhere. */
const bursts = [0, 1, 3, 9, 30]

/** In percent: the seldomer an operation, the likelier. */
const likelihood = (operation: string, faultPercent: number): number => {
  if (rarest.has(operation)) return Math.min(60, faultPercent * 30)
  return seldom.has(operation) ? Math.min(25, faultPercent * 8) : faultPercent
}

/** Operations that a recompute comes to once, at its end, or that few schedules come to at all: faults meet them likelier. */
const seldom = new Set([
  ...['exclusions.undo', 'ledger.edgesCommittedBefore', 'ledger.parity', 'ledger.prune', 'ledger.recordParity'],
  ...[
    'bus.publish',
    'ledger.installAsOf',
    'limits.told',
    'modelLedger.retire',
    'warehouse.install',
    'warehouse.retire',
  ],
  ...['ledger.serve', 'ledger.setSlot', 'outputs.add', 'outputs.begin', 'warehouse.add to output'],
  ...[
    'warehouse.prune',
    'warehouse.record parity',
    'warehouse.serve',
    'warehouse.set slot',
    'warehouse.undo exclusion',
  ],
])

/** What a replay beside comes to at its end: one of ten schedules does. */
const rarest = new Set([
  'outputs.compare',
  'outputs.drop',
  'outputs.swap',
  'warehouse.drop output',
  'warehouse.swap output',
])

const faults: readonly Fault[] = ['error', 'crash', 'abandon']

/** The caller learns that it is gone; whatever it had begun at a store stays begun. */
export const kill = (actor: Actor): void => {
  actor.isDead = true
  abandon(actor)
}

export const abandon = (actor: Actor): void => {
  const { onAbandoned } = actor
  actor.onAbandoned = null
  onAbandoned?.(new Unanswered(`${actor.name} gave no answer in time`))
}

/**
 * Everything that can go on without the scheduler has gone on: a tick comes once no promise has anything left to do.
 * Nothing simulated waits for the event loop itself, whose turns cost many times as much.
 */
export const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** The store as one actor reaches it: each call waits before it begins and before it is answered. */
export const interrupted = <Store extends object>(
  store: Store,
  name: string,
  actor: Actor,
  scheduler: Scheduler,
): Store => {
  const methods = new Map<string, unknown>()
  return new Proxy(store, {
    get(target, property) {
      const member: unknown = Reflect.get(target, property, target)
      if (typeof member !== 'function' || typeof property !== 'string') return member
      const known = methods.get(property)
      if (known !== undefined) return known
      const operation = operationOf(name, property)
      const call = async (...parameters: unknown[]): Promise<unknown> => {
        await scheduler.point(actor, operation, 'before')
        const answer: unknown = await collected(member.apply(target, parameters))
        await scheduler.point(actor, operation, 'after')
        return answer
      }
      const method = iterating.has(property) ? (...parameters: unknown[]) => iterate(() => call(...parameters)) : call
      methods.set(property, method)
      return method
    },
  })
}

/** Methods that answer step by step. */
const iterating = new Set(['listRaw', 'listKeys', 'readLines'])

const collected = async (answer: unknown): Promise<unknown> => {
  if (typeof answer !== 'object' || answer === null || !(Symbol.asyncIterator in answer)) return answer
  const items: unknown[] = []
  for await (const item of answer as AsyncIterable<unknown>) items.push(item)
  return items
}

async function* iterate(call: () => Promise<unknown>): AsyncIterable<unknown> {
  yield* (await call()) as unknown[]
}
