import type { SpeedLedger, SpeedPosition } from '../../../stores/ledger/speed-ledger.ts'
import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import { type BatchStage, sequence, shardA } from '../../localstack/tidemark/batch-stage.ts'
import type { Fates } from '../fates.ts'
import { cell, day, metricOf, microBatch, positionIn, question } from './pieces.ts'

export interface CutLedger {
  readonly ledger: SpeedLedger
  /** Of the commits to come; all else goes through. */
  readonly fates: Pick<Fates, 'meet' | 'met'>
  stop(): Promise<void>
}

/** What every speed ledger does where connections are cut. @param stageOf an empty stage @param cut its ledger */
export const cutLedgerContract = (stageOf: () => BatchStage, cut: (stage: BatchStage) => Promise<CutLedger>): void => {
  let stage: BatchStage
  let over: CutLedger
  let known: SpeedPosition
  beforeEach(async () => {
    stage = stageOf()
    over = await cut(stage)
    known = await positionIn(stage)
  })
  afterEach(() => over.stop())

  const counted = async (): Promise<number> => {
    const { cells } = await stage.states.read(question(metricOf(stage, 'sales'), { per: null, by: [] }))
    return Number(cells[0]?.value ?? 0)
  }
  const batch = () => microBatch(stage, 3, [cell('sales', day, ['mitte', 'true'], { count: 3 })])

  it('holds a commit whose answer is lost, once, and refuses it to whoever brings it again', async () => {
    over.fates.meet('answer lost')
    await expect(over.ledger.commit(known, batch())).rejects.not.toBeInstanceOf(TransactionFailed)
    expect(over.fates.met).toBeGreaterThan(1)
    expect(await positionIn(stage)).toMatchObject({ position: sequence(3), revision: 1 })
    expect(await counted()).toBe(3)
    over.fates.meet('through')
    for (const ledger of [over.ledger, stage.speedLedger()])
      await expect(ledger.commit(known, batch())).rejects.toThrow(TransactionFailed)
    expect(await counted()).toBe(3)
  })

  it('holds nothing of a commit that is cut off, which may come again', async () => {
    over.fates.meet('cut before')
    await expect(over.ledger.commit(known, batch())).rejects.toThrow()
    expect(await positionIn(stage)).toEqual(known)
    expect(await counted()).toBe(0)
    over.fates.meet('through')
    expect(await over.ledger.commit(known, batch())).toMatchObject({ position: sequence(3), revision: 1 })
    expect(await counted()).toBe(3)
  })

  it('answers as it first did where the client sends a commit again by itself, well or not', async () => {
    over.fates.meet('answer lost', 'cut before', 'through')
    expect(await over.ledger.commit(known, batch())).toMatchObject({ position: sequence(3), revision: 1 })
    expect(over.fates.met).toBe(3)
    expect(await counted()).toBe(3)
    over.fates.meet('answer lost', 'through')
    await expect(over.ledger.commit(known, batch())).rejects.toThrow(TransactionFailed)
    expect(over.fates.met).toBe(2)
    expect(await counted()).toBe(3)
  })

  it.each(['it', 'another'])('has a writer fail, and counts once what %s writes again', async (who) => {
    const records = Array.from({ length: 6 }, () => stage.produce(shardA))
    const writer = stage.writer(over.ledger)
    const again = () => (who === 'it' ? writer : stage.writer())
    await writer.write(shardA, records.slice(0, 2))
    over.fates.meet('cut before')
    await expect(writer.write(shardA, records.slice(1, 4))).rejects.toThrow()
    expect(await counted()).toBe(2)
    over.fates.meet('answer lost')
    await expect(writer.write(shardA, records.slice(1, 4))).rejects.toThrow()
    expect(await counted()).toBe(4)
    over.fates.meet('through')
    expect(await again().write(shardA, records.slice(1))).toMatchObject({
      records: 5,
      alreadyCounted: 3,
      duplicates: 0,
    })
    expect(await again().write(shardA, records)).toMatchObject({ alreadyCounted: 6 })
    expect(await counted()).toBe(6)
  })
}
