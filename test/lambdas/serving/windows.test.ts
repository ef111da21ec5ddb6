import type { Model } from '../../../core/model.ts'
import { Problem } from '../../../core/problem.ts'
import type { RawRecord } from '../../../core/record.ts'
import { decodeChunk, emptyChunk, encodeChunk, mergeIntoChunk } from '../../../core/window-chunk.ts'
import { answerDerivedWindow, findDerived } from '../../../lambdas/serving/derived.ts'
import { answerWindow, type WindowAnswer, type WindowQuestion } from '../../../lambdas/serving/windows.ts'
import { WindowWriter } from '../../../lambdas/speed/window.ts'
import { MemoryWindowStore } from '../../../stores/window/memory.ts'
import { countingBy } from '../../models-side-by-side.ts'
import { duplicatesOn } from '../speed/duplicates.ts'
import {
  composed,
  derived,
  loadModel,
  noExclusions,
  type Order,
  shardId,
  startTime,
  toRecords,
} from '../speed/orders.ts'

const orders: Order[] = [
  { second: 0, country: 'DE', buyer: 'a', cents: 1001 },
  { second: 30, country: 'FR', buyer: 'b', cents: 250 },
  { second: 59, country: null, buyer: 'a', cents: 5 },
  { second: 60, country: 'DE', buyer: 'c', cents: 70 },
  { second: 90, country: 'DE', buyer: 'a', cents: 9 },
]
const now = startTime + 95_400

let model: Model
let store: MemoryWindowStore
beforeAll(async () => {
  model = await loadModel({ ...composed, ...derived })
  store = new MemoryWindowStore(() => now)
  await store.mark()
  const writer = new WindowWriter({
    ...countingBy(model),
    store,
    exclusions: noExclusions,
    duplicates: duplicatesOn(),
    newEpoch: () => 'epoch',
  })
  await writer.write(shardId, toRecords(orders))
})

type Asked = Partial<Omit<WindowQuestion, 'model' | 'store'>> & { readonly metric: string }
const ask = (asked: Asked): Promise<WindowAnswer> =>
  answerWindow({ model: model.data, store, lastMs: 60_000, asOf: 'latest', now, ...asked })

const values = async (asked: Asked) => (await ask(asked)).rows.map(({ by, value }) => [...Object.values(by), value])

