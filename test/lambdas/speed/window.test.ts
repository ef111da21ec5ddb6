import fc from 'fast-check'
import { event, metric } from 'tidemark'
import { compileDefinitions } from '../../../core/compile.ts'
import { loadHash64 } from '../../../core/hash.ts'
import type { Model } from '../../../core/model.ts'
import type { RawRecord } from '../../../core/record.ts'
import { liveMetric } from '../../../core/window.ts'
import { answerWindow } from '../../../lambdas/serving/windows.ts'
import { readEnvironment } from '../../../lambdas/speed/window.env.ts'
import { WindowWriter } from '../../../lambdas/speed/window.ts'
import { MemoryWindowStore } from '../../../stores/window/memory.ts'
import type { WindowCommit, WindowStore } from '../../../stores/window/window.ts'
import { countingBy } from '../../models-side-by-side.ts'
import { duplicatesOn } from './duplicates.ts'
import { loadModel, noExclusions, type Order, shardId, startTime, toRecords } from './orders.ts'

let model: Model
beforeAll(async () => {
  model = await loadModel()
})

let epochs = 0
const newEpoch = (): string => `epoch-${epochs++}`
const writerOn = (store: WindowStore, maxChunks = 5000): WindowWriter =>
  new WindowWriter({
    ...countingBy(model),
    store,
    exclusions: noExclusions,
    duplicates: duplicatesOn(),
    newEpoch,
    maxChunks,
  })

/** An invocation that was given up and runs on: its commit waits until it is let go. */
class SlowStore extends MemoryWindowStore {
  readonly #base: WindowStore
  readonly #gate: Promise<void>

  constructor(base: WindowStore, gate: Promise<void>) {
    super(Date.now)
    this.#base = base
    this.#gate = gate
  }

  override open = (shard: string) => this.#base.open(shard)
  override readChunks = (shard: string, names: readonly string[]) => this.#base.readChunks(shard, names)
  override emptiedBefore = () => this.#base.emptiedBefore()
  override commit = async (commit: WindowCommit) => {
    await this.#gate
    return this.#base.commit(commit)
  }
}

/** Each metric's window of its full length, ending at the newest event, by all its dimensions. */
const answers = async (store: WindowStore): Promise<unknown> => {
  const all: Record<string, unknown> = {}
  for (const { name, liveMs, by } of model.data.metrics) {
    if (liveMs === null) continue
    const question = { model: model.data, store, metric: name, lastMs: liveMs, asOf: 'latest', now: startTime } as const
    const { rows, receipt } = await answerWindow({ ...question, by: by.map((dimension) => dimension.name) })
    all[name] = { rows, from: receipt.from, to: receipt.to, refilling: receipt.refilling }
  }
  return all
}

/** The same, recounted from all orders at once, each once, by no code of the window's. */
const recount = (orders: readonly Order[]): Record<string, unknown> => {
  const newest = Math.max(...orders.map(({ second }) => second))
  const within = (lastMs: number) => orders.filter(({ second }) => second > newest - lastMs / 1000)
  const split = (lastMs: number, value: (group: readonly Order[]) => object) => {
    const countries = [...new Set(within(lastMs).map(({ country }) => country))]
    countries.sort((a, b) => (a === null ? -1 : b === null ? 1 : a < b ? -1 : 1))
    return countries.map((country) => ({
      by: { country },
      ...value(within(lastMs).filter((order) => order.country === country)),
    }))
  }
  const euros = (cents: number) => (cents / 100).toFixed(2)
  const interval = (lastMs: number) => {
    const to = startTime + (newest + 1) * 1000
    return { from: to - lastMs, to, refilling: false }
  }
  const minutes = (count: number) => count * 60_000
  return {
    orders: { rows: split(minutes(2), (group) => ({ value: group.length, exact: true })), ...interval(minutes(2)) },
    revenue: {
      rows: [{ by: {}, value: euros(within(minutes(3)).reduce((sum, { cents }) => sum + cents, 0)), exact: true }],
      ...interval(minutes(3)),
    },
    largest: {
      rows: [{ by: {}, value: euros(Math.max(...within(minutes(1)).map(({ cents }) => cents))), exact: true }],
      ...interval(minutes(1)),
    },
    smallest: {
      rows: split(minutes(1), (group) => ({ value: Math.min(...group.map(({ cents }) => cents % 7)), exact: true })),
      ...interval(minutes(1)),
    },
    buyers: {
      // So few values collide in no register: the estimate is the count.
      rows: split(minutes(2), (group) => ({
        value: new Set(group.map(({ buyer }) => buyer)).size,
        exact: false,
        relativeError: 1.04 / 128,
      })),
      ...interval(minutes(2)),
    },
  }
}

