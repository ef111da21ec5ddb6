import type { SpeedPosition } from '../../../stores/ledger/speed-ledger.ts'
import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import { arrival, BatchStage, sequence, shardA } from './batch-stage.ts'

describe('cuts', () => {
  let stage: BatchStage

  beforeAll(async () => {
    stage = await BatchStage.start()
  }, 60_000)
  beforeEach(() => stage.reset())
  afterAll(() => stage.stop())

  const known = (): Promise<SpeedPosition> => stage.speedLedger().position(shardA, stage.model.data.version)
  const commitTo = (from: SpeedPosition, number: number): Promise<SpeedPosition> =>
    stage.speedLedger().commit(from, {
      shardId: shardA,
      cells: [],
      edge: sequence(number),
      modelVersion: stage.model.data.version,
      versions: new Map(),
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
})
