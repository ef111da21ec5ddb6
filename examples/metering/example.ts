import { setTimeout as sleep } from 'node:timers/promises'
import { seededRandom } from '../../cli/samples/shuffle.ts'
import type { Check, ExampleStage } from '../../scripts/example/stage.ts'
import { type Call, type Contract, callsOf, contractsOf, mistaken } from './calls.ts'

const seed = 20_260_301
const minuteMs = 60_000

/**
 * Usage metering: every customer's limit is told once when it is reached, whatever comes again, and once more where a
 * mistake is taken back. What is told is heard on the event bus, by a queue that a rule feeds.
 */
export const run = async (stage: ExampleStage): Promise<Check[]> => {
  const random = seededRandom(seed)
  const now = await amidAMonth()
  const hears = await stage.hear()
  const contracts = contractsOf(random, now)
  const first = callsOf('first', 1500, { random, now })
  const load = callsOf('load', 900, { random, now, endpoint: mistaken })
  const second = callsOf('second', 700, { random, now })

  await stage.ingest(contracts)
  await stage.ingest([...first, ...load])
  // The stage's own schedule, once a minute, looks and tells.
  const bySchedule = await heardWithin(hears, 3 * minuteMs)
  const told = new Limits(contracts)
  told.count([...first, ...load])
  const reachedFirst = told.crossed()

  await stage.recompute()
  // All of it again: each limit was told.
  await stage.ingest(first.slice(0, 500))
  await stage.watchLimits()
  const again = await hears.now()

  await stage.tidemark('exclude', '--type', 'api_call', '--where', `endpoint=${mistaken}`, '--reason', 'a load test')
  const held = await heldBack(stage)
  await stage.watchLimits()
  told.takeBack(load)
  const fellBack = told.crossed()

  await stage.ingest(second)
  await stage.watchLimits()
  told.count(second)
  const reachedAgain = told.crossed()
  const heard = await untilHeard(hears, reachedFirst.length + fellBack.length + reachedAgain.length)
  return [
    {
      what: `limits reached, ${reachedFirst.length}, told by the stage's schedule`,
      found: sortedText(bySchedule.map(shortly)),
      wanted: sortedText(reachedFirst),
    },
    {
      what: 'nothing told again for events that come again, and a recompute',
      ...equal(again.length, bySchedule.length),
    },
    {
      what: `all that was told: ${fellBack.length} fell back once a load test was excluded, ${reachedAgain.length} were reached after it`,
      found: sortedText(heard.map(shortly)),
      wanted: sortedText([...reachedFirst, ...fellBack, ...reachedAgain]),
    },
    {
      what: 'a recompute that takes so much back is held, until somebody accepts it',
      ...equal(held, 'held, then live'),
    },
    { what: 'no id told twice', ...equal(new Set(heard.map(({ id }) => id)).size, heard.length) },
    await keptCheck(stage, heard.length),
    await usageCheck(stage, told),
  ]
}

/** What was excluded is more than a recompute may change unasked. */
const heldBack = async (stage: ExampleStage): Promise<string> => {
  const newest = async () => {
    const [first] = JSON.parse(await stage.tidemark('datasets', '--json')) as readonly {
      datasetId: string
      state: string
      live: boolean
    }[]
    return first
  }
  const said = await stage.recompute().then(
    () => 'promoted',
    (error: unknown) => String(error),
  )
  const before = await newest()
  await stage.tidemark('promote', before?.datasetId ?? '', '--accept-drift')
  const after = await newest()
  return `${said.includes('is held back') ? 'held' : said}, then ${after?.live === true ? 'live' : after?.state}`
}

interface Heard {
  readonly id: string
  readonly limit: string
  readonly key: string
  readonly threshold: string
  readonly crossed: string
  readonly number: number
  readonly value: number
  readonly atMost: number
}

type Hears = Awaited<ReturnType<ExampleStage['hear']>>

/** Limits are of months: none may end while the example runs. */
const amidAMonth = async (): Promise<number> => {
  while (new Date(Date.now() + 20 * minuteMs).getUTCMonth() !== new Date().getUTCMonth()) await sleep(minuteMs)
  return Date.now()
}