const orderOf = (seconds: number) =>
  fc.record({
    // Some lie so far ahead that all others are in no window any more.
    second: fc
      .tuple(fc.integer({ min: 0, max: seconds }), fc.constantFrom(0, 0, 0, 5000))
      .map(([second, ahead]) => second + ahead),
    country: fc.constantFrom('DE', 'FR', null),
    buyer: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    cents: fc.integer({ min: 0, max: 100_000 }),
  })
const someOrders = fc.array(orderOf(600), { minLength: 1, maxLength: 60 })

/** What happens to a stretch of records: it is written, by the same or by a new process, or starts and hangs. */
const deliveries = fc.array(
  fc.record({
    back: fc.nat({ max: 8 }),
    length: fc.integer({ min: 1, max: 15 }),
    process: fc.constantFrom('warm', 'cold', 'hangs'),
    maxChunks: fc.constantFrom(1, 3, 5000),
  }),
  { maxLength: 20 },
)

describe('the windows of a shard', () => {
  it('equal a recount, however records are batched, delivered again, or committed late', async () => {
    await fc.assert(
      fc.asyncProperty(someOrders, deliveries, async (orders, steps) => {
        const store = new MemoryWindowStore(Date.now)
        await store.mark()
        const records = toRecords(orders)
        const warm = writerOn(store)
        const hanging: { release: () => void; done: Promise<unknown> }[] = []
        let reached = 0
        for (const { back, length, process, maxChunks } of steps) {
          const from = Math.max(0, reached - back)
          const batch = records.slice(from, from + length)
          if (batch.length === 0) continue
          if (process === 'hangs') {
            let release = (): void => undefined
            const gate = new Promise<void>((resolve) => {
              release = resolve
            })
            const done = writerOn(new SlowStore(store, gate), maxChunks).write(shardId, batch)
            hanging.push({ release, done })
            continue
          }
          await (process === 'warm' ? warm : writerOn(store, maxChunks)).write(shardId, batch)
          reached = Math.max(reached, from + batch.length)
          if (hanging.length > 1) await letGo(hanging)
        }
        if (reached < records.length) await warm.write(shardId, records.slice(reached))
        while (hanging.length > 0) await letGo(hanging)
        expect(await answers(store)).toEqual(recount(orders))
      }),
      { numRuns: 150 },
    )
  })

  it('add up over shards', async () => {
    await fc.assert(
      fc.asyncProperty(someOrders, someOrders, async (left, right) => {
        const store = new MemoryWindowStore(Date.now)
        await store.mark()
        const other = 'shardId-000000000001'
        await writerOn(store).write(shardId, toRecords(left))
        await writerOn(store).write(other, toRecords(right, other))
        expect(await answers(store)).toEqual(recount([...left, ...right]))
      }),
      { numRuns: 40 },
    )
  })
})

const letGo = async (hanging: { release: () => void; done: Promise<unknown> }[]): Promise<void> => {
  const next = hanging.shift()
  next?.release()
  await next?.done
}

const order = (second: number, fields: Partial<Order> = {}): Order => ({
  second,
  country: 'DE',
  buyer: 'a',
  cents: 100,
  ...fields,
})

