import { type Control, type DatasetState, mayFollow, type Parity } from '../../../stores/ledger/dataset.ts'
import { TransactionFailed } from '../../../stores/warehouse/warehouse.ts'
import { arrival, type BatchStage, sequence, shardA, shardB } from '../../localstack/tidemark/batch-stage.ts'
import { cell, committed, day, metricOf, newDataset, question, serve } from './pieces.ts'

/** What every dataset ledger does. @param stageOf an empty stage */
export const datasetLedgerContract = (stageOf: () => BatchStage): void => {
  const one = () => cell('sales', day, ['mitte', 'true'], { count: 1 })

  it('begins with nothing served', async () => {
    const { ledger } = stageOf()
    const empty = { datasetId: '', state: 'empty' }
    expect(await ledger.control()).toEqual({ liveDatasetId: '', slots: { blue: empty, green: empty }, revision: 0 })
    expect(await ledger.datasets()).toEqual([])
    expect(await ledger.dataset('ds-1')).toBeNull()
    expect(await ledger.marks('')).toEqual({})
    expect(await ledger.prunedTo()).toEqual({})
    expect(await ledger.parity('ds-1')).toEqual([])
    expect(await ledger.newestEdges({})).toEqual({})
  })

  it('registers a dataset once, whoever else does', async () => {
    const stage = stageOf()
    const [first, second] = [newDataset(stage, 'ds-1', { [shardA]: 3 }), newDataset(stage, 'ds-1', { [shardA]: 9 })]
    await stage.ledger.register(first)
    await Promise.all([stage.ledger.register(second), stage.ledger.register(second)])
    expect(await stage.ledger.marks('ds-1')).toEqual({ [shardA]: sequence(3) })
    expect(await stage.ledger.datasets()).toEqual([
      {
        datasetId: 'ds-1',
        baseDatasetId: '',
        kind: 'full',
        exclusions: 0,
        modelVersion: stage.model.data.version,
        state: 'sealed',
        step: 'seal',
        reason: '',
        sealedAt: '2026-01-03 00:00:00',
        updatedAt: '2026-01-03 00:00:00',
      },
    ])
  })

  it('registers alone: not while another of its model is under way, unless that one is lost or of long ago', async () => {
    const stage = stageOf()
    const { ledger, model } = stage
    const alone = { modelVersion: model.data.version, sealedAfter: arrival - 1000, lost: [] }
    const dataset = (datasetId: string) => newDataset(stage, datasetId, { [shardA]: 3 })
    const held = async (): Promise<string[]> => (await ledger.datasets()).map(({ datasetId }) => datasetId).sort()
    await Promise.all(['ds-1', 'ds-2', 'ds-3'].map((datasetId) => ledger.register(dataset(datasetId), alone)))
    const [first = ''] = await held()
    expect(await held()).toHaveLength(1)
    expect(await ledger.marks(first)).toEqual({ [shardA]: sequence(3) })
    expect(await ledger.marks(first === 'ds-1' ? 'ds-2' : 'ds-1')).toEqual({})
    await ledger.setState(first, 'recomputed', 'recompute', arrival)
    await ledger.register(dataset('ds-4'), alone)
    expect(await held()).toEqual([first])
    await ledger.register(dataset('ds-5'), { ...alone, lost: [first] })
    await ledger.register(dataset('ds-6'), { ...alone, sealedAfter: arrival })
    await ledger.register(dataset('ds-7'), { ...alone, modelVersion: 'another' })
    expect(await held()).toEqual([first, 'ds-5', 'ds-6', 'ds-7'])
    for (const datasetId of await held()) await ledger.noteFailure(datasetId, 'load', 'lost', arrival, 'failed')
    await ledger.register(dataset('ds-8'), alone)
    expect(await held()).toContain('ds-8')
  })

  it('lists datasets newest first, those of one instant by their ids', async () => {
    const stage = stageOf()
    const sealed = { 'ds-a': 5, 'ds-c': 5, 'ds-b': 1005, 'ds-0': 5 }
    for (const [datasetId, later] of Object.entries(sealed))
      await stage.ledger.register({ ...newDataset(stage, datasetId, { [shardA]: 1 }), sealedAt: arrival + later })
    expect((await stage.ledger.datasets()).map(({ datasetId, sealedAt }) => [datasetId, sealedAt])).toEqual([
      ['ds-b', '2026-01-03 00:00:01.005'],
      ['ds-c', '2026-01-03 00:00:00.005'],
      ['ds-a', '2026-01-03 00:00:00.005'],
      ['ds-0', '2026-01-03 00:00:00.005'],
    ])
  })

  it('notes states and failures', async () => {
    const stage = stageOf()
    const { ledger } = stage
    await ledger.register(newDataset(stage, 'ds-1', { [shardA]: 3 }))
    await ledger.noteFailure('ds-1', 'load', `it's\0 ${'x'.repeat(5000)}`, arrival + 1500, null)
    const noted = await ledger.dataset('ds-1')
    expect(noted).toMatchObject({ state: 'sealed', step: 'load', updatedAt: '2026-01-03 00:00:01.5' })
    expect(noted?.reason).toBe(`it's ${'x'.repeat(5000)}`.slice(0, 4096))
    for (const [wide, bytes] of [
      ['ü', 2],
      ['語', 3],
      ['🛫', 4],
    ] as const)
      for (const before of ['', 'x']) {
        await ledger.noteFailure('ds-1', 'load', `${before}${wide.repeat(5000)}`, arrival, null)
        const whole = Math.floor((4096 - before.length) / bytes)
        expect((await ledger.dataset('ds-1'))?.reason).toBe(`${before}${wide.repeat(whole)}`)
      }
    await ledger.setState('ds-1', 'recomputed', 'recompute', arrival + 2000)
    expect(await ledger.dataset('ds-1')).toMatchObject({ state: 'recomputed', step: 'recompute', reason: '' })
    await ledger.noteFailure('ds-1', 'compare', '', arrival, 'failed')
    expect(await ledger.dataset('ds-1')).toMatchObject({ state: 'failed', step: 'compare', reason: 'unknown' })
    expect(await ledger.setState('nobody', 'recomputed', 'recompute', arrival)).toBeNull()
    expect(await ledger.dataset('nobody')).toBeNull()
  })

  /** As a run does, and as those do that end it. */
  const broughtTo = async (stage: BatchStage, state: DatasetState): Promise<void> => {
    const { ledger } = stage
    await ledger.register(newDataset(stage, 'ds-1', { [shardA]: 3 }))
    if (state === 'sealed') return
    await ledger.setState('ds-1', 'recomputed', 'recompute', arrival)
    if (state === 'recomputed') return
    if (state === 'failed') await ledger.noteFailure('ds-1', 'load', 'stopped', arrival, 'failed')
    else await ledger.setState('ds-1', 'loaded', 'load', arrival)
  }

  it.each([
    ['sealed', 'recomputed', 'recomputed'],
    ['sealed', 'loaded', 'sealed'],
    ['sealed', 'failed', 'failed'],
    ['recomputed', 'recomputed', 'recomputed'],
    ['recomputed', 'loaded', 'loaded'],
    ['recomputed', 'failed', 'failed'],
    ['loaded', 'recomputed', 'loaded'],
    ['loaded', 'loaded', 'loaded'],
    ['loaded', 'failed', 'failed'],
    ['promoted', 'recomputed', 'promoted'],
    ['promoted', 'loaded', 'promoted'],
    ['promoted', 'failed', 'promoted'],
    ['failed', 'recomputed', 'failed'],
    ['failed', 'loaded', 'failed'],
    ['failed', 'failed', 'failed'],
  ] as const)('of a dataset that is %s: written as %s, it is %s', async (from, to, then) => {
    const stage = stageOf()
    const { ledger } = stage
    await broughtTo(stage, from)
    if (from === 'promoted') await serve(stage, await ledger.control(), 'ds-1')
    const before = await ledger.dataset('ds-1')
    expect(before?.state).toBe(from)
    if (to === 'failed') await ledger.noteFailure('ds-1', 'late', 'late', arrival + 5000, to)
    else expect(await ledger.setState('ds-1', to, 'late', arrival + 5000)).toBe(then)
    const after = await ledger.dataset('ds-1')
    const isWritten = (mayFollow[to] as readonly DatasetState[]).includes(from)
    expect(after).toEqual(isWritten ? expect.objectContaining({ state: then, step: 'late' }) : before)
  })

  it('says once why a dataset failed; of one that is served it notes what fails later', async () => {
    const stage = stageOf()
    const { ledger } = stage
    await broughtTo(stage, 'failed')
    await ledger.noteFailure('ds-1', 'pollRecompute', 'CANCELLED', arrival + 5000, null)
    expect(await ledger.dataset('ds-1')).toMatchObject({ state: 'failed', step: 'load', reason: 'stopped' })
    await serve(stage, await ledger.control(), 'ds-1')
    await ledger.noteFailure('ds-1', 'prune', 'busy', arrival + 5000, null)
    expect(await ledger.dataset('ds-1')).toMatchObject({ state: 'promoted', step: 'prune', reason: 'busy' })
  })

  it('gives slots, serves and prunes by compare-and-set on one row', async () => {
    const stage = stageOf()
    const { ledger } = stage
    await ledger.register(newDataset(stage, 'ds-1', { [shardA]: 3 }))
    await committed(stage, 2, [one()])
    await committed(stage, 3, [one()])
    const acts: readonly ((control: Control) => Promise<void>)[] = [
      (control) => ledger.takeSlot(control, 'blue', 'ds-1', 'load', arrival),
      (control) => ledger.setSlot(control, 'blue', 'ds-1', 'loaded'),
      (control) => serve(stage, control, 'ds-1'),
      (control) => ledger.prune(control, { [shardA]: sequence(2) }),
    ]
    for (const [place, act] of acts.entries()) {
      const known = await ledger.control()
      expect(known.revision).toBe(place)
      await act(known)
      for (const late of acts) await expect(late(known)).rejects.toThrow(TransactionFailed)
    }
    expect(await ledger.control()).toEqual({
      liveDatasetId: 'ds-1',
      slots: { blue: { datasetId: 'ds-1', state: 'loaded' }, green: { datasetId: '', state: 'empty' } },
      revision: 4,
    })
    expect(await ledger.dataset('ds-1')).toMatchObject({ state: 'promoted', step: 'promote' })
    expect(await ledger.prunedTo()).toEqual({ [shardA]: sequence(2) })
  })

  it('lets one of many through that read the same control', async () => {
    const stage = stageOf()
    const { ledger } = stage
    for (const datasetId of ['ds-1', 'ds-2']) await ledger.register(newDataset(stage, datasetId, { [shardA]: 3 }))
    const known = await ledger.control()
    const tried = await Promise.allSettled([
      ledger.takeSlot(known, 'blue', 'ds-1', 'load', arrival),
      ledger.takeSlot(known, 'green', 'ds-2', 'load', arrival),
      ledger.prune(known, { [shardA]: sequence(1) }),
      serve(stage, known, 'ds-2'),
    ])
    const refused = tried.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
    expect(refused).toHaveLength(3)
    for (const reason of refused) expect(reason).toBeInstanceOf(TransactionFailed)
    expect((await ledger.control()).revision).toBe(1)
  })

  it('installs as of what is known of models, in as many transactions as it takes, and not where that moved', async () => {
    const { ledger, modelLedger } = stageOf()
    const known = await modelLedger.models()
    expect(await ledger.installAsOf(known, [])).toEqual(known)
    const moved = await ledger.installAsOf(known, ['SELECT 1'])
    expect(await modelLedger.models()).toEqual(moved)
    expect(moved).toEqual({ ...known, revision: known.revision + 1 })
    await expect(ledger.installAsOf(known, ['SELECT 1'])).rejects.toThrow(TransactionFailed)
    const installed = await ledger.installAsOf(
      moved,
      Array.from({ length: 41 }, () => 'SELECT 1'),
    )
    expect(await modelLedger.models()).toEqual(installed)
  })

  it('gives no slot to a dataset that has failed, and leaves what was noted of it', async () => {
    const stage = stageOf()
    const { ledger } = stage
    await ledger.register(newDataset(stage, 'ds-1', { [shardA]: 3 }))
    await ledger.noteFailure('ds-1', 'startLoad', 'somebody stopped it', arrival, 'failed')
    const control = await ledger.control()
    await expect(ledger.takeSlot(control, 'blue', 'ds-1', 'load', arrival)).rejects.toThrow(TransactionFailed)
    expect(await ledger.control()).toEqual(control)
    expect(await ledger.dataset('ds-1')).toMatchObject({ step: 'startLoad', reason: 'somebody stopped it' })
  })

  it('finds edges within bounds, and by when they were committed', async () => {
    const stage = stageOf()
    for (const edge of [2, 5, 9]) await committed(stage, edge, [])
    await committed(stage, 4, [], shardB)
    const { ledger } = stage
    const bounds = { [shardA]: sequence(8), [shardB]: sequence(3), elsewhere: sequence(9) }
    expect(await ledger.newestEdges(bounds)).toEqual({ [shardA]: sequence(5) })
    expect(await ledger.newestEdges({ [shardB]: sequence(4) })).toEqual({ [shardB]: sequence(4) })
    // Committed at the arrival and as many ms later as their number says.
    expect(await ledger.edgesCommittedBefore(bounds, arrival + 5)).toEqual({ [shardA]: sequence(2) })
    expect(await ledger.edgesCommittedBefore(bounds, arrival + 6)).toEqual({ [shardA]: sequence(5) })
    expect(await ledger.speedPositions()).toEqual({ [shardA]: sequence(9), [shardB]: sequence(4) })
  })

  it('prunes rows at or below the bounds, keeps the bound as an edge, and goes further each time', async () => {
    const stage = stageOf()
    const { ledger } = stage
    for (const edge of [2, 5, 9]) await committed(stage, edge, [one()])
    await committed(stage, 4, [one()], shardB)
    const sales = question(metricOf(stage, 'sales'), { per: null, by: [] })
    const left = async (): Promise<unknown> => (await stage.states.read(sales)).cells[0]?.value
    await ledger.prune(await ledger.control(), { [shardA]: sequence(5) })
    expect(await left()).toBe(2n)
    expect(await ledger.newestEdges({ [shardA]: sequence(5) })).toEqual({ [shardA]: sequence(5) })
    expect(await ledger.newestEdges({ [shardA]: sequence(4) })).toEqual({})
    await ledger.prune(await ledger.control(), { [shardA]: sequence(9), [shardB]: sequence(4) })
    expect(await left()).toBeUndefined()
    expect(await ledger.prunedTo()).toEqual({ [shardA]: sequence(9), [shardB]: sequence(4) })
  })

  it('keeps the last comparison of a dataset', async () => {
    const { ledger } = stageOf()
    const bucket = (start: number, reasons: Parity['buckets'][number]['reasons'], servedValue: bigint | null) => ({
      bucket: start,
      rowsMissing: 1,
      rowsExtra: 0,
      rowsChanged: 2,
      servedValue,
      builtValue: 2n ** 70n,
      reasons,
    })
    const parity = (metric: string, rows: number): Parity => ({
      metric,
      rowsServed: rows,
      rowsBuilt: 2,
      rowsMissing: 3,
      rowsExtra: 4,
      rowsChanged: 5,
      bucketsDiffering: rows,
      buckets: [
        bucket(Date.parse('2026-01-02T10:00:00Z'), ['duplicate', 'unknown'], null),
        bucket(Date.parse('1999-12-31T23:00:00Z'), ['behind'], 2n ** 70n - 3n),
      ].slice(0, rows - 6),
    })
    await ledger.recordParity('ds-1', [parity('turnover', 9), parity('sales', 9)])
    await ledger.recordParity('ds-2', [parity('sales', 8)])
    await ledger.recordParity('ds-1', [parity('turnover', 7), parity('sales', 8)])
    await ledger.recordParity('ds-1', [])
    expect(await ledger.parity('ds-1')).toEqual([parity('sales', 8), parity('turnover', 7)])
    for (const datasetId of ['ds-3', 'ds-4', 'ds-5']) {
      await Promise.all([8, 9].map((rows) => ledger.recordParity(datasetId, [parity('sales', rows)])))
      const [first, ...others] = await ledger.parity(datasetId)
      expect([[parity('sales', 8)], [parity('sales', 9)]]).toContainEqual([first])
      expect(others).toEqual([])
    }
  })
}
