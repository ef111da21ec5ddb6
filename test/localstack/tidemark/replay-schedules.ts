import type { RawRecord } from '../../../core/record.ts'
import type { Cell } from '../../../core/state.ts'
import type { Batch } from '../../../lambdas/batch/batch.ts'
import type { RebuildProgress } from '../../../lambdas/batch/rebuild.ts'
import type { ReplayProgress } from '../../../lambdas/batch/replay.ts'
import { runStep } from '../../../lambdas/batch/steps.ts'
import type { TableWriter } from '../../../lambdas/speed/table.ts'
import { rowsDiffering } from '../../../stores/ledger/dataset.ts'
import type { DatasetLedger } from '../../../stores/ledger/dataset-ledger.ts'
import type { OutputDifference, OutputShard } from '../../../stores/ledger/replay-outputs.ts'
import type { SpeedLedger } from '../../../stores/ledger/speed-ledger.ts'
import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import { countedBy } from '../../stores/warehouse/pieces.ts'
import { type BatchStage, changedDefinitions, definitions, sequence, shardA, shardB } from './batch-stage.ts'
import { overriding } from './overriding.ts'

const shops = ['mitte', 'west', '', null, "it's", 'ost', 'mitte', 'nord']

/** Speed rows counted again from the archive: exact schedules, on a warehouse or on its twin. */
export const replaySchedules = (start: () => Promise<BatchStage>): void => {
  let stage: BatchStage
  let writer: TableWriter
  beforeAll(async () => {
    stage = await start()
  })
  beforeEach(async () => {
    await stage.reset()
    writer = stage.writer()
  })
  afterAll(() => stage.stop())

  const expectTruth = async (): Promise<void> => {
    for (const name of Object.keys(definitions)) expect(await stage.answered(name)).toEqual(await stage.expected(name))
  }
  /** A micro-batch by a writer that remembers registers, archived. */
  const microBatch = async (count: number, shardId = shardA): Promise<void> => {
    const made = Array.from({ length: count }, () => {
      const place = stage.stream.get(shardId)?.length ?? 0
      return stage.produce(shardId, {
        shop: shops[place % shops.length] ?? null,
        express: place % 3 === 0,
        amount: `${place}.25`,
        items: place % 5 === 0 ? null : place,
      })
    })
    await stage.archiveRecords(made)
    await writer.write(shardId, made)
  }
  const ends = () => stage.speedLedger().ends(shardA, '', sequence(99))
  /** Puts other rows in place of those above one place and up to another, as by hand. */
  const tamper = async (from: number, to: number, cells: readonly Cell[]): Promise<void> => {
    const ledger = stage.speedLedger()
    await ledger.replace(await ledger.position(shardA), {
      shardId: shardA,
      from: sequence(from),
      to: sequence(to),
      parts: [{ edge: sequence(to), cells: countedBy(stage, cells) }],
      exclusions: 0,
      restores: false,
    })
  }
  const wrong: Cell = {
    metric: 'sales',
    bucket: Date.parse('2026-01-02T10:00:00Z'),
    dims: ['mitte', 'true'],
    components: new Map([['count', { op: 'sum', value: 1000 }]]),
  }
  const live = async (): Promise<string> => (await stage.ledger.control()).liveDatasetId
  /** The batch, but that something happens once before a chunk is replaced. */
  const before = (happens: () => Promise<unknown>): Batch => {
    const { batch } = stage
    let happened = false
    const replace: SpeedLedger['replace'] = async (known, replacement) => {
      if (!happened) {
        happened = true
        await happens()
      }
      return batch.speedLedger.replace(known, replacement)
    }
    return { ...batch, speedLedger: overriding(batch.speedLedger, { replace }) }
  }

  it('changes no answer at any moment, where all was right', async () => {
    for (const count of [3, 2, 4, 1]) await microBatch(count)
    await microBatch(3, shardB)
    await stage.recompute()
    for (const count of [2, 3, 1, 2]) await microBatch(count)
    await expectTruth()
    const edgesBefore = await ends()
    expect(await stage.replay(shardA, 3, expectTruth)).toBeGreaterThan(1)
    await stage.replay(shardB, 3, expectTruth)
    expect(await ends()).toEqual(edgesBefore)
    await microBatch(3)
    await expectTruth()
  })

  it('heals rows that are wrong, missing and too many, above the mark and in each part of the stretch', async () => {
    await microBatch(4)
    await stage.recompute()
    for (const count of [2, 3, 3]) await microBatch(count)
    await tamper(4, 6, [])
    await tamper(6, 9, [wrong])
    expect(await stage.answered('sales')).not.toEqual(await stage.expected('sales'))
    await stage.replay(shardA, 2)
    await expectTruth()
  })

  it('reads records that redeliveries archived twice and with other bounds once', async () => {
    for (const count of [2, 3, 3, 2]) await microBatch(count)
    const all = stage.stream.get(shardA) ?? []
    await stage.archiveRecords(all.slice(1, 6))
    await stage.archiveRecords(all.slice(4))
    await stage.archiveRecords(all.slice(6, 9))
    for (const maxRecords of [1, 2, 3, 5]) {
      await stage.replay(shardA, maxRecords)
      await expectTruth()
    }
  })

  it('leaves out what a producer sent again, though the first stands in another chunk or below the mark', async () => {
    const twin = (id: string) => [stage.produce(shardA, { id, shop: 'ost' }), stage.produce(shardA)]
    const write = async (records: readonly RawRecord[]): Promise<void> => {
      await stage.archiveRecords(records)
      await writer.write(shardA, records)
    }
    await write([...twin('a'), ...twin('b')])
    await stage.recompute()
    await write(twin('a'))
    for (const id of ['c', 'b', 'c', 'a', 'c']) await write(twin(id))
    await expectTruth()
    for (const maxRecords of [1, 3, 100]) await stage.replay(shardA, maxRecords, expectTruth)
  })

  it('a rollback to a mark inside what was replayed splits no rows', async () => {
    stage.speedRetentionMs = 86_400_000
    for (const count of [2, 2]) await microBatch(count)
    const first = (await stage.recompute()).datasetId
    for (const count of [2, 2, 2]) await microBatch(count)
    await stage.recompute()
    await microBatch(2)
    await stage.replay(shardA, 100)
    for (let times = 0; times < 2; times++) {
      await stage.step({ step: 'rollback' })
      await expectTruth()
      await stage.replay(shardA, 100)
      await expectTruth()
    }
    await stage.recompute()
    await expectTruth()
    await stage.recompute({ reloadDatasetId: first })
    expect(await live()).toBe(first)
    await expectTruth()
  })

  it('a seal whose mark was drawn before the replay and is registered after it stands at an edge all the same', async () => {
    for (const count of [2, 2]) await microBatch(count)
    const records = [stage.produce(shardA), stage.produce(shardA)]
    await writer.write(shardA, records)
    const { batch } = stage
    const register: DatasetLedger['register'] = async (dataset) => {
      await stage.archiveRecords(records)
      await stage.replay(shardA, 100)
      await batch.ledger.register(dataset)
    }
    const ledger = overriding(batch.ledger, { register })
    const request = { executionName: 'late', startedAt: '2026-01-03T09:00:00Z', full: false, promote: true }
    await runStep({ ...batch, ledger }, { step: 'seal', ...request, reloadDatasetId: null })
    await stage.recompute({ executionName: 'late' })
    await expectTruth()
  })

  it('a writer that is running fails whole, reads the position again, and goes on', async () => {
    await microBatch(3)
    const more = [stage.produce(shardA, { shop: 'west' }), stage.produce(shardA, { shop: 'süd' })]
    const commit = await stage.speedLedger().position(shardA)
    await stage.replay(shardA, 100)
    const zombie = { shardId: shardA, cells: [], edge: sequence(5), committedAt: stage.now }
    await expect(stage.speedLedger().commit(commit, zombie)).rejects.toThrow(TransactionFailed)
    await writer.write(shardA, more)
    await expectTruth()
  })

  it('a chunk that comes second after a micro-batch is tried again', async () => {
    for (const count of [2, 2]) await microBatch(count)
    await tamper(0, 4, [wrong])
    const request = { step: 'replay', shardId: shardA, reached: null } as const
    await runStep(
      before(() => microBatch(3)),
      request,
    )
    await stage.replay(shardA, 100)
    await expectTruth()
  })

  it('writers, their zombies and replays at once leave the truth', async () => {
    await microBatch(3)
    await stage.recompute()
    await microBatch(3)
    const zombie = stage.writer()
    await Promise.all([
      stage.replay(shardA, 2),
      stage.replay(shardA, 3),
      (async () => {
        for (let made = 0; made < 6; made++) await microBatch(2)
      })(),
      (async () => {
        for (let tries = 0; tries < 4; tries++) await zombie.write(shardA, stage.stream.get(shardA) ?? []).catch(String)
      })(),
    ])
    await expectTruth()
    await stage.replay(shardA, 4)
    await expectTruth()
  })

  it('a replay that was killed between its chunks is begun again', async () => {
    for (const count of [2, 2, 2, 2]) await microBatch(count)
    await tamper(0, 8, [wrong])
    const step = { step: 'replay', shardId: shardA, reached: null, maxRecords: 2 } as const
    expect(await stage.step<ReplayProgress>(step)).toMatchObject({ done: false })
    await microBatch(1)
    await stage.replay(shardA, 2)
    await expectTruth()
  })

  it('goes on only from an edge, and only in a shard that there is', async () => {
    for (const count of [2, 2]) await microBatch(count)
    const step = { step: 'replay', shardId: shardA } as const
    for (const reached of [sequence(3), sequence(9), 'x'])
      expect(await stage.step({ ...step, reached })).toMatchObject({ problem: { code: 'not_an_edge' } })
    expect(await stage.step({ step: 'replay', shardId: 'none', reached: null })).toMatchObject({
      problem: { code: 'unknown_shard' },
    })
    await expectTruth()
  })

  it('counts by the model that is deployed, and ends no refusal too early', async () => {
    for (const count of [2, 2]) await microBatch(count)
    await stage.recompute()
    await microBatch(3)
    await stage.deploy(changedDefinitions)
    await stage.replay(shardA, 100)
    await expect(stage.answered('sales')).rejects.toThrow('was defined anew')
    expect(await stage.answered('turnover')).toEqual(await stage.expected('turnover'))
    await stage.recompute()
    await expectTruth()
  })

  describe('beside what is served', () => {
    const write = async (name: string, maxRecords = 2, between: () => Promise<unknown> = async () => null) => {
      for (;;) {
        const { done } = await stage.step<{ done: boolean }>({ step: 'writeOutput', name, maxRecords })
        if (done) return
        await between()
      }
    }
    const begin = (name: string) => stage.step<{ shards: OutputShard[] }>({ step: 'beginOutput', name })
    const compare = async (name: string): Promise<OutputDifference[]> => {
      const { buckets } = await stage.step<{ buckets: OutputDifference[] }>({ step: 'compareOutput', name })
      return buckets
    }
    const swap = (name: string) => stage.step({ step: 'swapOutput', name })
    const differing = async (name: string): Promise<unknown[]> =>
      (await compare(name))
        .filter((one) => rowsDiffering(one) > 0)
        .map(({ metric, rowsChanged, rowsMissing, rowsExtra }) => [metric, rowsChanged, rowsMissing, rowsExtra])
    /** Three micro-batches above a mark, the last two of them wrong. */
    const wrongRows = async (): Promise<void> => {
      await microBatch(3)
      await microBatch(2, shardB)
      await stage.recompute()
      for (const count of [2, 2, 2]) await microBatch(count)
      await microBatch(2, shardB)
      await tamper(5, 9, [wrong])
    }

    it('an output changes no answer until it is swapped, and heals then', async () => {
      await wrongRows()
      const answered = await stage.answered('sales')
      expect((await begin('second')).shards).toMatchObject([
        { name: 'second', shardId: shardA, from: sequence(3), to: sequence(9), reached: sequence(9) },
        { name: 'second', shardId: shardB, from: sequence(2), to: sequence(4), reached: sequence(4) },
      ])
      await write('second')
      expect(await stage.answered('sales')).toEqual(answered)
      await microBatch(2)
      expect(await swap('second')).toEqual({ swapped: [shardA, shardB] })
      await expectTruth()
      await microBatch(2)
      await expectTruth()
      expect(await stage.step({ step: 'outputs' })).toEqual({ outputs: [] })
    })

    it('is compared by metric and bucket', async () => {
      await microBatch(2)
      await stage.recompute()
      await microBatch(3)
      await begin('right')
      await write('right')
      expect(await differing('right')).toEqual([])
      expect((await compare('right')).map(({ metric }) => metric)).toContain('turnover')
      await tamper(2, 5, [wrong])
      const wrongSales = (await differing('right')).find((each) => (each as unknown[])[0] === 'sales')
      expect(wrongSales).toEqual(['sales', 0, 3, 1])
    })

    it('swapped twice, at once and beside a writer, it takes their place once', async () => {
      await wrongRows()
      await begin('once')
      await write('once')
      await Promise.allSettled([swap('once'), swap('once'), microBatch(2), microBatch(1, shardB)])
      await swap('once')
      await expectTruth()
    })

    it('written by two at once, it holds each row once', async () => {
      await wrongRows()
      await begin('both')
      await Promise.allSettled([write('both', 1), write('both', 2), write('both', 3)])
      await write('both')
      await swap('both')
      await expectTruth()
    })

    it('is not swapped before it is whole, nor once it was dropped meanwhile', async () => {
      await wrongRows()
      await begin('half')
      await stage.step({ step: 'writeOutput', name: 'half', maxRecords: 2 })
      expect(await swap('half')).toMatchObject({ problem: { code: 'output_unfinished' } })
      await write('half')
      const answered = await stage.answered('sales')
      const { batch } = stage
      const outputs = overriding(batch.outputs, {
        swap: async (known, shard) => {
          await batch.outputs.drop(shard.outputId)
          await batch.outputs.swap(known, shard)
        },
      })
      expect(await runStep({ ...batch, outputs }, { step: 'swapOutput', name: 'half' })).toEqual({ swapped: [] })
      expect(await stage.answered('sales')).toEqual(answered)
      expect(await swap('half')).toMatchObject({ problem: { code: 'unknown_output' } })
    })

    it('dropped, and begun anew in the same moment, it takes nothing of a step that still writes to the first', async () => {
      await wrongRows()
      const exclusion = { eventType: 'sale', from: null, to: null, fields: { shop: 'mitte' }, eventIds: null }
      await begin('again')
      const { batch } = stage
      const outputs = overriding(batch.outputs, {
        add: async (shard, rows) => {
          await batch.outputs.drop(shard.outputId)
          await stage.step({ step: 'exclude', requestId: 'request-again', exclusion, reason: 'wrong', by: 'me' })
          expect((await begin('again')).shards[0]?.begunAt).toBe(shard.begunAt)
          await batch.outputs.add(shard, rows)
        },
      })
      await runStep({ ...batch, outputs }, { step: 'writeOutput', name: 'again', maxRecords: 2 })
      await write('again')
      expect(await swap('again')).toEqual({ swapped: [shardA, shardB] })
      await expectTruth()
    })

    it('is refused once rows below it were pruned, or another model is deployed', async () => {
      await wrongRows()
      await begin('old')
      await write('old')
      for (let dataset = 0; dataset < 2; dataset++) {
        await microBatch(1)
        await stage.recompute()
      }
      const refused = await stage.step<{ problem: { detail: string } }>({ step: 'swapOutput', name: 'old' })
      expect(refused.problem).toMatchObject({ code: 'output_outdated' })
      expect(refused.problem.detail).toContain('are pruned up to')
      expect(await stage.step({ step: 'dropOutput', name: 'old' })).toEqual({ dropped: 'old' })
      await microBatch(1)
      await begin('older-model')
      await write('older-model')
      await stage.deploy(changedDefinitions)
      expect(await swap('older-model')).toMatchObject({ problem: { code: 'output_outdated' } })
    })

    it('has a name of its own, and something to hold', async () => {
      expect(await begin('Bad Name')).toMatchObject({ problem: { code: 'invalid_output_name' } })
      expect(await begin('none')).toMatchObject({ problem: { code: 'nothing_to_replay' } })
      await microBatch(2)
      const tried = await Promise.all([begin('same'), begin('same')])
      expect(tried.some((answer) => 'shards' in answer)).toBe(true)
      expect(await begin('same')).toMatchObject({ problem: { code: 'output_exists' } })
      expect(await swap('other')).toMatchObject({ problem: { code: 'unknown_output', allowed: ['same'] } })
      await write('same')
      await swap('same')
      await expectTruth()
    })
  })

  describe('where they were pruned', () => {
    /** Three datasets, the oldest in no slot, and speed rows pruned up to the second one's mark. */
    const history = async (): Promise<{ first: string; second: string; third: string }> => {
      const made: string[] = []
      for (let dataset = 0; dataset < 3; dataset++) {
        for (const count of [2, 3, 1]) await microBatch(count)
        await microBatch(2, shardB)
        made.push((await stage.recompute()).datasetId)
      }
      await microBatch(2)
      const [first = '', second = '', third = ''] = made
      return { first, second, third }
    }

    it('a rollback is refused, says how to go on, and goes through once they are rebuilt', async () => {
      const { first } = await history()
      const refused = await stage.step<{ problem: { detail: string } }>({ step: 'rollback', datasetId: first })
      expect(refused.problem).toMatchObject({ code: 'speed_rows_pruned' })
      expect(refused.problem.detail).toContain(`${sequence(12)} of ${shardA} are pruned`)
      expect(refused.problem.detail).toContain(`tidemark rollback ${first} --rebuild`)
      await stage.rollbackRebuilding(first, 2, expectTruth)
      expect(await live()).toBe(first)
      await expectTruth()
      expect(await stage.ledger.prunedTo()).toEqual({ [shardA]: sequence(6), [shardB]: sequence(2) })
    })

    it('rebuilt rows are split at every mark, so that each dataset between can be served again', async () => {
      const { first, second, third } = await history()
      await stage.rollbackRebuilding(first, 100)
      for (const dataset of [second, third, first]) {
        await stage.rollbackRebuilding(dataset, 100)
        expect(await live()).toBe(dataset)
        await expectTruth()
      }
    })

    it('is rebuilt from a shard whose start the dataset lacks', async () => {
      await microBatch(2)
      const first = (await stage.recompute()).datasetId
      for (let dataset = 0; dataset < 3; dataset++) {
        await microBatch(1)
        await microBatch(3, shardB)
        await stage.recompute()
      }
      expect((await stage.ledger.prunedTo())[shardB]).toBeDefined()
      await stage.rollbackRebuilding(first, 2, expectTruth)
      expect(await live()).toBe(first)
      await expectTruth()
      await microBatch(2, shardB)
      await stage.recompute()
      await expectTruth()
    })

    it('pruning in between removes no row that counts, and the rebuild goes on from what it left', async () => {
      const { first } = await history()
      await stage.step({ step: 'rebuild', datasetId: first })
      await stage.recompute({ reloadDatasetId: first, promote: false })
      const step = { step: 'rebuild', datasetId: first, maxRecords: 2 } as const
      expect(await stage.step<RebuildProgress>(step)).toMatchObject({ done: false })
      // Nothing but the slot keeps the rows: without it, prune takes them again.
      const control = await stage.ledger.control()
      await stage.ledger.prune(control, { [shardA]: sequence(12), [shardB]: sequence(4) })
      await expectTruth()
      expect(await stage.step({ step: 'rollback', datasetId: first })).toMatchObject({
        problem: { code: 'speed_rows_pruned' },
      })
      await stage.rollbackRebuilding(first, 2, expectTruth)
      expect(await live()).toBe(first)
      await expectTruth()
    })

    it('a chunk that comes second after pruning lowers nothing', async () => {
      const { first } = await history()
      await stage.recompute({ reloadDatasetId: first, promote: false })
      const further = { [shardA]: sequence(18) }
      const batch = before(async () => stage.ledger.prune(await stage.ledger.control(), further))
      const progress = await runStep(batch, { step: 'rebuild', datasetId: first, maxRecords: 2 })
      expect(progress).toMatchObject({ done: false, records: 0 })
      expect((await stage.ledger.prunedTo())[shardA]).toBe(sequence(18))
      await stage.rollbackRebuilding(first, 3, expectTruth)
      expect(await live()).toBe(first)
      await expectTruth()
    })

    it('two rebuilds at once rebuild each row once', async () => {
      const { first } = await history()
      await stage.recompute({ reloadDatasetId: first, promote: false })
      const loop = async (maxRecords: number): Promise<void> => {
        for (;;) {
          const progress = await stage.step<RebuildProgress>({ step: 'rebuild', datasetId: first, maxRecords })
          if (progress.done) return
        }
      }
      await Promise.all([loop(1), loop(2), loop(3)])
      await stage.step({ step: 'rollback', datasetId: first })
      expect(await live()).toBe(first)
      await expectTruth()
    })

    it('a dataset that lost its slot is named to be loaded again: nothing would keep its rows', async () => {
      const { first } = await history()
      expect(await stage.step({ step: 'rebuild', datasetId: first })).toEqual({ reload: first })
      expect(await stage.step({ step: 'rebuild', datasetId: 'ds-none' })).toMatchObject({
        problem: { code: 'unknown_dataset' },
      })
    })
  })
}
