import { entriesAt, newestRevision } from '../../../stores/ledger/exclusion-ledger.ts'
import { streamStart } from '../../../stores/ledger/speed-ledger.ts'
import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import { arrival, type BatchStage, sequence, shardA, shardB } from '../../localstack/tidemark/batch-stage.ts'
import { committed, metricOf, microBatch, positionIn, question } from './pieces.ts'

/** What every exclusion ledger does, and every speed ledger beside it. @param stageOf an empty stage */
export const exclusionLedgerContract = (stageOf: () => BatchStage): void => {
  const odd = "it's \\ 😀"
  const wanted = (requestId: string) => ({
    ...{ requestId, eventType: 'sale', definition: JSON.stringify({ fields: { shop: odd } }) },
    ...{ reason: odd, by: 'me', madeAt: arrival },
  })

  it('numbers what comes by one line of revisions, each once', async () => {
    const { exclusions } = stageOf().batch
    expect([await exclusions.entries(), await exclusions.inForce(), await exclusions.stretches()]).toEqual([[], 0, []])
    const made = await Promise.all(['a', 'b', 'c', 'a'].map((request) => exclusions.add(wanted(request))))
    expect([...new Set(made)].sort()).toEqual([1, 2, 3])
    expect(made[3]).toBe(made[0])
    const undoing = { reason: odd, by: 'you', at: arrival + 1500 }
    expect(await exclusions.undo(2, undoing)).toBe(4)
    expect(await exclusions.undo(2, { ...undoing, reason: 'again' })).toBe(4)
    expect(await exclusions.undo(9, undoing)).toBeNull()
    expect(await exclusions.add(wanted('d'))).toBe(5)
    const entries = await exclusions.entries()
    expect(entries.map(({ id }) => id)).toEqual([1, 2, 3, 5])
    expect(entries[1]).toMatchObject({
      ...{
        definition: JSON.stringify({ fields: { shop: odd } }),
        reason: odd,
        by: 'me',
        madeAt: '2026-01-03 00:00:00',
      },
      undone: { revision: 4, reason: odd, by: 'you', at: '2026-01-03 00:00:01.5' },
    })
    expect(newestRevision(entries)).toBe(5)
    expect([0, 2, 4, 5].map((revision) => entriesAt(entries, revision).length)).toEqual([0, 2, 2, 3])
  })

  it('never takes the revision in force back', async () => {
    const { exclusions } = stageOf().batch
    await Promise.all([2, 3, 1].map((revision) => exclusions.enforce(revision)))
    expect(await exclusions.inForce()).toBe(3)
  })

  it('notes the stretch that a revision begins in a shard, by compare-and-set', async () => {
    const stage = stageOf()
    const { exclusions } = stage.batch
    const ledger = stage.speedLedger()
    const stale = await positionIn(stage)
    const known = await committed(stage, 4, [])
    await expect(ledger.exclude(shardA, stale, 1)).rejects.toThrow(TransactionFailed)
    expect(await exclusions.stretches()).toEqual([])
    const moved = await ledger.exclude(shardA, known, 1)
    expect(moved).toEqual({ ...known, revision: 2, exclusions: 1 })
    expect(await positionIn(stage)).toEqual(moved)
    await expect(ledger.commit(known, microBatch(stage, 5, []))).rejects.toThrow(TransactionFailed)
    await ledger.commit(await ledger.exclude(shardA, moved, 2), microBatch(stage, 6, []))
    expect(await exclusions.stretches()).toEqual([{ shardId: shardA, above: sequence(4), revision: 2 }])
    const { snapshot } = await stage.states.read(question(metricOf(stage, 'sales')))
    expect(snapshot.exclusions).toEqual({ batch: null, speed: await exclusions.stretches() })
  })

  it('begins a new shard with what is in force', async () => {
    const stage = stageOf()
    await stage.batch.exclusions.enforce(3)
    expect(await positionIn(stage, shardB)).toMatchObject({ position: streamStart, exclusions: 3 })
    await positionIn(stage, shardB)
    expect(await stage.batch.exclusions.stretches()).toEqual([{ shardId: shardB, above: streamStart, revision: 3 }])
  })
}