describe('a window', () => {
  it('ends with the newest event, with now, or with an instant, rounded up to a slice', async () => {
    const interval = async (asOf: WindowQuestion['asOf']) => {
      const { receipt, rows } = await ask({ metric: 'orders', asOf })
      return [receipt.from - startTime, receipt.to - startTime, rows[0]?.value]
    }
    expect(await interval('latest')).toEqual([31_000, 91_000, 3])
    expect(await interval('now')).toEqual([36_000, 96_000, 3])
    expect(await interval(startTime + 59_001)).toEqual([0, 60_000, 3])
    expect(await interval(startTime + 60_000)).toEqual([0, 60_000, 3])
    expect(await interval(startTime + 60_001)).toEqual([1000, 61_000, 3])
    expect(await interval(startTime + 500_000)).toEqual([440_000, 500_000, 0])
  })

  it('is split and filtered by dimensions, nulls first', async () => {
    expect(await values({ metric: 'orders', by: ['country'], lastMs: 120_000 })).toEqual([
      [null, 1],
      ['DE', 3],
      ['FR', 1],
    ])
    expect(await values({ metric: 'orders', where: { country: 'DE' }, lastMs: 120_000 })).toEqual([[3]])
    expect(await values({ metric: 'orders', where: { country: null }, lastMs: 120_000 })).toEqual([[1]])
    expect(await values({ metric: 'orders', where: { country: 'IT' }, by: ['country'] })).toEqual([])
  })

  it('answers each measure, decimals exact and estimates said to be', async () => {
    expect(await values({ metric: 'revenue', lastMs: 120_000 })).toEqual([['13.35']])
    expect(await values({ metric: 'largest' })).toEqual([['0.70']])
    expect(await values({ metric: 'smallest', by: ['country'] })).toEqual([
      [null, 5],
      ['DE', 0],
    ])
    expect(await values({ metric: 'mean', by: ['country'], lastMs: 120_000 })).toEqual([
      [null, '0.05000000'],
      ['DE', '3.60000000'],
      ['FR', '2.50000000'],
    ])
    expect(await values({ metric: 'deviation', lastMs: 120_000 })).toEqual([['2.244994']])
    expect(await values({ metric: 'totals', lastMs: 120_000 })).toEqual([[[2, 2, 1]]])
    const { rows: medians } = await ask({ metric: 'median', lastMs: 120_000 })
    expect(medians).toEqual([{ by: {}, value: '0.70000000', exact: false, relativeError: 0.01 }])
    const { rows, unit } = await ask({ metric: 'buyers', lastMs: 120_000 })
    expect(rows).toEqual([{ by: {}, value: 3, exact: false, relativeError: 0.008125 }])
    expect(unit).toBe('distinct')
  })

  it('puts two metrics together after both were merged', async () => {
    const askDerived = async (name: string, asked: Partial<WindowQuestion> = {}) => {
      const found = findDerived(model.data, name)
      if (found === null) throw new Error(`There is no ${name}.`)
      return answerDerivedWindow(found, {
        model: model.data,
        store,
        metric: name,
        lastMs: 120_000,
        asOf: 'latest',
        now,
        ...asked,
      })
    }
    const { rows, unit, receipt } = await askDerived('each_large')
    expect([unit, rows]).toEqual(['EUR per orders', [{ by: {}, value: '6.675000', exact: true }]])
    expect(receipt).toMatchObject({ refilling: false, sliceMs: 1000, to: startTime + 91_000 })
    expect(
      (await askDerived('each_large', { by: ['country'] })).rows.map(({ by, value }) => [by.country, value]),
    ).toEqual([
      [null, null],
      ['DE', '10.800000'],
      ['FR', '2.500000'],
    ])
    expect((await askDerived('each_large', { asOf: startTime + 900_000 })).rows[0]?.value).toBeNull()
    await expect(askDerived('windowless')).rejects.toMatchObject({ code: 'no_window' })
    await expect(askDerived('each_large', { by: ['buyer'] })).rejects.toMatchObject({ code: 'unknown_dimension' })
    let reads = 0
    const moving: WindowQuestion['store'] = {
      shards: () => store.shards(),
      emptiedBefore: () => store.emptiedBefore(),
      read: async (shardIds, names) =>
        (await store.read(shardIds, names)).map((shard) =>
          shard.position === null ? shard : { ...shard, position: { ...shard.position, position: String(reads++) } },
        ),
    }
    await expect(askDerived('each_large', { store: moving })).rejects.toMatchObject({ code: 'windows_moving' })
  })

  it('answers zero, or null for the least and greatest of nothing', async () => {
    const asOf = startTime + 900_000
    for (const [metric, value] of [
      ['orders', 0],
      ['revenue', '0.00'],
      ['largest', null],
      ['smallest', null],
      ['mean', null],
      ['median', null],
      ['totals', [0, 0, 0]],
      ['deviation', null],
      ['buyers', 0],
    ] as const)
      expect(await values({ metric, asOf })).toEqual([[value]])
  })

  it('says where its answer came from', async () => {
    expect((await ask({ metric: 'revenue' })).receipt).toEqual({
      layer: 'speed',
      positions: { [shardId]: '5'.padStart(64, '0') },
      newestEventTime: startTime + 90_000,
      refilling: false,
      refillingSince: null,
      modelVersion: model.data.version,
      from: startTime + 31_000,
      to: startTime + 91_000,
      sliceMs: 1000,
    })
  })

  it('ends now where nothing was ever seen', async () => {
    const empty = new MemoryWindowStore(() => now)
    await empty.mark()
    const { rows, receipt } = await answerWindow({
      model: model.data,
      store: empty,
      metric: 'orders',
      lastMs: 1000,
      asOf: 'latest',
      now,
    })
    expect(rows).toEqual([{ by: {}, value: 0, exact: true }])
    expect(receipt).toMatchObject({ to: startTime + 96_000, newestEventTime: null, positions: {}, refilling: false })
  })

  describe('over a store that was emptied', () => {
    const [shardA, shardB] = [shardId, 'shardId-000000000001']
    /** Of the test's model: an order may claim to happen so long after it arrives. */
    const slackMs = 10_000
    const lossAt = startTime + 95_000
    let clock: number
    let mortal: MemoryWindowStore
    beforeEach(() => {
      clock = lossAt
      mortal = new MemoryWindowStore(() => clock)
    })
    const write = (shard: string, of: readonly RawRecord[]) =>
      new WindowWriter({
        ...countingBy(model),
        store: mortal,
        exclusions: noExclusions,
        duplicates: duplicatesOn(),
        newEpoch: () => 'epoch',
      }).write(shard, of)
    const asked = async (asOf: WindowQuestion['asOf'], from: WindowQuestion['store'] = mortal) => {
      const question = { model: model.data, store: from, metric: 'orders', lastMs: 60_000 }
      const { rows, receipt } = await answerWindow({ ...question, asOf, now: clock })
      return { value: rows[0]?.value, refilling: receipt.refilling, since: receipt.refillingSince }
    }
    const firstWhole = lossAt + slackMs + 60_000

    it('says so before the next record, until its length has passed', async () => {
      await mortal.mark()
      await write(shardA, toRecords(orders))
      expect(await asked('latest')).toEqual({ value: 3, refilling: false, since: null })
      mortal.lose()
      expect(await asked('now')).toEqual({ value: 0, refilling: true, since: lossAt })
      clock = firstWhole
      expect(await asked('latest')).toEqual({ value: 0, refilling: false, since: null })
      expect(await asked(firstWhole - 1000)).toEqual({ value: 0, refilling: true, since: lossAt })
    })

    it('says so though a shard begins with older records: another’s that is idle since lie between', async () => {
      await mortal.mark()
      const backlog: Order[] = [
        { second: 0, country: 'DE', buyer: 'a', cents: 1 },
        { second: 90, country: 'DE', buyer: 'a', cents: 1 },
      ]
      await write(shardB, toRecords([{ second: 80, country: 'FR', buyer: 'b', cents: 1 }]))
      mortal.lose()
      await write(shardA, toRecords(backlog))
      expect((await mortal.open(shardA)).position?.startedAt).toBeLessThan(startTime + 31_000 - slackMs)
      expect(await asked('latest')).toEqual({ value: 1, refilling: true, since: lossAt })
    })

    it('says so where it is emptied between a look at its shards and another', async () => {
      const losing = (before: 'shards' | 'read' | 'emptiedBefore'): WindowQuestion['store'] => {
        const passing = (at: typeof before): MemoryWindowStore => {
          if (at === before) mortal.lose()
          return mortal
        }
        return {
          shards: () => passing('shards').shards(),
          read: (shardIds, names) => passing('read').read(shardIds, names),
          emptiedBefore: () => passing('emptiedBefore').emptiedBefore(),
        }
      }
      for (const before of ['shards', 'read', 'emptiedBefore'] as const) {
        await mortal.mark()
        await write(shardA, toRecords(orders))
        expect(await asked(startTime + 91_000, losing(before))).toMatchObject({ refilling: true, since: lossAt })
      }
    })

    it('can’t tell one that never began from it, and says so for its length, not for ever', async () => {
      expect(await asked('latest')).toEqual({ value: 0, refilling: true, since: lossAt })
      clock = firstWhole
      expect(await asked('latest')).toEqual({ value: 0, refilling: false, since: null })
    })
  })

  it.each<[string, Asked, number]>([
    ['unknown_metric', { metric: 'sales' }, 404],
    ['no_window', { metric: 'uncounted' }, 400],
    ['invalid_last', { metric: 'orders', lastMs: 121_000 }, 400],
    ['invalid_last', { metric: 'orders', lastMs: 1500 }, 400],
    ['invalid_last', { metric: 'orders', lastMs: 0 }, 400],
    ['invalid_last', { metric: 'orders', lastMs: Number.NaN }, 400],
    ['unknown_dimension', { metric: 'orders', by: ['buyer'] }, 400],
    ['unknown_dimension', { metric: 'orders', where: { buyer: 'a' } }, 400],
    ['window_out_of_reach', { metric: 'orders', asOf: startTime - 3_660_000 }, 400],
  ])('is refused as %s for %j', async (code, asked, status) => {
    const refusal = ask(asked)
    await expect(refusal).rejects.toBeInstanceOf(Problem)
    await expect(refusal).rejects.toMatchObject({ code, status })
  })
})

describe('a chunk', () => {
  const metric = { sliceMs: 1000 }
  const contribution = {
    metric: 'm',
    bucket: 5000,
    dims: ['x'],
    component: 'sum',
    op: 'sum',
    value: Number.MAX_SAFE_INTEGER,
  } as const

  it('keeps a sum that leaves the safe integers as two', () => {
    const chunk = emptyChunk(false)
    for (let time = 0; time < 3; time += 1) mergeIntoChunk(chunk, 0, metric, contribution)
    const read = decodeChunk(encodeChunk(chunk))
    expect(read).toEqual(chunk)
    const sums = Array.from(read.cells.values(), ({ components }) => BigInt(components.sum ?? 0))
    expect(sums.reduce((a, b) => a + b)).toBe(3n * BigInt(Number.MAX_SAFE_INTEGER))
  })

  it('refuses a slice of another', () => {
    expect(() => mergeIntoChunk(emptyChunk(false), 60_000, metric, contribution)).toThrow('does not lie in the chunk')
    expect(() => mergeIntoChunk(emptyChunk(false), 500, metric, contribution)).toThrow('does not lie in the chunk')
  })
})
