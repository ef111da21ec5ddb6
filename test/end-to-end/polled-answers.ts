import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../cli/connection.ts'
import { type ResultRow, TransactionFailed } from '../../stores/warehouse/warehouse.ts'
import type { Sale, Seller } from './seller.ts'

type Model = 'first' | 'second'
type Values = Readonly<Record<string, number>>

/** What each model's metrics are, counted plainly. A shop without a sale has no row. */
const counts: Readonly<Record<Model, Readonly<Record<string, (sales: readonly Sale[]) => Values>>>> = {
  first: {
    sales: (sales) => byShop(sales),
    turnover: (sales) => ({ '': sales.reduce((sum, { amount }) => sum + amount, 0) }),
  },
  second: {
    sales: (sales) => byShop(sales.filter(({ amount }) => amount >= 500)),
    largest: (sales) => ({ '': Math.max(...sales.map(({ amount }) => amount)) }),
  },
}

const byShop = (sales: readonly Sale[]): Values => {
  const counted: Record<string, number> = {}
  for (const { shop } of sales) counted[shop] = (counted[shop] ?? 0) + 1
  return counted
}

const metrics = ['sales', 'turnover', 'largest'] as const
type Metric = (typeof metrics)[number]

interface Answer {
  /** Of a window, its end: ISO 8601. */
  readonly to?: string | null
  readonly rows: readonly { readonly by: Readonly<Record<string, string>>; readonly value: number | string | null }[]
  readonly receipt: {
    readonly positions: Readonly<Record<string, string>>
    readonly modelVersion: string
    readonly refilling?: boolean
  }
}

/** Asks for everything, over and over, and keeps what was wrong. */
export class PolledAnswers {
  /** The models that answers were given by, in the order in which they took turns. */
  readonly served: Model[] = []
  readonly wrong: string[] = []
  /** Statements on views that a promotion overtook. */
  overtaken = 0
  readonly #connection: Connection
  readonly #seller: Seller
  readonly #models = new Map<string, Model>()
  #isBuilding = false
  #running = false
  #done: Promise<void> = Promise.resolve()
  #rounds = 0

  constructor(connection: Connection, seller: Seller) {
    this.#connection = connection
    this.#seller = seller
  }

  start(): void {
    this.#running = true
    this.#done = this.#poll()
    this.#done.catch(() => undefined)
  }

  async pause(): Promise<void> {
    this.#running = false
    await this.#done
  }

  stop(): Promise<void> {
    return this.pause()
  }

  /** From here on the second model is deployed, and every function knows. */
  expectBuilding(): void {
    this.#isBuilding = true
  }

  /** @throws where asking itself went wrong */
  async until(rounds: number): Promise<void> {
    const enough = this.#rounds + rounds
    const deadline = Date.now() + 120_000
    while (this.#rounds < enough) {
      if (Date.now() > deadline) throw new Error(`Only ${this.#rounds} rounds of answers came in two minutes.`)
      await Promise.race([sleep(200), this.#done])
    }
  }

  async #poll(): Promise<void> {
    while (this.#running) {
      for (const metric of metrics) await this.#history(metric)
      await this.#window('sales')
      await this.#views()
      this.#rounds += 1
    }
  }

  async #history(metric: Metric): Promise<void> {
    const by = metric === 'sales' ? 'by=shop&' : ''
    const found = await this.#ask(`/v1/metrics/${metric}?${by}per=total`)
    if ('code' in found) return this.#refused(metric, found)
    const model = this.#modelOf(found.receipt.modelVersion)
    this.#turn(model)
    await this.#compare(`${metric} by ${model}`, counts[model][metric], found)
  }

