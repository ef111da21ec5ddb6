import type { LimitData } from '../../core/model.ts'
import { LimitWatcher, type Watching } from '../../lambdas/limits/watch.ts'
import { MemoryEventBus } from '../../stores/event-bus/memory.ts'
import { MemoryLimitLedger } from '../../stores/ledger/memory-limit-ledger.ts'
import { MemoryModelLedger } from '../../stores/ledger/memory-model-ledger.ts'
import { invoked } from './functions.ts'
import { WrongAnswer } from './invariants.ts'
import { type Accepted, takesOf, withoutTwins } from './oracle.ts'
import { shopOf } from './sale.ts'
import { type Actor, interrupted } from './scheduler.ts'
import type { World } from './world.ts'

/** A warm copy of the limits function. */
interface Copy {
  readonly actor: Actor
  readonly modelVersion: string
  readonly watcher: LimitWatcher
  isBusy: boolean
}

/** The limits function, its copies, and what they put on the bus. */
export class Limits {
  readonly bus = new MemoryEventBus()
  readonly #world: World
  #copies: Copy[] = []

  constructor(world: World) {
    this.#world = world
  }

  /** Invokes the function once: an idle warm copy of it, or a new one. */
  async watch(): Promise<unknown> {
    const world = this.#world
    const copy = this.#copy()
    copy.isBusy = true
    world.busy.add(copy.actor)
    try {
      return await invoked(copy.actor, () => copy.watcher.round())
    } catch (error) {
      // It is not used again where it gave no answer, though it may go on.
      this.#copies = this.#copies.filter((one) => one !== copy)
      throw error
    } finally {
      world.busy.delete(copy.actor)
      copy.isBusy = false
    }
  }

  #copy(): Copy {
    const { version } = this.#world.model.data
    const idle = this.#copies.find(
      ({ actor, isBusy, modelVersion }) => !actor.isDead && !isBusy && modelVersion === version,
    )
    if (idle !== undefined && !this.#world.choices.chance(20)) return idle
    const actor: Actor = { name: `limits#${this.#world.newName()}`, isDead: false, onAbandoned: null }
    const { scheduler } = this.#world
    const reach = <Store extends object>(store: Store, name: string): Store =>
      interrupted(store, name, actor, scheduler)
    const copy = { actor, modelVersion: version, isBusy: false, watcher: new LimitWatcher(this.#watching(reach)) }
    this.#copies.push(copy)
    return copy
  }

  #watching(reach: <Store extends object>(store: Store, name: string) => Store): Watching {
    const { model, models, warehouse } = this.#world
    return {
      model: model.data,
      models,
      modelLedger: reach(new MemoryModelLedger(warehouse), 'modelLedger'),
      ledger: reach(new MemoryLimitLedger(warehouse), 'limits'),
      dialect: 'postgres',
      bus: reach(this.bus, 'bus'),
      now: () => this.#world.now,
    }
  }
}

/** @throws WrongAnswer where a crossing is written twice or out of turn, or something else is told than is written */
export const checkCrossings = ({ warehouse, limits }: World): void => {
  const written = new Map<string, number[]>()
  const ids = new Set<string>()
  for (const { limit, period, key, threshold, number } of warehouse.committed.limitCrossing) {
    const part = `${limit.name} ${new Date(period).toISOString()} ${key} ${threshold}%`
    written.set(part, [...(written.get(part) ?? []), number])
    ids.add(`${limit.name}/${new Date(period).toISOString().slice(0, 10)}/${threshold}%/${number}/${key}`)
  }
  for (const [part, numbers] of written) {
    const inTurn = numbers.toSorted((a, b) => a - b).every((number, place) => number === place + 1)
    if (!inTurn) throw new WrongAnswer(`${part}: crossings ${numbers.join(', ')} are written`)
  }
  for (const { detail } of limits.bus.published)
    if (!ids.has(detail.id)) throw new WrongAnswer(`${detail.id} is told, and not written`)
}

/** @throws WrongAnswer where, with nothing left to do, a limit's crossings don't say on which side of it a plain count is, or one was not told */
export const checkLimitsAtRest = (world: World): void => {
  checkCrossings(world)
  const { limitCrossing, limitWatch } = world.warehouse.committed
  const told = new Set(world.limits.bus.published.map(({ detail }) => detail.id))
  for (const { limit, period, key, threshold, number } of limitCrossing) {
    const id = `${limit.name}/${new Date(period).toISOString().slice(0, 10)}/${threshold}%/${number}/${key}`
    if (!told.has(id)) throw new WrongAnswer(`${id} is written, and was never told`)
  }
  for (const limit of world.model.data.limits ?? []) {
    const { since } = limitWatch.find(({ limitName }) => limitName === limit.name) ?? {}
    if (since === undefined) throw new WrongAnswer(`${limit.name} is not watched`)
    const counted = sidesOf(limit, countedBy(world, since))
    const standing = limitCrossing.filter((one) => one.limit.name === limit.name)
    const last = new Map<string, number>()
    for (const { period, key, threshold, number } of standing) {
      const part = JSON.stringify([period, key, threshold])
      last.set(part, Math.max(number, last.get(part) ?? 0))
    }
    const reached = [...last].flatMap(([part, number]) => (number % 2 === 1 ? [part] : [])).sort()
    if (reached.join() !== counted.join())
      throw new WrongAnswer(
        `${limit.name}: ${reached.join(' ') || 'nothing'} is reached, counted ${counted.join(' ') || 'nothing'}`,
      )
  }
}

const dayMs = 86_400_000
/** Kolkata's days. */
const aheadMs = 5.5 * 3_600_000

interface Sales {
  readonly day: number
  readonly shop: string
  count: number
}

/** Sales by shop and day, of the days that are watched, as the deployed definitions count them. */
const countedBy = (world: World, since: number): Sales[] => {
  const { newest } = world.exclusions
  const all = withoutTwins(world.accepted.filter((record) => !world.exclusions.leavesOut(newest, record)))
  const takes = takesOf(world.deployed, 'sales')
  const sales = new Map<string, Sales>()
  for (const { sent } of all satisfies Accepted[]) {
    const shop = sent.kind === 'sale' ? shopOf(sent) : null
    if (sent.kind !== 'sale' || shop === null || !takes(sent)) continue
    const day = Math.floor((sent.at + aheadMs) / dayMs) * dayMs
    if (day < since) continue
    const key = JSON.stringify([day, shop])
    const own = sales.get(key) ?? { day, shop, count: 0 }
    sales.set(key, own)
    own.count++
  }
  return [...sales.values()]
}

const sidesOf = ({ atMost, notifyAt }: LimitData, sales: readonly Sales[]): string[] => {
  if (!('amount' in atMost)) throw new Error('The simulation has no limit by an entity.')
  return sales
    .flatMap(({ day, shop, count }) =>
      notifyAt
        .filter((percent) => count * 100 >= percent * atMost.amount)
        .map((percent) => JSON.stringify([day, shop, percent])),
    )
    .sort()
}
