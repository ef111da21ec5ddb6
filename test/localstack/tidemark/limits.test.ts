import { decimal, entity, event, instant, int, limit, metric, z } from 'tidemark'
import type { ToldCrossing } from '../../../core/crossing.ts'
import type { ExcludeRequest } from '../../../lambdas/batch/exclude.ts'
import { LimitWatcher, type Watched } from '../../../lambdas/limits/watch.ts'
import { MemoryEventBus } from '../../../stores/event-bus/memory.ts'
import { randomOf } from './batch-law.ts'
import { arrival, BatchStage, shardA, shardB } from './batch-stage.ts'
import { overriding } from './overriding.ts'

const call = event('call', { customer: z.string().nullable(), endpoint: z.string(), price: decimal(2, 'EUR') })
const contractChange = event(
  'contract',
  { customer: z.string(), monthly: int('calls').nullable(), modifiedAt: instant(), ended: z.boolean() },
  { at: 'modifiedAt' },
)
const contract = entity('contract', contractChange, {
  ref: 'customer',
  latest: 'modifiedAt',
  deleted: { ended: true },
})
const calls = metric('calls', call.count('calls'), { by: ['customer', 'endpoint'], per: 'hour' })
const spent = metric('spent', call.sum('price'), { by: ['customer'], per: 'hour', zone: 'Europe/Paris' })
const endpoints = metric('endpoints', call.countDistinct('endpoint'), { by: ['customer'], per: 'day' })
const defined = {
  ...{ call, contractChange, contract, calls, spent, endpoints },
  trial: limit('trial', calls, { each: 'customer', per: 'month', atMost: '7 calls', notifyAt: ['50%', '100%'] }),
  bought: limit('bought', calls, {
    each: 'customer',
    per: 'year',
    atMost: contract.field('monthly'),
    notifyAt: ['80%', '100%', '150%'],
  }),
  budget: limit('budget', spent, { each: 'customer', per: 'month', atMost: '20.50 EUR', notifyAt: ['100%', '10%'] }),
  variety: limit('variety', endpoints, { each: 'customer', per: 'day', atMost: '2 distinct', notifyAt: ['100%'] }),
}

let real: BatchStage
let twin: BatchStage
beforeAll(async () => {
  ;[real, twin] = await Promise.all([BatchStage.start(), BatchStage.start('memory')])
})
afterAll(() => real?.stop())
beforeEach(async () => {
  for (const stage of [real, twin]) {
    await stage.reset()
    await stage.deploy(defined)
  }
})

const watchingOf = (stage: BatchStage, bus = new MemoryEventBus()) => ({
  model: stage.model.data,
  models: stage.models,
  modelLedger: stage.modelLedger,
  ledger: stage.limits,
  dialect: 'postgres' as const,
  bus,
  now: () => stage.now,
})

/** One round on a stage, and what it put on the bus. */
const round = async (stage: BatchStage): Promise<{ watched: Watched; told: ToldCrossing[] }> => {
  const bus = new MemoryEventBus()
  const watched = await new LimitWatcher(watchingOf(stage, bus)).round()
  return { watched, told: bus.published.map(({ detail }) => detail as ToldCrossing) }
}

const put = (stage: BatchStage, number: number, fields: object, shardId = shardA) =>
  stage.put(shardId, {
    ...{
      type: 'call',
      id: `call-${number}`,
      at: '2026-01-02T10:00:00Z',
      customer: 'ada',
      endpoint: 'a',
      price: '1.00',
    },
    ...fields,
  })

const shortly = ({ limit: of, period, key, threshold, crossed, number, value, atMost }: ToldCrossing) =>
  `${of} ${period} ${key} ${threshold} ${crossed} ${number}: ${value} of ${atMost}`