/** All heard once anything was, and a little later nothing more comes. */
const heardWithin = async (hears: Hears, patienceMs: number): Promise<Heard[]> => {
  const deadline = performance.now() + patienceMs
  for (let before = 0; ; ) {
    const { length } = await hears.now()
    if ((length > 0 && length === before) || performance.now() > deadline)
      return (await hears.now()) as unknown as Heard[]
    before = length
    await sleep(2000)
  }
}

/** The bus hands on what it took a little later. */
const untilHeard = async (hears: Hears, count: number): Promise<Heard[]> => {
  for (let tries = 0; tries < 20 && (await hears.now()).length < count; tries++) await sleep(500)
  return (await hears.now()) as unknown as Heard[]
}

const shortly = ({ limit, key, threshold, crossed, number, value, atMost }: Heard): string =>
  `${limit} ${key} ${threshold} ${crossed} ${number}: ${value} of ${atMost}`

/** The plain way: a count of each customer's calls, held to each part of each limit. */
class Limits {
  readonly #calls = new Map<string, number>()
  readonly #bounds = new Map<string, number>()
  readonly #told = new Map<string, number>()

  constructor(contracts: readonly Contract[]) {
    const inOrder = contracts.toSorted((a, b) => (a.modifiedAt < b.modifiedAt ? -1 : 1))
    for (const { customerId, monthlyCalls } of inOrder) this.#bounds.set(customerId, monthlyCalls)
  }

  get calls(): ReadonlyMap<string, number> {
    return this.#calls
  }

  count(calls: readonly Call[], by = 1): void {
    for (const { customerId } of calls) this.#calls.set(customerId, (this.#calls.get(customerId) ?? 0) + by)
  }

  takeBack(calls: readonly Call[]): void {
    this.count(calls, -1)
  }

  /** What is on the other side of a limit's part than when this was asked last. */
  crossed(): string[] {
    const crossed: string[] = []
    const hold = (limit: string, key: string, percent: number, value: number, atMost: number): void => {
      const part = `${limit} ${key} ${percent}%`
      const number = this.#told.get(part) ?? 0
      if (value * 100 >= percent * atMost === (number % 2 === 1)) return
      this.#told.set(part, number + 1)
      crossed.push(`${part} ${number % 2 === 0 ? 'reached' : 'fell back'} ${number + 1}: ${value} of ${atMost}`)
    }
    for (const [key, value] of this.#calls) {
      const bound = this.#bounds.get(key)
      if (bound !== undefined) for (const percent of [80, 100]) hold('monthly_calls', key, percent, value, bound)
      hold('trial', key, 100, value, 100)
    }
    return crossed
  }
}

/** The command line shows what was told. */
const keptCheck = async (stage: ExampleStage, told: number): Promise<Check> => {
  const pages = await Promise.all(
    ['monthly_calls', 'trial'].map(
      async (name) =>
        JSON.parse(await stage.tidemark('limits', name, '--limit', '1000', '--json')) as {
          rows: readonly { told: boolean }[]
        },
    ),
  )
  const rows = pages.flatMap((page) => page.rows)
  return { what: 'as many in `tidemark limits`, all told', ...equal(rows.filter((row) => row.told).length, told) }
}

const usageCheck = async (stage: ExampleStage, { calls }: Limits): Promise<Check> => {
  const { rows } = await stage.api.get<{ rows: readonly { by: { customerId: string }; value: number }[] }>(
    '/v1/metrics/calls',
    { per: 'month', by: 'customerId' },
  )
  return {
    what: `calls of ${calls.size} customers this month`,
    found: sortedText(rows.map(({ by, value }) => `${by.customerId} ${value}`)),
    wanted: sortedText(
      [...calls].filter(([, value]) => value > 0).map(([customerId, value]) => `${customerId} ${value}`),
    ),
  }
}

const equal = (found: unknown, wanted: unknown): Pick<Check, 'found' | 'wanted'> => ({
  found: String(found),
  wanted: String(wanted),
})

const sortedText = (lines: readonly string[]): string => lines.toSorted().join('\n')