describe('a window writer', () => {
  let store: MemoryWindowStore
  beforeEach(async () => {
    store = new MemoryWindowStore(Date.now)
    await store.mark()
  })

  it('takes in what an aggregate holds whole, however many chunks that touches', async () => {
    const orders = [order(0), order(100), order(170), order(61), order(200)]
    const [first, ...rest] = toRecords(orders)
    const [last] = rest.splice(-1)
    if (first === undefined || last === undefined) throw new Error('There are five orders.')
    const { sequenceNumber } = first
    const records = [first, ...rest.map((one, index) => ({ ...one, sequenceNumber, subSequence: index + 1 })), last]
    await writerOn(store, 1).write(shardId, records)
    expect(await answers(store)).toEqual(recount(orders))
    expect(await writerOn(store, 1).write(shardId, records)).toMatchObject({ committed: 0, repeated: 5 })
  })

  it('takes in whole what an aggregate holds of far more chunks than it cuts at, up to what one commit takes', async () => {
    const visit = event('visit', {}, { accept: { early: '10d' } })
    const visits = metric('visits', visit.count('visits'), { per: 'day', live: '1h' })
    const ahead = compileDefinitions({ visit, visits }, await loadHash64())
    /** A record of so many visits, a minute apart. */
    const aggregate = (number: number, minutes: number): RawRecord[] =>
      Array.from({ length: minutes }, (_, minute) => {
        const at = new Date(startTime + minute * 60_000).toISOString()
        const text = JSON.stringify({ type: 'visit', id: `${number}-${minute}`, at })
        const sequenceNumber = String(number).padStart(64, '0')
        return { shardId, sequenceNumber, subSequence: minute, arrivalTime: startTime, text }
      })
    const writer = new WindowWriter({
      ...countingBy(ahead),
      store,
      exclusions: noExclusions,
      duplicates: duplicatesOn(),
      newEpoch,
    })
    const records = [...aggregate(1, 1), ...aggregate(2, 9000), ...aggregate(3, 1)]
    expect(await writer.write(shardId, records)).toMatchObject({ committed: 9002, late: 0, chunks: 9002 })
    const { position } = await store.open(shardId)
    expect(position).toMatchObject({ revision: 3, horizon: startTime })
    await expect(writer.write(shardId, aggregate(4, 9998))).rejects.toThrow('A commit of 9998 window chunks')
    expect((await store.open(shardId)).position).toEqual(position)
  })

  it('counts what it did', async () => {
    const records: RawRecord[] = toRecords([order(0), order(1), order(5000), order(2)])
    const junk = { ...toRecords([order(0)])[0], sequenceNumber: '9'.padStart(64, '0'), text: 'junk' } as RawRecord
    const writer = writerOn(store)
    const outcome = await writer.write(shardId, [...records, junk])
    // Four orders' contributions to count, sum, max and min, and two a distinct value; all but the newest's are late.
    expect(outcome).toEqual({
      shardId,
      committed: 5,
      repeated: 0,
      late: 18,
      rejected: 1,
      excluded: 0,
      duplicates: 0,
      chunks: 5,
      conflicts: 0,
    })
    expect(await writer.write(shardId, records)).toMatchObject({ committed: 0, repeated: 4, conflicts: 0 })
    expect((await store.open(shardId)).position).toMatchObject({
      position: junk.sequenceNumber,
      newestEventTime: startTime + 5_000_000,
      horizon: startTime + 5_000_000,
    })
  })

  it('keeps no more than the windows, however long the history that passes through', async () => {
    const year = Array.from({ length: 400 }, (_, index) => order(index * 3600))
    const writer = writerOn(store)
    for (const record of toRecords(year)) await writer.write(shardId, [record])
    const { index, position } = await store.open(shardId)
    // Of the newest hour and of the one before, which windows as of a little earlier hold.
    expect(index.size).toBe(10)
    expect(position?.revision).toBe(400)
    for (const goneAt of index.values()) expect(goneAt).toBeGreaterThan(position?.horizon ?? 0)
  })

  it('splits what touches too many chunks, and each part stands by itself', async () => {
    const outcome = await writerOn(store, 4).write(shardId, toRecords([order(0), order(60), order(120)]))
    expect(outcome.committed).toBe(3)
    expect((await store.open(shardId)).position?.revision).toBe(3)
  })

  it('forgets what a failed commit would have stored', async () => {
    const records = toRecords([order(0), order(1), order(2)])
    const writer = writerOn(store)
    await writer.write(shardId, records.slice(0, 1))
    const commit = jest.spyOn(store, 'commit').mockRejectedValueOnce(new Error('connection lost'))
    await expect(writer.write(shardId, records.slice(1))).rejects.toThrow('connection lost')
    commit.mockRestore()
    await writer.write(shardId, records.slice(1))
    expect(await answers(store)).toMatchObject({ orders: { rows: [{ value: 3 }] } })
  })

  it('gives up where the shard moves under every try', async () => {
    jest.spyOn(store, 'commit').mockResolvedValue('conflict')
    await expect(writerOn(store).write(shardId, toRecords([order(0)]))).rejects.toThrow('moved 11 times')
  })

  it('begins anew where the store was emptied, and says since when', async () => {
    const store = new MemoryWindowStore(() => startTime + 1500)
    const writer = writerOn(store)
    await store.mark()
    await writer.write(shardId, toRecords([order(0)]))
    const first = (await store.open(shardId)).position
    expect(first).toMatchObject({ restarted: false, since: expect.objectContaining({ [revenueKey()]: 0 }) })

    store.lose()
    await writer.write(shardId, toRecords([order(0), order(1)]).slice(1))
    const second = (await store.open(shardId)).position
    expect(second).toMatchObject({ revision: 1, restarted: true, startedAt: startTime + 2000 })
    expect(second?.epoch).not.toBe(first?.epoch)
    expect(second?.since[revenueKey()]).toBe(0)
    const answer = { model: model.data, store, metric: 'revenue', lastMs: 60_000, now: startTime } as const
    expect((await answerWindow({ ...answer, asOf: 'latest' })).receipt).toMatchObject({
      refilling: true,
      refillingSince: startTime + 2000,
    })
    const later = startTime + 2000 + 10_000 + 60_000
    expect((await answerWindow({ ...answer, asOf: later })).receipt.refilling).toBe(false)
    expect((await answerWindow({ ...answer, asOf: later - 1000 })).receipt.refilling).toBe(true)
  })

  it('refills a metric from where its version began', async () => {
    await writerOn(store).write(shardId, toRecords([order(0)]))
    const metrics = model.data.metrics.map((each) =>
      each.name === 'revenue' ? { ...each, version: 'ffffffffffff' } : each,
    )
    const changed: Model = { ...model, data: { ...model.data, version: 'changed', metrics } }
    const question = { model: changed.data, store, lastMs: 60_000, asOf: 'latest', now: startTime } as const
    const before = await answerWindow({ ...question, metric: 'revenue' })
    expect(before).toMatchObject({ rows: [{ value: '0.00' }], receipt: { refilling: true, refillingSince: null } })

    const writer = new WindowWriter({
      ...countingBy(changed),
      store,
      exclusions: noExclusions,
      duplicates: duplicatesOn(),
      newEpoch,
    })
    await writer.write(shardId, toRecords([order(0), order(1)]).slice(1))
    const after = await answerWindow({ ...question, metric: 'revenue' })
    expect(after.rows).toMatchObject([{ value: '1.00' }])
    expect(after.receipt).toMatchObject({ refilling: true, refillingSince: startTime + 2000, modelVersion: 'changed' })
    const unchanged = await answerWindow({ ...question, metric: 'orders' })
    expect(unchanged).toMatchObject({ rows: [{ value: 2 }], receipt: { refilling: false } })
  })

  it('says that a window is incomplete where a chunk expired, also after it was begun anew', async () => {
    let now = startTime
    const mortal = new MemoryWindowStore(() => now)
    await mortal.mark()
    await writerOn(mortal).write(shardId, toRecords([order(0)]))
    now += 2 * 86_400_000
    const question = {
      model: model.data,
      store: mortal,
      metric: 'revenue',
      lastMs: 60_000,
      asOf: 'latest',
      now,
    } as const
    const lost = { refilling: true, refillingSince: null }
    expect((await answerWindow(question)).receipt).toMatchObject(lost)
    await writerOn(mortal).write(shardId, toRecords([order(0), order(1)]).slice(1))
    expect(await answerWindow(question)).toMatchObject({ rows: [{ value: '1.00' }], receipt: lost })
  })

  it('leaves excluded events out, and counts them', async () => {
    const store = new MemoryWindowStore(() => 0)
    const records = toRecords([order(0), order(1), order(2)])
    const isExcluded = ({ id }: { readonly id: string }): boolean => id === model.decode(records[1] as RawRecord).id
    const exclusions = { current: async () => isExcluded }
    const writer = new WindowWriter({
      ...countingBy(model),
      store,
      exclusions,
      duplicates: duplicatesOn(),
      newEpoch: () => 'epoch',
    })
    expect(await writer.write(shardId, records)).toMatchObject({ committed: 3, excluded: 1, rejected: 0 })
    const question = { model: model.data, store, metric: 'orders', lastMs: 60_000, asOf: 'latest' } as const
    expect((await answerWindow({ ...question, now: startTime, by: [] })).rows).toMatchObject([{ value: 2 }])
    expect((await store.open(shardId)).position?.position).toBe(records[2]?.sequenceNumber)
  })

  it('does not start half configured', () => {
    const whole = {
      CACHE_ENDPOINT: 'h:1',
      CACHE_TLS: 'true',
      STREAM_NAME: 's',
      DUPLICATES_WINDOW_SECONDS: '600',
      DATA_BUCKET: 'b',
    }
    expect(() => readEnvironment({ ...whole, CACHE_ENDPOINT: '' })).toThrow('CACHE_ENDPOINT')
    expect(() => readEnvironment({ ...whole, CACHE_TLS: 'yes' })).toThrow('CACHE_TLS')
    expect(() => readEnvironment({ ...whole, DUPLICATES_WINDOW_SECONDS: '0' })).toThrow('must be 1 at least')
    expect(() => readEnvironment({ ...whole, DATA_BUCKET: '' })).toThrow('DATA_BUCKET')
    expect(readEnvironment(whole)).toEqual({
      dataBucket: 'b',
      endpointUrl: undefined,
      streamName: 's',
      duplicatesWindowMs: 600_000,
      cacheEndpoint: 'h:1',
      cacheTls: true,
    })
  })
})

const revenueKey = (): string => {
  const revenue = model.data.metrics.find(({ name }) => name === 'revenue')
  const live = revenue === undefined ? null : liveMetric(revenue)
  return `${live?.name}:${live?.version}`
}
