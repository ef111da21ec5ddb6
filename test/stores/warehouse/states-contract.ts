import { event, metric, z } from 'tidemark'
import { estimateRegisters } from '../../../core/hyperloglog.ts'
import type { StatesQuestion } from '../../../stores/states/states.ts'
import type { StateRow } from '../../../stores/warehouse/memory-tables.ts'
import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import {
  arrival,
  type BatchStage,
  changedDefinitions,
  definitions,
  sequence,
  shardA,
  shardB,
} from '../../localstack/tidemark/batch-stage.ts'
import {
  cell,
  committed,
  day,
  ended,
  freshToken,
  hourMs,
  loaded,
  metricOf,
  newDataset,
  question,
  serve,
  stageResults,
} from './pieces.ts'

const dayMs = 24 * hourMs
const row = (bucket: number, dims: readonly (string | null)[], component: string, value: number): StateRow => ({
  bucket,
  dims,
  component,
  value,
})

/** What every store of states does. @param stageOf an empty stage */
export const statesContract = (stageOf: () => BatchStage): void => {
  const read = async (stage: BatchStage, name: string, asked: Partial<StatesQuestion> = {}) =>
    (await stage.states.read(question(metricOf(stage, name), asked))).cells.map(
      ({ bucket, dims, value, exact }) =>
        [bucket === null ? null : (bucket - day) / hourMs, ...dims, value, ...(exact ? [] : ['or so'])] as const,
    )

  /** A dataset of marks A 2, live, and speed rows on both sides of it; B has no mark. */
  const served = async (stage: BatchStage): Promise<void> => {
    await committed(stage, 2, [cell('sales', day, ['mitte', 'true'], { count: 100 })])
    await committed(stage, 5, [
      cell('sales', day, ['mitte', 'true'], { count: 7 }),
      cell('sales', day + hourMs, ['', 'false'], { count: 1 }),
      cell('smallest', day, ['true'], { min: 4 }),
      cell('largest', day, [], { max: 4 }),
      cell('turnover', day + 31 * dayMs, [null], { sum: -250 }),
    ])
    await committed(stage, 3, [cell('sales', day + hourMs, [null, 'false'], { count: 2 })], shardB)
    await loaded(stage, 'blue', newDataset(stage, 'ds-1', { [shardA]: 2 }), {
      sales: [
        row(day, ['mitte', 'true'], 'count', 3),
        row(day, ['emoji 🛫', 'false'], 'count', 4),
        row(day + dayMs, ['\ue000', 'true'], 'count', 5),
        row(day + dayMs, ['🛫', 'true'], 'count', 6),
      ],
      smallest: [row(day, ['true'], 'min', 5), row(day, ['false'], 'min', -3)],
      largest: [row(day, [], 'max', 3)],
      turnover: [row(day, ['mitte'], 'sum', 1250)],
    })
    await serve(stage, await stage.ledger.control(), 'ds-1')
  }

  it('answers both sides of the tidemark as one, in order, dimensions as they came', async () => {
    const stage = stageOf()
    await served(stage)
    expect(await read(stage, 'sales')).toEqual([
      [0, 'emoji 🛫', false, 4n],
      [0, 'mitte', true, 10n],
      [1, '', false, 1n],
      [1, null, false, 2n],
      [24, '\ue000', true, 5n],
      [24, '🛫', true, 6n],
    ])
    expect(await read(stage, 'smallest')).toEqual([
      [0, false, -3n],
      [0, true, 4n],
    ])
    expect(await read(stage, 'largest')).toEqual([[0, 4n]])
    expect(await read(stage, 'turnover', { per: 'month' })).toEqual([
      [0, 'mitte', 1250n],
      [744, null, -250n],
    ])
  })

  it('answers a part: a side, a range, a page, some dimensions, some values', async () => {
    const stage = stageOf()
    await served(stage)
    expect(await read(stage, 'sales', { layer: 'batch', by: [] })).toEqual([
      [0, 7n],
      [24, 11n],
    ])
    expect(await read(stage, 'sales', { layer: 'speed', by: ['shop'] })).toEqual([
      [0, 'mitte', 7n],
      [1, '', 1n],
      [1, null, 2n],
    ])
    expect(await read(stage, 'sales', { per: null, by: [], from: day + hourMs, to: day + dayMs })).toEqual([[null, 3n]])
    expect(await read(stage, 'sales', { per: null, by: [], from: day + 2 * hourMs, to: day + dayMs })).toEqual([])
    expect(await read(stage, 'sales', { per: 'day', by: ['express'], offset: 1, limit: 1 })).toEqual([[0, true, 10n]])
    const where = (dimension: string, value: string | boolean) => ({ by: [], where: [{ dimension, value }] })
    expect(await read(stage, 'sales', { per: null, ...where('shop', '') })).toEqual([[null, 1n]])
    expect(await read(stage, 'sales', { per: null, ...where('shop', "it's") })).toEqual([])
    expect(await read(stage, 'sales', { per: null, ...where('express', false) })).toEqual([[null, 7n]])
    expect(await read(stage, 'sales', { per: 'year', ...where('shop', '🛫') })).toEqual([[0, 6n]])
  })

  it('orders and finds whole numbers as numbers', async () => {
    const stage = stageOf()
    const delivery = event('delivery', { stops: z.int().nullable() })
    await stage.deploy({
      ...definitions,
      sizes: metric('sizes', delivery.count('deliveries'), { by: ['stops'], per: 'day' }),
    })
    const sizes = ['10', '9', '-3', null].map((stops) => cell('sizes', day, [stops], { count: 1 }))
    await committed(stage, 1, sizes)
    await loaded(stage, 'blue', newDataset(stage, 'ds-1', { [shardB]: 1 }), { sizes: [row(day, ['9'], 'count', 5)] })
    await serve(stage, await stage.ledger.control(), 'ds-1')
    expect(await read(stage, 'sizes')).toEqual([
      [0, -3, 1n],
      [0, 9, 6n],
      [0, 10, 1n],
      [0, null, 1n],
    ])
    expect(await read(stage, 'sizes', { by: [], where: [{ dimension: 'stops', value: 9n }] })).toEqual([[0, 6n]])
  })

  it('says what stood behind an answer', async () => {
    const stage = stageOf()
    const sales = question(metricOf(stage, 'sales'))
    const exclusions = { batch: null, speed: [] }
    const servingVersion = stage.model.data.version
    const nothing = { datasetId: '', marks: {}, positions: {}, pruned: {}, sealedAt: null, committedAt: null, gaps: 0 }
    expect((await stage.states.read(sales)).snapshot).toEqual({
      ...nothing,
      servingVersion,
      exclusions,
      loaded: new Set(),
    })
    await served(stage)
    expect((await stage.states.read(sales)).snapshot).toEqual({
      servingVersion,
      datasetId: 'ds-1',
      exclusions: { batch: 0, speed: [] },
      loaded: new Set(['ds-1']),
      marks: { [shardA]: sequence(2) },
      positions: { [shardA]: sequence(5), [shardB]: sequence(3) },
      pruned: {},
      sealedAt: '2026-01-03T00:00:00.000Z',
      committedAt: '2026-01-03T00:00:00.005Z',
      gaps: 0,
    })
  })

  it('holds a pinned question to its dataset and positions', async () => {
    const stage = stageOf()
    await served(stage)
    await committed(stage, 8, [cell('sales', day, ['mitte', 'true'], { count: 1000 })])
    const total = { per: null, by: [] } as const
    const pin = { datasetId: 'ds-1', positions: { [shardA]: sequence(5), [shardB]: sequence(3) } }
    expect(await read(stage, 'sales', { ...total, pin })).toEqual([[null, 28n]])
    const unpinned = await read(stage, 'sales', total)
    expect(unpinned).toEqual([[null, 1028n]])
    expect(await read(stage, 'sales', { ...total, pin: { datasetId: '', positions: pin.positions } })).toEqual([
      [null, 110n],
    ])
    expect(await read(stage, 'sales', { ...total, pin: { datasetId: 'ds-1', positions: {} } })).toEqual([[null, 18n]])
  })

  it('counts distinct values exactly where batch alone answers, and estimates the rest', async () => {
    const stage = stageOf()
    const batch = (bucket: number, express: string, registers: Record<string, number>, exact: number): StateRow[] => [
      ...Object.entries(registers).map(([name, rank]) => row(bucket, [express], name, rank)),
      row(bucket, [express], 'seen', 9),
      row(bucket, [express], 'exact', exact),
    ]
    await loaded(stage, 'green', newDataset(stage, 'ds-1', { [shardA]: 2 }), {
      shops: [
        ...batch(day, 'true', { r1: 2, r5: 1, r16383: 20 }, 3),
        ...batch(day, 'false', { r1: 4, r77: 1 }, 2),
        row(day, [null], 'exact_total', 4),
        ...batch(day + dayMs, 'true', { r1: 1 }, 1),
        row(day + dayMs, [null], 'exact_total', 1),
      ],
    })
    await serve(stage, await stage.ledger.control(), 'ds-1')
    await committed(stage, 4, [cell('shops', day + dayMs, ['true'], { r1: 3, r9: 2, seen: 2 })])
    const estimated = (...ranks: number[]): readonly [bigint, 'or so'] => [BigInt(estimateRegisters(ranks)), 'or so']
    expect(await read(stage, 'shops')).toEqual([
      [0, false, 2n],
      [0, true, 3n],
      [24, true, ...estimated(3, 2)],
    ])
    expect(await read(stage, 'shops', { by: [] })).toEqual([
      [0, 4n],
      [24, ...estimated(3, 2)],
    ])
    expect(await read(stage, 'shops', { by: [], layer: 'batch' })).toEqual([
      [0, 4n],
      [24, 1n],
    ])
    expect(await read(stage, 'shops', { per: 'month', by: [] })).toEqual([[0, ...estimated(4, 1, 20, 1, 2)]])
    const where = [{ dimension: 'express', value: false }]
    expect(await read(stage, 'shops', { by: [], where })).toEqual([[0, ...estimated(4, 1)]])
    expect(await read(stage, 'shops', { by: ['express'], where })).toEqual([[0, false, 2n]])
    expect(await read(stage, 'shops', { per: null, by: [], from: day + 2 * dayMs })).toEqual([])
  })

  it('compares what is served up to a tidemark with what was built', async () => {
    const stage = stageOf()
    await served(stage)
    const marks = { [shardA]: 5, [shardB]: 2 }
    await loaded(stage, 'green', newDataset(stage, 'ds-2', marks), {
      sales: [
        row(day, ['mitte', 'true'], 'count', 10),
        row(day, ['emoji 🛫', 'false'], 'count', 5),
        row(day + dayMs, ['🛫', 'true'], 'count', 6),
        row(day + dayMs, ['neu', 'true'], 'count', 1),
      ],
      smallest: [row(day, ['true'], 'min', 4), row(day, ['false'], 'min', -3)],
      shops: [row(day, ['true'], 'r3', 1), row(day, ['true'], 'exact', 1)],
    })
    const pin = { datasetId: 'ds-1', positions: await stage.ledger.marks('ds-2') }
    const compared = async (name: string) => {
      const parity = await stage.states.compare(metricOf(stage, name), 'green', 'ds-2', pin)
      return [parity.rowsServed, parity.rowsBuilt, parity.rowsMissing, parity.rowsExtra, parity.rowsChanged]
    }
    // B's only micro-batch ends above the mark there.
    expect(await compared('sales')).toEqual([5, 4, 2, 1, 1])
    const { bucketsDiffering, buckets } = await stage.states.compare(metricOf(stage, 'sales'), 'green', 'ds-2', pin)
    expect(bucketsDiffering).toBe(3)
    expect(buckets).toEqual([
      { bucket: day + dayMs, rowsMissing: 1, rowsExtra: 1, rowsChanged: 0, servedValue: 11n, builtValue: 7n },
      { bucket: day, rowsMissing: 0, rowsExtra: 0, rowsChanged: 1, servedValue: 14n, builtValue: 15n },
      { bucket: day + 3_600_000, rowsMissing: 1, rowsExtra: 0, rowsChanged: 0, servedValue: 1n, builtValue: null },
    ])
    expect(await compared('smallest')).toEqual([2, 2, 0, 0, 0])
    expect(await compared('shops')).toEqual([0, 1, 0, 1, 0])
    expect(await compared('largest')).toEqual([1, 0, 1, 0, 0])
    expect(await compared('rejected')).toEqual([0, 0, 0, 0, 0])
  })

  it('loads once by token, counts what is loaded, and empties the slot of what was there', async () => {
    const stage = stageOf()
    const metric = metricOf(stage, 'sales')
    await served(stage)
    expect(await stage.states.rowsLoaded(metric, 'blue', 'ds-1')).toBe(4)
    expect(await stage.states.rowsLoaded(metric, 'green', 'ds-1')).toBe(0)
    await stage.ledger.register(newDataset(stage, 'ds-2', { [shardA]: 5 }))
    await stage.ledger.takeSlot(await stage.ledger.control(), 'blue', 'ds-2', 'load', arrival)
    const manifestUri = await stageResults(stage, metric, [row(day, ['x', 'true'], 'count', 1)])
    const load = { metric, slot: 'blue', datasetId: 'ds-2', manifestUri } as const
    const token = freshToken()
    const [first, second] = await Promise.all([
      stage.states.startLoad(load, token),
      stage.states.startLoad(load, token),
    ])
    await expect(stage.states.startLoad({ ...load, slot: 'green' }, token)).rejects.toThrow(
      `${token} was already used with other content`,
    )
    expect(second).toBe(first)
    await ended(stage, first)
    expect(await stage.states.isLoaded(first)).toBe(true)
    expect(await stage.states.rowsLoaded(metric, 'blue', 'ds-1')).toBe(0)
    expect(await stage.states.rowsLoaded(metric, 'blue', 'ds-2')).toBe(1)
    await ended(stage, await stage.states.startLoad({ ...load, manifestUri: null }, freshToken()))
    expect(await stage.states.rowsLoaded(metric, 'blue', 'ds-2')).toBe(0)
  })

  it.each([
    [
      'was given to another',
      async (stage: BatchStage) => {
        await stage.ledger.takeSlot(await stage.ledger.control(), 'green', 'ds-3', 'load', arrival)
      },
    ],
    [
      'stands loaded',
      async (stage: BatchStage) => {
        await stage.ledger.setSlot(await stage.ledger.control(), 'green', 'ds-2', 'loaded')
      },
    ],
  ])('refuses a load whose slot %s, and leaves what stands there', async (_, change) => {
    const stage = stageOf()
    const metric = metricOf(stage, 'sales')
    for (const datasetId of ['ds-2', 'ds-3']) await stage.ledger.register(newDataset(stage, datasetId, { [shardA]: 1 }))
    const states = [row(day, ['x', 'true'], 'count', 1)]
    await loaded(stage, 'green', newDataset(stage, 'ds-2', { [shardA]: 1 }), { sales: states })
    await change(stage)
    const manifestUri = await stageResults(stage, metric, [])
    const load = { metric, slot: 'green', datasetId: 'ds-2', manifestUri } as const
    const late = await stage.states.startLoad(load, freshToken())
    await expect(ended(stage, late)).rejects.toThrow(TransactionFailed)
    await expect(stage.states.isLoaded(late)).rejects.toThrow('is not being loaded with ds-2')
    expect(await stage.states.rowsLoaded(metric, 'green', 'ds-2')).toBe(1)
  })

  it('loads a dataset once, where an execution that was stopped still loads it into the slot that another was given', async () => {
    const stage = stageOf()
    const { ledger, states } = stage
    const metric = metricOf(stage, 'sales')
    await ledger.register(newDataset(stage, 'ds-1', { [shardA]: 1 }))
    const rows = [row(day, ['x', 'true'], 'count', 1)]
    const begun = async (manifestUri: string): Promise<string> => {
      await ledger.takeSlot(await ledger.control(), 'blue', 'ds-1', 'load', arrival)
      return states.startLoad({ metric, slot: 'blue', datasetId: 'ds-1', manifestUri }, freshToken())
    }
    const manifestUri = await stageResults(stage, metric, rows)
    const { reached, letGo } = stage.heldAt(manifestUri.replace('s3://lake/', ''))
    const stopped = await begun(manifestUri)
    try {
      expect(await states.isLoaded(stopped)).toBe(false)
      await reached
      await ledger.setSlot(await ledger.control(), 'blue', '', 'empty')
      await ended(stage, await begun(await stageResults(stage, metric, rows)))
      expect(await states.rowsLoaded(metric, 'blue', 'ds-1')).toBe(1)
      await ledger.setSlot(await ledger.control(), 'blue', 'ds-1', 'loaded')
    } finally {
      letGo()
    }
    await expect(ended(stage, stopped)).rejects.toThrow(TransactionFailed)
    expect(await states.rowsLoaded(metric, 'blue', 'ds-1')).toBe(1)
  })

  it('leaves nothing of a load whose file is not there', async () => {
    const stage = stageOf()
    const metric = metricOf(stage, 'sales')
    await loaded(stage, 'blue', newDataset(stage, 'ds-1', { [shardA]: 1 }), {
      sales: [row(day, ['x', 'true'], 'count', 1)],
    })
    await stage.ledger.takeSlot(await stage.ledger.control(), 'blue', 'ds-1', 'load', arrival)
    const entries = [{ url: 's3://lake/results/gone', mandatory: true, meta: { content_length: 7 } }]
    await stage.archive.putJson('staging/gone.manifest', { entries })
    const load = { metric, slot: 'blue', datasetId: 'ds-1', manifestUri: 's3://lake/staging/gone.manifest' } as const
    await expect(ended(stage, await stage.states.startLoad(load, freshToken()))).rejects.toThrow(TransactionFailed)
    expect(await stage.states.rowsLoaded(metric, 'blue', 'ds-1')).toBe(1)
  })

  it('does not serve what another dataset left in the slot', async () => {
    const stage = stageOf()
    await served(stage)
    const { ledger } = stage
    await loaded(stage, 'green', newDataset(stage, 'ds-2', { [shardA]: 5 }), {
      sales: [row(day, ['late', 'true'], 'count', 9)],
    })
    await ledger.setSlot(await ledger.control(), 'green', 'ds-1', 'loaded')
    expect(await read(stage, 'sales', { per: null, by: [], layer: 'batch' })).toEqual([[null, 18n]])
  })

  it('counts a dataset once, though the slot of one by other definitions holds it from before', async () => {
    const stage = stageOf()
    await served(stage)
    await loaded(stage, 'green', newDataset(stage, 'ds-1', { [shardA]: 2 }), {
      sales: [row(day, ['mitte', 'true'], 'count', 9)],
    })
    // It has tables of its own, and empties no others.
    await loaded(stage, 'green', newDataset(stage, 'ds-2', { [shardA]: 5 }), {})
    const asked = { per: null, by: [], layer: 'batch' } as const
    expect(await read(stage, 'sales', asked)).toEqual([[null, 18n]])
    const pin = { datasetId: 'ds-1', positions: { [shardA]: sequence(5) } }
    expect(await read(stage, 'sales', { ...asked, pin })).toEqual([[null, 18n]])
  })

  it('counts the holes that a changed definition leaves, until a dataset holds it', async () => {
    const stage = stageOf()
    await served(stage)
    const holes = async (): Promise<number[]> =>
      Promise.all(['sales', 'turnover'].map((name) => stage.states.gaps(metricOf(stage, name))))
    expect(await holes()).toEqual([0, 0])
    await stage.deploy(changedDefinitions)
    // The live dataset has no such version, and neither shard runs it yet.
    expect(await holes()).toEqual([3, 0])
    await committed(stage, 6, [])
    // A runs it now, from above the mark on.
    expect(await holes()).toEqual([3, 0])
    await committed(stage, 4, [], shardB)
    await loaded(stage, 'green', newDataset(stage, 'ds-2', { [shardA]: 6, [shardB]: 4 }), {})
    await serve(stage, await stage.ledger.control(), 'ds-2')
    expect(await holes()).toEqual([0, 0])
    await serve(stage, await stage.ledger.control(), 'ds-1', 'rollback')
    expect(await holes()).toEqual([3, 0])
  })
}