  async #window(metric: Metric): Promise<void> {
    const found = await this.#ask(`/v1/windows/${metric}?by=shop&last=1h&asOf=latest`)
    if ('code' in found) return void this.wrong.push(`the window of ${metric} is refused: ${JSON.stringify(found)}`)
    const model = this.#modelOf(found.receipt.modelVersion)
    if (found.receipt.refilling === true) return
    const [count, to] = [counts[model][metric], String(found.to)]
    await this.#compare(`window by ${model}`, (sales) => count?.(sales.filter(({ at }) => at < to)) ?? {}, found)
  }

  /** The view of sales and what it counts, of one snapshot. */
  async #views(): Promise<void> {
    const [rows = [], positions = [], served = []] = await this.#viewAndLedger()
    const model = this.#modelOf(String(served[0]?.serving_version))
    this.#turn(model)
    const answered = {
      rows: rows.map((row) => ({ by: { shop: String(row.shop) }, value: Number(row.value) })),
      receipt: {
        positions: Object.fromEntries(positions.map((row) => [String(row.shard_id), String(row.position)])),
        modelVersion: '',
      },
    }
    await this.#compare(`view of sales by ${model}`, counts[model].sales, answered)
  }

  /** A statement that waited for the views to be replaced sees the new ones, and control as it was before: it fails, once. */
  async #viewAndLedger(): Promise<ResultRow[][]> {
    const warehouse = await this.#connection.warehouse()
    const statements = [
      'SELECT shop, SUM(value) AS value FROM analytics.sales GROUP BY shop',
      `SELECT shard_id, MAX(position) AS position FROM (
SELECT shard_id, position FROM ledger.speed_position
UNION ALL SELECT m.shard_id, m.mark FROM ledger.mark m JOIN ledger.control c ON c.live_dataset_id = m.dataset_id
) p GROUP BY shard_id`,
      'SELECT serving_version FROM ledger.model',
    ]
    try {
      return await warehouse.run({ statements })
    } catch (error) {
      if (!(error instanceof TransactionFailed) || !error.message.includes('sales changed')) throw error
      this.overtaken += 1
      return warehouse.run({ statements })
    }
  }

  async #compare(what: string, count: ((sales: readonly Sale[]) => Values) | undefined, answer: Answer): Promise<void> {
    const sales = await this.#seller.upTo(answer.receipt.positions)
    if (count === undefined) return void this.wrong.push(`${what} is answered, but that model has no such metric`)
    const expected = sales.length === 0 ? {} : count(sales)
    const rows = answer.rows.filter(({ value }) => value !== null && Number(value) !== 0)
    const answered = Object.fromEntries(rows.map(({ by, value }) => [by.shop ?? '', Number(value)]))
    const isEqual = [...new Set([...Object.keys(expected), ...Object.keys(answered)])].every(
      (key) => (expected[key] ?? 0) === (answered[key] ?? 0),
    )
    if (!isEqual) this.wrong.push(`${what}: answered ${JSON.stringify(answered)}, counted ${JSON.stringify(expected)}`)
  }

  /**
   * What is new is refused by the first model, and what is gone by the second: a refusal tells, as an answer does,
   * which one is served.
   */
  #refused(metric: Metric, { code, status }: { readonly code: string; readonly status: number }): void {
    const isNew = metric === 'largest' && code === (this.#isBuilding ? 'definition_building' : 'unknown_metric')
    const isGone = metric === 'turnover' && code === 'unknown_metric' && this.#isBuilding
    // Asked while the second model was deployed.
    const isEither = metric === 'largest' && !this.#isBuilding && code === 'definition_building'
    if (isNew || isEither) this.#turn('first')
    else if (isGone) this.#turn('second')
    else this.wrong.push(`${metric} is refused: ${code} ${status}`)
  }

  /** By the order in which they are met: the first one deployed is met first. */
  #modelOf(version: string): Model {
    const model = this.#models.get(version) ?? (this.#models.size === 0 ? 'first' : 'second')
    this.#models.set(version, model)
    return model
  }

  #turn(model: Model): void {
    if (this.served.at(-1) !== model) this.served.push(model)
  }

  /** An answer, or why there is none: a problem, or whatever else the way there says. */
  async #ask(path: string): Promise<Answer | { readonly code: string; readonly status: number }> {
    const response = await fetch(`${this.#connection.api.url}${path}`)
    const text = await response.text()
    if (response.ok) return JSON.parse(text) as Answer
    const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true
    return isProblem ? JSON.parse(text) : { code: text.slice(0, 400), status: response.status }
  }
}