describe('limits', () => {
  it('tell each part that is reached, once, whatever comes again', async () => {
    for (let number = 1; number <= 4; number++) put(real, number, { price: '0.50' })
    await real.settle()
    const first = await round(real)
    expect(first.told.map(shortly)).toEqual(['trial 2026-01-01T00:00:00.000Z ada 50% reached 1: 4 of 7'])
    expect(first.told[0]).toMatchObject({
      id: 'trial/2026-01-01T00:00:00.000Z/50%/1/ada',
      ...{ metric: 'calls', each: 'customer', per: 'month', unit: 'calls', datasetId: '' },
    })
    // The same records again, a retry of one, and a recompute of all.
    await real.settle()
    put(real, 4, { price: '0.50' })
    await real.settle()
    expect((await round(real)).told).toEqual([])
    await real.recompute()
    expect((await round(real)).told).toEqual([])
    for (let number = 5; number <= 9; number++) put(real, number, {}, shardB)
    await real.settle()
    expect((await round(real)).told.map(shortly)).toEqual([
      'budget 2026-01-01 ada 10% reached 1: 7.00 of 20.50',
      'trial 2026-01-01T00:00:00.000Z ada 100% reached 1: 9 of 7',
    ])
  })

  it('tell it where a correction takes a value back below, and where it is reached again', async () => {
    for (let number = 1; number <= 7; number++) put(real, number, { endpoint: number < 5 ? 'wrong' : 'a' })
    await real.settle()
    expect((await round(real)).told.map(shortly)).toContain('trial 2026-01-01T00:00:00.000Z ada 100% reached 1: 7 of 7')
    const { revision } = await exclude(real, 'wrong')
    expect(revision).toBe(1)
    await real.recompute()
    expect((await round(real)).told.map(shortly)).toEqual([
      'trial 2026-01-01T00:00:00.000Z ada 50% fell back 2: 3 of 7',
      'trial 2026-01-01T00:00:00.000Z ada 100% fell back 2: 3 of 7',
    ])
    for (const number of [8, 9, 10, 11]) put(real, number, {})
    await real.settle()
    expect((await round(real)).told.map(shortly)).toContain('trial 2026-01-01T00:00:00.000Z ada 100% reached 3: 7 of 7')
  })

  it('watch from the period on in which they were first looked at', async () => {
    await round(real)
    for (let number = 1; number <= 8; number++) put(real, number, { at: '2025-12-31T22:59:59Z' })
    for (let number = 11; number <= 18; number++) put(real, number, { at: '2025-12-31T23:00:00Z', customer: 'bob' })
    await real.settle()
    // In Paris, the second ones are January's.
    expect((await round(real)).told.map(shortly)).toEqual(['budget 2026-01-01 bob 10% reached 1: 8.00 of 20.50'])
  })

  it('wait until the metric is served as it is deployed', async () => {
    for (let number = 1; number <= 7; number++) put(real, number, {})
    await real.settle()
    await real.recompute()
    const changed = metric('calls', call.count('calls'), { by: ['customer'], per: 'hour', where: { endpoint: 'b' } })
    const watchedChange = limit('trial', changed, {
      each: 'customer',
      per: 'month',
      atMost: '7 calls',
      notifyAt: ['50%'],
    })
    await real.deploy({ call, calls: changed, trial: watchedChange })
    expect(await round(real)).toEqual({
      watched: { found: {}, waiting: { trial: 'calls is deployed, and in no dataset yet' }, told: 0 },
      told: [],
    })
    put(real, 8, { endpoint: 'b' })
    await real.settle()
    await real.recompute()
    expect(await round(real)).toEqual({ watched: { found: { trial: 0 }, waiting: {}, told: 0 }, told: [] })
  })

  it('of rounds at the same time write a crossing once', async () => {
    for (let number = 1; number <= 9; number++) put(real, number, {})
    await real.settle()
    const bus = new MemoryEventBus()
    const rounds = await Promise.allSettled(
      Array.from({ length: 5 }, () => new LimitWatcher(watchingOf(real, bus)).round()),
    )
    expect(rounds.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
    await new LimitWatcher(watchingOf(real, bus)).round()
    const kept = await real.limits.crossings('trial', 'ada', { limit: 10, before: null })
    expect(kept.map(({ threshold, number, isTold }) => [threshold, number, isTold])).toEqual([
      [100, 1, true],
      [50, 1, true],
    ])
    const ids = bus.published.map(({ detail }) => detail.id)
    expect(new Set(ids).size).toBe(3)
  })

  it('are told though another one can’t be looked at, which is said', async () => {
    for (let number = 1; number <= 9; number++) put(real, number, {})
    await real.settle()
    const { limits } = real
    const failing = overriding(limits, {
      look: (...given: Parameters<typeof limits.look>) =>
        given[0].limitName === 'bought' ? Promise.reject(new Error('it is too much')) : limits.look(...given),
    })
    const bus = new MemoryEventBus()
    const watcher = new LimitWatcher({ ...watchingOf(real, bus), ledger: failing })
    const said = 'Limit bought could not be looked at: it is too much'
    await expect(watcher.round()).rejects.toThrow(said)
    expect(bus.published.map(({ detail }) => detail.id).length).toBe(3)
    // It is looked at again, though nothing else changed.
    await expect(watcher.round()).rejects.toThrow(said)
    expect(bus.published.length).toBe(3)
  })

  it('go on telling what was written where the bus refused it', async () => {
    for (let number = 1; number <= 9; number++) put(real, number, {})
    await real.settle()
    const broken = { publish: () => Promise.reject(new Error('the bus is full')) }
    await expect(new LimitWatcher({ ...watchingOf(real), bus: broken }).round()).rejects.toThrow('the bus is full')
    expect((await round(real)).told.length).toBe(3)
    expect((await round(real)).told).toEqual([])
  })

  it('are looked at again once anything changed, and only then', async () => {
    const watcher = new LimitWatcher(watchingOf(real))
    put(real, 1, {})
    await real.settle()
    expect(Object.keys((await watcher.round()).found)).toEqual(['bought', 'budget', 'trial', 'variety'])
    expect((await watcher.round()).found).toEqual({})
    for (let number = 2; number <= 7; number++) put(real, number, {})
    await real.settle()
    expect((await watcher.round()).found).toMatchObject({ trial: 2 })
    await exclude(real, 'a')
    await real.recompute()
    expect((await watcher.round()).found).toMatchObject({ trial: 2 })
    expect((await watcher.round()).found).toEqual({})
  })

  it('take any text for a key', async () => {
    const odd = "it's \\ 🛫\n%"
    for (let number = 1; number <= 7; number++) put(real, number, { customer: odd, price: '0.00' })
    for (let number = 11; number <= 17; number++) put(real, number, { customer: '', price: '0.00' })
    for (let number = 21; number <= 27; number++) put(real, number, { customer: null, price: '0.00' })
    await real.settle()
    expect((await round(real)).told.map(({ key, threshold }) => [key, threshold])).toEqual([
      ['', '50%'],
      ['', '100%'],
      [odd, '50%'],
      [odd, '100%'],
    ])
    expect((await real.limits.crossings('trial', odd, { limit: 1, before: null })).map(({ key }) => key)).toEqual([odd])
    expect((await real.limits.crossings('trial', '', { limit: 9, before: null })).map(({ key }) => key)).toEqual([
      '',
      '',
    ])
  })

  it.each([1, 2, 3, 4, 5, 6])(
    'say what a plain recount says after each round, and so does the twin (seed %i)',
    async (seed) => {
      const story = new Story(randomOf(seed))
      for (let step = 0; step < 14; step++) {
        await story.next()
        const [ofReal, ofTwin] = [await round(real), await round(twin)]
        expect({ step, ...withoutDatasets(ofReal) }).toEqual({ step, ...withoutDatasets(ofTwin) })
        story.hear(ofReal.told)
        expect({ step, reached: [...story.reached].sort() }).toEqual({ step, reached: story.recounted() })
      }
      expect(story.crossings).toBeGreaterThan(5)
    },
  )
})

/** Each stage has datasets of its own. */
const withoutDatasets = ({ watched, told }: Awaited<ReturnType<typeof round>>) => ({
  watched,
  told: told.map(({ datasetId: _, ...one }) => one),
})

const exclude = (stage: BatchStage, endpoint: string): Promise<{ id: number; revision: number }> => {
  const request: Omit<ExcludeRequest, 'step'> & { step: 'exclude' } = {
    ...{ step: 'exclude', requestId: `request-${endpoint}`, reason: 'a load test', by: 'me' },
    exclusion: { eventType: 'call', from: null, to: null, fields: { endpoint }, eventIds: null },
  }
  return stage.step(request)
}

interface Call {
  readonly at: number
  readonly customer: string
  readonly endpoint: string
  readonly cents: number
}

interface Contract {
  readonly customer: string
  readonly monthly: number | null
  readonly ended: boolean
  /** Of its place in the order of versions. */
  readonly modifiedAt: number
}

/** Calls, contracts and mistakes, the same on both stages, and what a reader of them would count. */
class Story {
  readonly #random: () => number
  readonly #calls: Call[] = []
  readonly #contracts: Contract[] = []
  readonly #excluded = new Set<string>()
  readonly #heard = new Set<string>()
  readonly reached = new Set<string>()
  crossings = 0
  #numbers = 0

  constructor(random: () => number) {
    this.#random = random
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound)
  }

  #pick<One>(of: readonly One[]): One {
    return of[this.#below(of.length)] as One
  }

  async next(): Promise<void> {
    const act = this.#below(10)
    for (let several = 1 + this.#below(6); several > 0; several--) this.#call()
    if (act < 4) this.#contract()
    for (const stage of [real, twin]) {
      await stage.settle()
      if (act === 5 && !this.#excluded.has('b')) await exclude(stage, 'b')
      if (act >= 5 && act <= 7) await stage.recompute()
    }
    if (act === 5) this.#excluded.add('b')
  }

  #call(): void {
    const one: Call = {
      // In the last minutes of the first of the hours accepted, or up to two days late.
      at: this.#below(3) === 0 ? arrival + 1_800_000 : Date.parse('2025-12-31T22:00:00Z') + this.#below(50) * 3_600_000,
      customer: this.#pick(['ada', 'bob', "o'neil"]),
      endpoint: this.#pick(['a', 'b', 'c']),
      cents: this.#below(900) - 200,
    }
    const { at, customer, endpoint, cents } = one
    const shardId = this.#pick([shardA, shardB])
    const number = ++this.#numbers
    // After an exclusion its events are left out wherever they come.
    this.#calls.push(one)
    for (const stage of [real, twin])
      put(
        stage,
        number,
        { at: new Date(at).toISOString(), customer, endpoint, price: (cents / 100).toFixed(2) },
        shardId,
      )
  }

  #contract(): void {
    const customer = this.#pick(['ada', 'bob', "o'neil"])
    const one: Contract = {
      customer,
      monthly: this.#pick([null, 2, 4, 8, 16]),
      ended: this.#below(6) === 0,
      modifiedAt: arrival - 3_600_000 + ++this.#numbers,
    }
    this.#contracts.push(one)
    const { modifiedAt, ...fields } = one
    for (const stage of [real, twin])
      stage.put(shardA, {
        type: 'contract',
        id: `contract-${modifiedAt}`,
        ...fields,
        modifiedAt: new Date(modifiedAt).toISOString(),
      })
  }

  /** A number comes once, and after the one before it. */
  hear(told: readonly ToldCrossing[]): void {
    for (const { id, limit: of, period, key, threshold, crossed, number } of told) {
      expect({ id, isHeardOnce: !this.#heard.has(id) }).toEqual({ id, isHeardOnce: true })
      this.#heard.add(id)
      const before = id.replace(`%/${number}/`, `%/${number - 1}/`)
      expect({ id, isNext: number === 1 || this.#heard.has(before) }).toEqual({ id, isNext: true })
      const place = `${of} ${period.slice(0, 10)} ${key} ${threshold}`
      if (crossed === 'reached') this.reached.add(place)
      else this.reached.delete(place)
      this.crossings++
    }
  }

  /** What is at or above each part of each limit now. */
  recounted(): string[] {
    const counted = this.#calls.filter(({ endpoint }) => !this.#excluded.has(endpoint))
    const reached: string[] = []
    for (const customer of ['ada', 'bob', "o'neil"]) {
      const own = counted.filter((one) => one.customer === customer)
      const january = own.filter(({ at }) => at >= Date.parse('2026-01-01T00:00:00Z'))
      // Paris is an hour ahead in winter.
      const cents = own
        .filter(({ at }) => at >= Date.parse('2025-12-31T23:00:00Z'))
        .reduce((sum, one) => sum + one.cents, 0)
      const is = (what: string, parts: readonly number[], value: number, bound: number | null): void => {
        for (const part of parts) if (bound !== null && value * 100 >= bound * part) reached.push(`${what} ${part}%`)
      }
      if (january.length > 0) is(`trial 2026-01-01 ${customer}`, [50, 100], january.length, 7)
      if (january.length > 0)
        is(`bought 2026-01-01 ${customer}`, [80, 100, 150], january.length, this.#monthly(customer))
      is(`budget 2026-01-01 ${customer}`, [100, 10], cents, 2050)
      for (const day of ['2026-01-03']) {
        const ofDay = january.filter(({ at }) => new Date(at).toISOString().startsWith(day))
        is(`variety ${day} ${customer}`, [100], new Set(ofDay.map(({ endpoint }) => endpoint)).size, 2)
      }
    }
    return reached.sort()
  }

  #monthly(customer: string): number | null {
    const latest = this.#contracts
      .filter((one) => one.customer === customer)
      .sort((a, b) => b.modifiedAt - a.modifiedAt)[0]
    return latest === undefined || latest.ended ? null : latest.monthly
  }
}
