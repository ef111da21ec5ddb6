import { event, metric, z } from 'tidemark'
import { compileDefinitions } from '../../../core/compile.ts'
import { loadHash64 } from '../../../core/hash.ts'
import type { Model } from '../../../core/model.ts'
import type { RawRecord } from '../../../core/record.ts'
import { windowGraceMs } from '../../../core/window.ts'
import { answerWindow } from '../../../lambdas/serving/windows.ts'
import { WindowWriter } from '../../../lambdas/speed/window.ts'
import { MemoryWindowStore } from '../../../stores/window/memory.ts'
import { countingBy } from '../../models-side-by-side.ts'
import { duplicatesOn } from './duplicates.ts'
import { noExclusions, shardId, startTime } from './orders.ts'

const minuteMs = 60_000
const hourMs = 3_600_000

/** Windows of sales, beside an event of which only how early it may arrive changes. */
const modelWith = async (early: '1h' | '1d' | '3d'): Promise<Model> => {
  const sale = event('sale', { shop: z.string() })
  const plan = event('plan', { shop: z.string() }, { accept: { early } })
  const definitions = {
    sale,
    plan,
    daily: metric('daily', sale.count('sales'), { per: 'day', live: '24h' }),
    hourly: metric('hourly', sale.count('sales'), { per: 'day', live: '1h' }),
    planned: metric('planned', plan.count('plans'), { per: 'day', live: '1h' }),
  }
  return compileDefinitions(definitions, await loadHash64())
}

describe('windows beside another event that may be dated ahead', () => {
  let anHour: Model
  let aDay: Model
  beforeAll(async () => {
    anHour = await modelWith('1h')
    aDay = await modelWith('1d')
  })

  let store: MemoryWindowStore
  let now: number
  let number: number
  let sales: number[]
  beforeEach(async () => {
    now = startTime
    number = 0
    sales = []
    store = new MemoryWindowStore(() => now)
    await store.mark()
  })

  const record = (type: string, at: number): RawRecord => ({
    shardId,
    sequenceNumber: String(++number).padStart(64, '0'),
    arrivalTime: now,
    text: JSON.stringify({ type, id: String(number), at: new Date(at).toISOString(), shop: 'a' }),
  })
  const sell = (at = now): RawRecord => {
    sales.push(at)
    return record('sale', at)
  }
  const writerBy = (...models: readonly [Model, ...Model[]]): WindowWriter =>
    new WindowWriter({
      ...countingBy(...models),
      store,
      exclusions: noExclusions,
      duplicates: duplicatesOn(),
      newEpoch: () => 'epoch',
    })
  /** A sale every ten minutes; how many came late. */
  const sellFor = async (hours: number, writer: WindowWriter): Promise<number> => {
    let late = 0
    for (const end = now + hours * hourMs; now < end; now += 10 * minuteMs)
      late += (await writer.write(shardId, [sell()])).late
    return late
  }
  const expectAll = async (...models: readonly Model[]): Promise<void> => {
    for (const model of models)
      for (const [name, lastMs] of [
        ['daily', 24 * hourMs],
        ['hourly', hourMs],
      ] as const)
        for (const asOf of ['now', now - hourMs] as const) {
          const question = { model: model.data, store, metric: name, lastMs, asOf, now }
          const { rows, receipt } = await answerWindow(question)
          const value = sales.filter((at) => at >= receipt.from && at < receipt.to).length
          expect({ name, asOf, rows, refilling: receipt.refilling }).toEqual({
            name,
            asOf,
            rows: [{ by: {}, value, exact: true }],
            refilling: false,
          })
        }
  }

  it('keep what is dated further ahead than they are long', async () => {
    const ahead = await modelWith('3d')
    await writerBy(ahead).write(shardId, [record('plan', now + 72 * hourMs)])
    now += 72.5 * hourMs
    await writerBy(ahead).write(shardId, [sell()])
    const question = { model: ahead.data, store, metric: 'planned', lastMs: hourMs, asOf: 'now', now } as const
    const { rows, receipt } = await answerWindow(question)
    expect({ rows, refilling: receipt.refilling }).toMatchObject({ rows: [{ value: 1 }], refilling: false })
  })

  it('keeps the versions of metrics whose event stayed as it was', () => {
    const liveOf = ({ data }: Model) =>
      data.metrics.filter(({ liveMs, event: of }) => liveMs !== null && of === 'sale').map((one) => one.version)
    expect(liveOf(anHour)).toEqual(liveOf(aDay))
    expect(anHour.data.version).not.toBe(aDay.data.version)
  })

  it('stay whole where a deploy lets that event arrive earlier', async () => {
    expect(await sellFor(30, writerBy(anHour))).toBe(0)
    const writer = writerBy(aDay, anHour)
    expect(await writer.write(shardId, [sell(), record('plan', now + 20 * hourMs), sell()])).toMatchObject({ late: 0 })
    await expectAll(aDay, anHour)
    expect(await sellFor(30, writer)).toBe(0)
    await expectAll(aDay, anHour)
  })

  it('stay whole where a deploy lets that event arrive less early', async () => {
    expect(await sellFor(30, writerBy(aDay))).toBe(0)
    await writerBy(aDay).write(shardId, [record('plan', now + 20 * hourMs)])
    const writer = writerBy(anHour, aDay)
    expect(await sellFor(3, writer)).toBe(0)
    await expectAll(anHour, aDay)
    expect(await sellFor(3, writerBy(anHour))).toBe(0)
    await expectAll(anHour)
  })

  it('go by what has arrived, and never back', async () => {
    const writer = writerBy(aDay)
    const horizon = async () => (await store.open(shardId)).position?.horizon
    await writer.write(shardId, [record('nothing', now)])
    expect(await horizon()).toBeNull()
    await writer.write(shardId, [sell(now - hourMs)])
    expect(await horizon()).toBe(startTime - hourMs)
    await writer.write(shardId, [record('plan', now + 20 * hourMs)])
    expect(await horizon()).toBe(startTime)
    now += minuteMs
    await writer.write(shardId, [record('nothing', now)])
    expect(await horizon()).toBe(startTime + minuteMs)
    now -= 2 * minuteMs
    await writer.write(shardId, [sell()])
    expect(await horizon()).toBe(startTime + minuteMs)
  })

  it('go on from a position that an older version of this code wrote, and delete nothing that they write', async () => {
    const writer = writerBy(aDay)
    await writer.write(shardId, [sell(), record('plan', now + 20 * hourMs)])
    const { position, index } = await store.open(shardId)
    if (position === null) throw new Error('The shard was written.')
    const texts = await store.readChunks(shardId, [...index.keys()])
    // It kept no slice longer than its window where no event may be dated ahead.
    const writes = [...index].map(([name, goneAt], at) => ({
      name,
      value: texts[at] ?? '',
      goneAt: goneAt - windowGraceMs,
      ttlMs: 24 * hourMs,
    }))
    const next = { ...position, revision: position.revision + 1, horizon: null }
    await store.commit({ shardId, expected: position, next, writes, deletes: [] })
    const ask = (asOf: number) => answerWindow({ model: aDay.data, store, metric: 'hourly', lastMs: hourMs, asOf, now })
    await expect(ask(now - 30 * hourMs)).rejects.toMatchObject({ code: 'window_out_of_reach' })
    now += 1.5 * hourMs
    expect(await writerBy(aDay).write(shardId, [sell(startTime)])).toMatchObject({ committed: 1, late: 0 })
    await expectAll(aDay)
    expect((await store.open(shardId)).position?.horizon).toBe(now)
  })
})
