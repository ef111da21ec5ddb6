import type { RawRecord } from '../../../core/record.ts'
import type { Run } from '../../../lambdas/batch/run.ts'
import { seal } from '../../../lambdas/batch/seal.ts'
import type { SpeedLedger, SpeedPosition } from '../../../stores/ledger/speed-ledger.ts'
import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import { arrival, BatchStage, changedDefinitions, definitions, sequence, shardA, shardB } from './batch-stage.ts'
import { overriding } from './overriding.ts'

const signal = () => {
  let give: () => void = () => undefined
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  return { given, give: () => give() }
}

describe('cuts', () => {
  let stage: BatchStage

  beforeAll(async () => {
    stage = await BatchStage.start()
  })
  beforeEach(() => stage.reset())
  afterAll(() => stage.stop())

  const known = (): Promise<SpeedPosition> => stage.speedLedger().position(shardA)
  const commitTo = (from: SpeedPosition, number: number): Promise<SpeedPosition> =>
    stage.speedLedger().commit(from, {
      shardId: shardA,
      cells: [],
      edge: sequence(number),
      committedAt: arrival,
    })

  it('stand in the position row until they are passed', async () => {
    const ledger = stage.speedLedger()
    expect(await known()).toMatchObject({ cuts: [], exclusions: 0 })
    const one = await ledger.addCut(shardA, await known(), sequence(7))
    const two = await ledger.addCut(shardA, one, sequence(3))
    expect(two.cuts).toEqual([sequence(3), sequence(7)])
    expect(await known()).toEqual(two)
    expect(await ledger.addCut(shardA, two, sequence(3))).toBe(two)
    const passed = await commitTo(two, 3)
    expect(passed.cuts).toEqual([sequence(7)])
    expect(await known()).toEqual(passed)
    await expect(ledger.addCut(shardA, passed, sequence(3))).rejects.toThrow("can't be cut")
  })

  it('move the revision, so that a commit on its way fails whole, and so does a cut that comes second', async () => {
    const read = await known()
    await stage.speedLedger().addCut(shardA, read, sequence(1))
    await expect(commitTo(read, 2)).rejects.toThrow(TransactionFailed)
    await expect(stage.speedLedger().addCut(shardA, read, sequence(2))).rejects.toThrow(TransactionFailed)
    expect(await known()).toMatchObject({ cuts: [sequence(1)], position: sequence(0) })
  })

  const expectTruth = async (): Promise<void> => {
    for (const name of Object.keys(definitions)) expect(await stage.answered(name)).toEqual(await stage.expected(name))
  }
  const sales = async (): Promise<number> => Number((await stage.ask('sales', { per: 'total' })).rows[0]?.value ?? 0)
  const edges = async (): Promise<unknown[]> =>
    (await stage.local.rows('SELECT edge FROM ledger.speed_edge ORDER BY edge')).map(([edge]) => Number(edge))
  const produce = (count: number): RawRecord[] => Array.from({ length: count }, () => stage.produce(shardA))
  /** The shard's records so far, archived but not counted by the speed table. */
  const archived = async (count: number): Promise<readonly RawRecord[]> => {
    await stage.archiveRecords(produce(count))
    return stage.stream.get(shardA) ?? []
  }
  /** Holds the writer's commit back until it is let go, as where an invocation was frozen. */
  const heldWriter = () => {
    const ledger = stage.speedLedger()
    const [gate, reached] = [signal(), signal()]
    const commit: SpeedLedger['commit'] = async (...of) => {
      reached.give()
      await gate.given
      return ledger.commit(...of)
    }
    const held = overriding(ledger, { commit })
    const writer = stage.writer(held)
    return { writer, reached: reached.given, letGo: gate.give }
  }

  it('let batch go on where the speed table stands still, and stay right as it catches up', async () => {
    const records = await archived(6)
    stage.maxDrift = 0
    const run = await stage.recompute()
    expect(run).toMatchObject({ next: 'promote', behind: [shardA] })
    expect(await stage.ledger.marks(run.datasetId)).toEqual({ [shardA]: sequence(6) })
    const answer = await stage.ask('sales', { per: 'total' })
    expect(answer.rows).toMatchObject([{ value: 6 }])
    expect(answer.receipt).toMatchObject({ positions: { [shardA]: sequence(6) }, tidemark: { [shardA]: sequence(6) } })
    produce(2)
    const all = stage.stream.get(shardA) ?? []
    await stage.writer().write(shardA, records.slice(0, 4))
    expect(await sales()).toBe(6)
    await stage.writer().write(shardA, all)
    expect(await edges()).toEqual([4, 6, 8])
    expect((await known()).cuts).toEqual([])
    expect(await sales()).toBe(8)
    await expectTruth()
    // Level again: now drift would hold the promotion.
    await stage.archiveRecords(all)
    expect(await stage.recompute()).toMatchObject({ next: 'promote', behind: [], drift: 0 })
    await expectTruth()
  })

  it('a micro-batch on its way when the cut is made fails whole, and comes again in two', async () => {
    await stage.archiveRecords(produce(1))
    const [first, second] = [stage.stream.get(shardA)?.[0], stage.produce(shardA)]
    if (first === undefined) throw new Error('nothing was produced')
    const { writer, reached, letGo } = heldWriter()
    const writing = writer.write(shardA, [first, second])
    await reached
    const run = await stage.seal()
    expect(await stage.ledger.marks(run.datasetId)).toEqual({ [shardA]: sequence(1) })
    letGo()
    await writing
    expect(await edges()).toEqual([1, 2])
    await finish(run)
    expect(await sales()).toBe(2)
    await expectTruth()
  })

  it('a second seal adds its cut to the first, whose dataset can still be returned to', async () => {
    const records = await archived(1)
    const first = await stage.recompute()
    await archived(1)
    const second = await stage.recompute()
    expect((await known()).cuts).toEqual([sequence(1), sequence(2)])
    await stage.writer().write(shardA, [...records, ...(stage.stream.get(shardA) ?? [])])
    expect(await edges()).toEqual([1, 2])
    expect(await sales()).toBe(2)
    await stage.step({ step: 'rollback', datasetId: first.datasetId })
    expect((await stage.ask('sales', {})).receipt.tidemark).toEqual({ [shardA]: sequence(1) })
    expect(await sales()).toBe(2)
    await expectTruth()
    await stage.step({ step: 'rollback', datasetId: second.datasetId })
    await expectTruth()
  })

  it('a rollback while the speed table still lags answers up to the older mark, and says so', async () => {
    await archived(2)
    const first = await stage.recompute()
    await archived(3)
    await stage.recompute()
    expect(await sales()).toBe(5)
    await stage.step({ step: 'rollback', datasetId: first.datasetId })
    expect(await sales()).toBe(2)
    expect((await stage.ask('sales', {})).receipt.positions).toEqual({ [shardA]: sequence(2) })
    await stage.writer().write(shardA, stage.stream.get(shardA) ?? [])
    expect(await edges()).toEqual([2, 5])
    expect(await sales()).toBe(5)
    await expectTruth()
  })

  it('a cut that the speed table overtakes is drawn again from its edges', async () => {
    const records = await archived(3)
    const ledger = stage.speedLedger()
    let overtaken = 0
    const addCut: SpeedLedger['addCut'] = async (...of) => {
      overtaken++
      await stage.writer().write(shardA, [...records.slice(0, 2)])
      await stage.writer().write(shardA, [...records, stage.produce(shardA)])
      return ledger.addCut(...of)
    }
    const speedLedger = overriding(ledger, { addCut })
    const run = await seal({ ...stage.batch, speedLedger }, sealRequest)
    expect(overtaken).toBe(1)
    expect(await stage.ledger.marks(run.datasetId)).toEqual({ [shardA]: sequence(2) })
    expect((await known()).cuts).toEqual([])
    await finish(run)
    await expectTruth()
  })

  it('two seals at once draw marks that both hold, whichever is promoted last', async () => {
    const records = await archived(4)
    const runs = await Promise.all([stage.seal(), stage.seal()])
    for (const { datasetId } of runs) expect(await stage.ledger.marks(datasetId)).toEqual({ [shardA]: sequence(4) })
    expect((await known()).cuts).toEqual([sequence(4)])
    await stage.writer().write(shardA, [...records, stage.produce(shardA)])
    for (const run of runs.toReversed()) await finish(run)
    expect(await edges()).toEqual([4, 5])
    await expectTruth()
  })

  it('a shard that is stuck with an older model goes on in batch under the new one', async () => {
    await stage.settle()
    produce(2)
    await stage.settle()
    await stage.recompute()
    const old = stage.writer()
    await old.write(shardA, stage.stream.get(shardA) ?? [])
    await archived(3)
    await stage.deploy(changedDefinitions)
    const run = await stage.recompute()
    expect(run).toMatchObject({ next: 'promote', behind: [shardA] })
    expect((await stage.ledger.dataset(run.datasetId))?.kind).toBe('full')
    expect(await sales()).toBe(5)
    await expectTruth()
    const all = stage.stream.get(shardA) ?? []
    // A function that began before the deploy counts by what the ledger says, as the newer one does.
    await old.write(shardA, all)
    await stage.writer().write(shardA, [...all, stage.produce(shardA)])
    expect(await edges()).toEqual([2, 5, 6])
    await expectTruth()
  })

  it('a shard that the speed table never saw is marked too, its child only with it', async () => {
    await archived(2)
    const child = shardB
    stage.produce(child)
    stage.shards.find(({ shardId }) => shardId === child)?.parentShardIds.push(shardA)
    await stage.archiveRecords(stage.stream.get(child) ?? [])
    const run = await stage.recompute()
    expect(await stage.ledger.marks(run.datasetId)).toEqual({ [shardA]: sequence(2), [child]: sequence(1) })
    expect(await sales()).toBe(3)
    await stage.settle()
    expect(await sales()).toBe(3)
    await expectTruth()
  })

  it('a speed table that lost records by their expiry spans no mark either', async () => {
    const records = await archived(4)
    await stage.recompute()
    await stage.writer().write(shardA, records.slice(0, 2))
    await stage.writer().write(shardA, [stage.produce(shardA)])
    expect(await known()).toMatchObject({ position: sequence(5), cuts: [] })
    expect(await sales()).toBe(5)
    await expectTruth()
  })

  const sealRequest = {
    executionName: 'by-hand',
    startedAt: new Date(arrival).toISOString(),
    full: false,
    promote: true,
    reloadDatasetId: null,
  }
  const finish = async (sealed: Run): Promise<Run> => {
    let run = sealed
    for (const step of ['startRecompute', 'pollRecompute', 'startLoad', 'pollLoad', 'compare', 'promote'] as const) {
      do run = await stage.step({ step, run })
      while (step === 'pollLoad' && run.loadDone !== true)
    }
    return run
  }
})
