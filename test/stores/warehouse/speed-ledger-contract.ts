import type { MergedValue } from '../../../core/answer.ts'
import { type Replacement, streamStart } from '../../../stores/ledger/speed-ledger.ts'
import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import { type BatchStage, changedDefinitions, sequence, shardA, shardB } from '../../localstack/tidemark/batch-stage.ts'
import { cell, committed, countedBy, day, metricOf, microBatch, newDataset, positionIn, question } from './pieces.ts'

/** What every speed ledger does. @param stageOf an empty stage */
export const speedLedgerContract = (stageOf: () => BatchStage): void => {
  const one = (express = true) => cell('sales', day, ['mitte', String(express)], { count: 1 })
  const counted = async (stage: BatchStage): Promise<MergedValue> => {
    const { cells } = await stage.states.read(question(metricOf(stage, 'sales'), { per: null, by: [] }))
    return cells[0]?.value ?? 0n
  }

  /** What replaces the records above one place and up to another; without parts, by nothing. */
  const stretch = (from: number, to: number): Replacement => ({
    shardId: shardA,
    from: sequence(from),
    to: sequence(to),
    parts: [],
    exclusions: 0,
    restores: false,
  })

  it('makes one row of a shard that many come to at once', async () => {
    const stage = stageOf()
    const found = await Promise.all(Array.from({ length: 6 }, () => positionIn(stage)))
    expect(new Set(found.map((position) => JSON.stringify(position))).size).toBe(1)
    expect(found[0]).toEqual({
      position: streamStart,
      revision: 0,
      lineUp: stage.model.data.version,
      cuts: [],
      exclusions: 0,
    })
    expect(await stage.ledger.speedPositions()).toEqual({ [shardA]: streamStart })
  })

  it('commits rows, edge and position together', async () => {
    const stage = stageOf()
    const moved = await committed(stage, 3, [one()])
    expect(moved).toMatchObject({ position: sequence(3), revision: 1 })
    expect(await positionIn(stage)).toEqual(moved)
    expect(await stage.ledger.newestEdges({ [shardA]: sequence(9) })).toEqual({ [shardA]: sequence(3) })
    expect(await counted(stage)).toBe(1n)
    expect(await positionIn(stage)).toEqual(moved)
  })

  it('takes a micro-batch without rows', async () => {
    const stage = stageOf()
    await committed(stage, 2, [])
    expect(await stage.ledger.newestEdges({ [shardA]: sequence(2) })).toEqual({ [shardA]: sequence(2) })
    expect(await counted(stage)).toBe(0n)
  })

  it('lets one of many through that read the same position, and leaves nothing of the others', async () => {
    const stage = stageOf()
    const known = await positionIn(stage)
    const tried = await Promise.allSettled(
      [1, 2, 3, 4].map((edge) => stage.speedLedger().commit(known, microBatch(stage, edge, [one()]))),
    )
    const refused = tried.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
    expect(refused).toHaveLength(3)
    for (const reason of refused) expect(reason).toBeInstanceOf(TransactionFailed)
    expect(await counted(stage)).toBe(1n)
    const { position } = await positionIn(stage)
    expect(await stage.ledger.newestEdges({ [shardA]: sequence(9) })).toEqual({ [shardA]: position })
  })

  it('refuses what comes after the position moved, though it read before', async () => {
    const stage = stageOf()
    const stale = await positionIn(stage)
    await committed(stage, 5, [one()])
    await expect(stage.speedLedger().commit(stale, microBatch(stage, 6, [one()]))).rejects.toThrow(TransactionFailed)
    await expect(stage.speedLedger().addCut(shardA, stale, sequence(8))).rejects.toThrow(TransactionFailed)
    expect(await counted(stage)).toBe(1n)
  })

  it('keeps shards apart', async () => {
    const stage = stageOf()
    await Promise.all([positionIn(stage), positionIn(stage, shardB)])
    await Promise.all([committed(stage, 1, [one()]), committed(stage, 1, [one()], shardB)])
    expect(await counted(stage)).toBe(2n)
  })

  it('holds cuts until they are passed, each by compare-and-set', async () => {
    const stage = stageOf()
    const ledger = stage.speedLedger()
    const read = await positionIn(stage)
    const cut = await ledger.addCut(shardA, read, sequence(7))
    const both = await ledger.addCut(shardA, cut, sequence(3))
    expect(both).toEqual({ ...read, revision: 2, cuts: [sequence(3), sequence(7)] })
    expect(await positionIn(stage)).toEqual(both)
    expect(await ledger.addCut(shardA, both, sequence(3))).toBe(both)
    await expect(ledger.addCut(shardA, read, sequence(4))).rejects.toThrow(TransactionFailed)
    await expect(ledger.commit(read, microBatch(stage, 2, [one()]))).rejects.toThrow(TransactionFailed)
    const passed = await ledger.commit(both, microBatch(stage, 3, [one()]))
    expect(passed.cuts).toEqual([sequence(7)])
    expect(await positionIn(stage)).toEqual(passed)
    await expect(ledger.addCut(shardA, passed, sequence(3))).rejects.toThrow("can't be cut")
  })

  it('replaces a stretch of one shard: its rows alone, its edges not, and who read before comes too late', async () => {
    const stage = stageOf()
    const ledger = stage.speedLedger()
    for (const edge of [2, 4, 6]) await committed(stage, edge, [one()])
    await committed(stage, 4, [one()], shardB)
    const known = await positionIn(stage)
    const replaced = await ledger.replace(known, {
      ...stretch(2, 6),
      parts: [
        { edge: sequence(4), cells: countedBy(stage, [cell('sales', day, ['mitte', 'true'], { count: 10 })]) },
        { edge: sequence(6), cells: countedBy(stage, [one(), cell('sales', day, [null, ''], { count: 100 })]) },
      ],
    })
    expect(replaced).toEqual({ ...known, revision: known.revision + 1 })
    expect(await positionIn(stage)).toEqual(replaced)
    expect(await counted(stage)).toBe(1n + 111n + 1n)
    expect(await ledger.ends(shardA, '', sequence(9))).toEqual([2, 4, 6].map(sequence))
    await expect(ledger.commit(known, microBatch(stage, 8, [one()]))).rejects.toThrow(TransactionFailed)
    await expect(ledger.replace(known, stretch(0, 6))).rejects.toThrow(TransactionFailed)
    expect(await counted(stage)).toBe(113n)
    await ledger.replace(replaced, stretch(0, 6))
    expect(await counted(stage)).toBe(1n)
    await ledger.commit(await positionIn(stage), microBatch(stage, 8, [one()]))
    expect(await counted(stage)).toBe(2n)
  })

  it('replaces nothing above the position, and nothing in a stretch that is none', async () => {
    const stage = stageOf()
    const known = await committed(stage, 4, [one()])
    for (const [from, to] of [
      [0, 5],
      [4, 4],
    ] as const)
      await expect(stage.speedLedger().replace(known, stretch(from, to))).rejects.toThrow("can't be replaced")
    expect(await positionIn(stage)).toEqual(known)
  })

  it('restores what was pruned exactly where it stands pruned', async () => {
    const stage = stageOf()
    const { ledger } = stage
    for (const edge of [2, 4, 6]) await committed(stage, edge, [one()])
    await ledger.prune(await ledger.control(), { [shardA]: sequence(4) })
    const parts = [{ edge: sequence(4), cells: countedBy(stage, [one()]) }]
    const restore = async (from: number, to: number): Promise<unknown> =>
      stage.speedLedger().replace(await positionIn(stage), { ...stretch(from, to), parts, restores: true })
    await expect(restore(1, 3)).rejects.toThrow(TransactionFailed)
    expect(await counted(stage)).toBe(1n)
    await restore(3, 4)
    expect(await ledger.prunedTo()).toEqual({ [shardA]: sequence(3) })
    expect(await counted(stage)).toBe(2n)
    await expect(restore(3, 4)).rejects.toThrow(TransactionFailed)
    expect(await counted(stage)).toBe(2n)
  })

  it('knows where speed rows may be split: at edges and at the marks of every dataset', async () => {
    const stage = stageOf()
    for (const edge of [2, 4, 6]) await committed(stage, edge, [one()])
    await committed(stage, 5, [one()], shardB)
    await stage.ledger.register(newDataset(stage, 'ds-1', { [shardA]: 3, [shardB]: 1 }))
    await stage.ledger.register(newDataset(stage, 'ds-2', { [shardA]: 4 }))
    const ends = async (from: number, to: number): Promise<string[]> =>
      stage.speedLedger().ends(shardA, sequence(from), sequence(to))
    expect(await ends(0, 9)).toEqual([2, 3, 4, 6].map(sequence))
    expect(await ends(2, 4)).toEqual([3, 4].map(sequence))
    expect(await stage.speedLedger().ends(shardB, '', sequence(5))).toEqual([1, 5].map(sequence))
  })

  it('notes where a new version of a metric begins', async () => {
    const stage = stageOf()
    const older = stage.model.data.version
    await committed(stage, 4, [one()])
    await positionIn(stage, shardB)
    expect(await stage.ledger.shardsBesides(older)).toEqual([])
    await stage.deploy(changedDefinitions)
    const version = stage.model.data.version
    const switched = await positionIn(stage)
    expect(switched).toMatchObject({ position: sequence(4), revision: 2, lineUp: `${version}+${older}` })
    expect(await stage.ledger.shardsBesides(`${version}+${older}`)).toEqual([shardB])
    expect(await stage.ledger.shardsBesides(older)).toEqual([shardA])
    expect(await stage.ledger.shardsBesides(version)).toEqual([shardA, shardB].sort())
    expect(await stage.ledger.versionEdges(version)).toEqual({ [shardA]: sequence(4) })
    expect(await stage.ledger.versionEdges(older)).toEqual({})
    await positionIn(stage, shardB)
    expect(await stage.ledger.versionEdges(version)).toEqual({ [shardA]: sequence(4) })
  })
}
