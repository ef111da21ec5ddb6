import { setTimeout as sleep } from 'node:timers/promises'
import type { WindowAnswer } from '../../cli/answers.ts'
import type { Connection } from '../../cli/connection.ts'
import type { ArchivedRecord } from './archived.ts'
import type { Figure } from './figures.ts'
import { winners } from './recount.ts'

type Asked = Pick<WindowAnswer, 'from' | 'to' | 'rows'> & {
  readonly receipt: Pick<WindowAnswer['receipt'], 'positions' | 'refilling'>
}

/** One answer, and what must be in it where it is whole. */
interface Look {
  readonly answer: Asked
  /** The last record that any answer so far had counted, by shard: an emptied cache has forgotten it, and must say so. */
  readonly reached: Readonly<Record<string, string>>
  /** The cache was emptied before. */
  readonly wasEmptied: boolean
}

const lookEveryMs = 1000
const shownDifferences = 5

const ask = (connection: Connection, last: string): Promise<WindowAnswer> =>
  connection.api.get<WindowAnswer>('/v1/windows/orders', { last, asOf: 'latest', by: 'shop' })

/** The window of the last ten minutes up to the newest event, once all records are counted. */
export const compareWindow = async (
  connection: Connection,
  records: readonly ArchivedRecord[],
  wasEmptied: boolean,
): Promise<Figure> => {
  const answer = await ask(connection, '10m')
  return judged(
    'window',
    new Orders(records),
    [{ answer, reached: lastOf(records), wasEmptied }],
    answer.receipt.refilling,
  )
}

/** Asks for a short window again and again while parts are killed; it is whole again soon after the cache was emptied. */
export class WindowWatch {
  readonly #ask: () => Promise<Asked>
  readonly #looks: Look[] = []
  #reached: Readonly<Record<string, string>> = {}
  #wasEmptied = false
  #running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined

  constructor(connection: Connection, asked: () => Promise<Asked> = () => ask(connection, '20s')) {
    this.#ask = asked
  }

  start(): void {
    const stop = new AbortController()
    this.#running = { stop, done: this.#run(stop.signal) }
  }

  async stop(): Promise<void> {
    this.#running?.stop.abort()
    await this.#running?.done
    await this.look()
    this.#running = undefined
  }

  /** To be called before the cache is emptied: answers may be short from now on, where they say so. */
  expectEmptied(): void {
    this.#wasEmptied = true
  }

  /** That there is no answer while parts are killed is no failure: it is no wrong one. */
  async look(): Promise<void> {
    try {
      const answer = await this.#ask()
      this.#reached = furthest(this.#reached, answer.receipt.positions)
      this.#looks.push({ answer, reached: this.#reached, wasEmptied: this.#wasEmptied })
    } catch {
      // Asked again soon.
    }
  }

  /** Every answer so far beside the recount of what it had counted. @param records all that it may have counted */
  figures(records: readonly ArchivedRecord[]): Figure[] {
    const orders = new Orders(records)
    const of = (isRefilling: boolean) =>
      judged(
        'window, while killed',
        orders,
        this.#looks.filter(({ answer }) => answer.receipt.refilling === isRefilling),
        isRefilling,
      )
    const whole = of(false)
    const differences = whole.counted > 0 ? [] : [`${whole.check}: no answer was whole and held an order`]
    return [{ ...whole, differences: [...whole.differences, ...differences] }, of(true)]
  }

  async #run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.look()
      await sleep(lookEveryMs)
    }
  }
}

const furthest = (
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => {
  const both = { ...a }
  for (const [shardId, position] of Object.entries(b)) if (position > (both[shardId] ?? '')) both[shardId] = position
  return both
}

const lastOf = (records: readonly ArchivedRecord[]): Readonly<Record<string, string>> => {
  const last: Record<string, string> = {}
  for (const { shardId, sequenceNumber } of records)
    if (sequenceNumber > (last[shardId] ?? '')) last[shardId] = sequenceNumber
  return last
}

interface Order {
  readonly at: number
  readonly shop: string
  readonly record: ArchivedRecord
}

/** The archived orders, to be taken by event time. */
class Orders {
  readonly #byTime: readonly Order[]

  constructor(records: readonly ArchivedRecord[]) {
    this.#byTime = records
      .flatMap((record) =>
        record.fact.kind === 'order' ? [{ at: record.fact.at, shop: record.fact.shop, record }] : [],
      )
      .sort((a, b) => a.at - b.at)
  }

  /** The numbers of orders in `[from, to)` up to these records, by shop: twins of one shard once, and each. */
  counted(from: number, to: number, reached: Readonly<Record<string, string>>) {
    const within = this.#byTime
      .slice(this.#placeOf(from), this.#placeOf(to))
      .filter(({ record }) => record.sequenceNumber <= (reached[record.shardId] ?? ''))
    const records = within.map(({ record }) => record)
    return { once: byShop(winners(records, 'shard')), each: byShop(records) }
  }

  /** The place of the first order that is not older. */
  #placeOf(instant: number): number {
    let [low, high] = [0, this.#byTime.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#byTime[middle]?.at ?? instant) < instant) low = middle + 1
      else high = middle
    }
    return low
  }
}

const byShop = (records: readonly ArchivedRecord[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { fact } of records) if (fact.kind === 'order') counts.set(fact.shop, (counts.get(fact.shop) ?? 0) + 1)
  return counts
}

/**
 * Answers that all say, or all don't, that they are refilling. A whole one is exactly what was counted, twins of one shard once: what
 * the cache forgot of them had arrived before its window. One that is refilling holds at most each, and only after the cache was emptied.
 */
const judged = (what: string, orders: Orders, looks: readonly Look[], isRefilling: boolean): Figure => {
  const check = isRefilling ? `${what}, refilling` : `${what}, whole`
  const differences: string[] = []
  let [cells, served, counted, withDuplicates] = [0, 0, 0, 0]
  for (const { answer, reached, wasEmptied } of looks) {
    const { once, each } = orders.counted(Date.parse(answer.from), Date.parse(answer.to), reached)
    const rows = new Map(answer.rows.map(({ by, value }) => [String(by.shop), Number(value)]))
    if (isRefilling && !wasEmptied)
      differences.push(`${check}: from ${answer.from}: it says so, and the cache was never emptied`)
    for (const shop of new Set([...each.keys(), ...rows.keys()])) {
      const [value, exact, most] = [rows.get(shop) ?? 0, once.get(shop) ?? 0, each.get(shop) ?? 0]
      cells += 1
      served += value
      counted += exact
      if (isRefilling ? value > most : value !== exact)
        differences.push(
          `${check}: ${shop} from ${answer.from} to ${answer.to}: served ${value}, counted ${exact}${most === exact ? '' : `, with twins ${most}`}`,
        )
      else if (value > exact) withDuplicates += 1
    }
  }
  return { check, metric: 'orders', cells, served, counted, withDuplicates, differences: shortened(differences) }
}

/** An answer is asked each second: one wrong cell may be wrong in many. */
const shortened = (differences: readonly string[]): string[] =>
  differences.length <= shownDifferences
    ? [...differences]
    : [...differences.slice(0, shownDifferences), `and ${differences.length - shownDifferences} more of these`]
