import type { Run } from '../../../lambdas/batch/run.ts'
import { arrival, BatchStage, changedDefinitions, definitions, sequence, shardA, shardB } from './batch-stage.ts'

describe('the recompute, step by step', () => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await BatchStage.start()
  })
  beforeEach(() => stage.reset())
  afterAll(() => stage.stop())

  const expectTruth = async (): Promise<void> => {
    for (const name of Object.keys(definitions)) expect(await stage.answered(name)).toEqual(await stage.expected(name))
  }
  const sale = (count: number, shardId = shardA): void => {
    for (let made = 0; made < count; made++) stage.produce(shardId)
  }
  const promoted = async (options: Parameters<BatchStage['seal']>[0] = {}): Promise<string> => {
    sale(2)
    await stage.settle()
    return (await stage.recompute(options)).datasetId
  }
  const live = async (): Promise<string> => (await stage.ledger.control()).liveDatasetId
  const stepsTo = async (run: Run, last: string): Promise<Run> => {
    let now = run
    for (const step of ['startRecompute', 'pollRecompute', 'startLoad', 'pollLoad', 'compare'] as const) {
      do now = await stage.step({ step, run: now })
      while (step === 'pollLoad' && now.loadDone !== true)
      if (step === last) break
    }
    return now
  }

  it('a seal tried again is the same seal', async () => {
    sale(3)
    await stage.settle()
    const request = {
      step: 'seal',
      executionName: 'same',
      startedAt: '2026-01-03T09:00:00Z',
      full: false,
      promote: true,
      reloadDatasetId: null,
    } as const
    const first = await stage.step<Run>(request)
    sale(3)
    await stage.settle()
    expect(await stage.step(request)).toEqual(first)
    expect(await stage.ledger.datasets()).toHaveLength(1)
    expect(await stage.ledger.marks(first.datasetId)).toEqual({ [shardA]: sequence(3) })
  })

  it('a seal interrupted after it was registered keeps its base, whatever was promoted since', async () => {
    sale(2)
    sale(2, shardB)
    await stage.settle()
    const request = {
      step: 'seal',
      executionName: 'interrupted',
      startedAt: '2026-01-03T09:00:00Z',
      full: false,
      promote: true,
      reloadDatasetId: null,
    } as const
    const run = await stage.step<Run>(request)
    await stage.archive.putJson(`jobs/${run.datasetId}.json`, null)
    sale(2)
    await stage.settle()
    await stage.recompute()
    expect(await stage.step(request)).toEqual(run)
    expect(await stage.archive.getJson(`jobs/${run.datasetId}.json`)).toMatchObject({
      baseManifestKey: null,
      baseMarks: {},
      marks: { [shardA]: sequence(2), [shardB]: sequence(2) },
    })
  })

  it('a mark passes no record that is not archived, and stands in no speed row', async () => {
    sale(6)
    const records = stage.stream.get(shardA) ?? []
    const writer = stage.writer()
    await writer.write(shardA, records.slice(0, 2))
    await writer.write(shardA, records.slice(0, 5))
    await stage.archiveRecords(records.slice(0, 4))
    const run = await stage.recompute()
    expect(await stage.ledger.marks(run.datasetId)).toEqual({ [shardA]: sequence(2) })
    await expectTruth()
    expect((await stage.recompute()).next).toBe('nothing')
    await stage.archiveRecords(records)
    const next = await stage.recompute()
    expect(await stage.ledger.marks(next.datasetId)).toEqual({ [shardA]: sequence(6) })
    await expectTruth()
  })

  it('a shard that appears later counts in full', async () => {
    await promoted()
    sale(4, shardB)
    await stage.writer().write(shardB, stage.stream.get(shardB) ?? [])
    expect(await stage.answered('sales')).toEqual({ '2026-01-02T10:00:00.000Z ["mitte","true"]': '6' })
    await expectTruth()
  })

  it('of two recomputes that load the same slot, the second is refused and told why', async () => {
    await promoted()
    sale(1)
    await stage.settle()
    const first = await stepsTo(await stage.seal(), 'startLoad')
    sale(1)
    await stage.settle()
    await expect(stage.recompute()).rejects.toThrow(`being loaded with ${first.datasetId}`)
    await expectTruth()
    let run = first
    do run = await stage.step({ step: 'pollLoad', run })
    while (run.loadDone !== true)
    await stage.step({ step: 'promote', run })
    expect(await live()).toBe(first.datasetId)
    await expectTruth()
  })

  it('a load that fails leaves what is served, names itself, and frees the slot', async () => {
    const before = await promoted()
    sale(1)
    await stage.settle()
    const run = await stepsTo(await stage.seal(), 'pollRecompute')
    for (const path of stage.local.store.objects.keys())
      if (path.includes(`dataset=${run.datasetId}`) && path.includes('metric=turnover'))
        stage.local.store.objects.delete(path)
    const failing = async (): Promise<void> => {
      let next = await stage.step<Run>({ step: 'startLoad', run })
      do next = await stage.step({ step: 'pollLoad', run: next })
      while (next.loadDone !== true)
    }
    await expect(failing()).rejects.toThrow('mandatory')
    await stage.step({ step: 'recordFailure', run, executionName: run.executionName, error: { Error: 'Error' } })
    expect(await live()).toBe(before)
    expect(await stage.ledger.dataset(run.datasetId)).toMatchObject({
      state: 'failed',
      step: 'pollLoad',
      reason: expect.stringContaining('mandatory'),
    })
    await expectTruth()
    await stage.recompute()
    await expectTruth()
  })

  it('a job that fails is noted, and its runs are cancelled', async () => {
    sale(1)
    await stage.settle()
    stage.jobs.failNext = 'executor lost'
    await expect(stage.recompute()).rejects.toThrow('executor lost')
    const [dataset] = await stage.ledger.datasets()
    expect(dataset).toMatchObject({
      state: 'failed',
      step: 'pollRecompute',
      reason: expect.stringContaining('executor lost'),
    })
    expect(stage.jobs.cancelled).toEqual([dataset?.datasetId])
    await expectTruth()
  })

  it('too much drift holds a dataset, until it is accepted; a rollback does not serve it', async () => {
    const before = await promoted()
    stage.maxDrift = 0
    stage.jobs.tamper = (all) => all.filter(({ metric }) => metric !== 'turnover')
    sale(1)
    await stage.settle()
    const held = await stage.recompute()
    expect(held).toMatchObject({ next: 'hold', drift: expect.any(Number) })
    expect(await live()).toBe(before)
    expect(await stage.step({ step: 'rollback' })).toMatchObject({ problem: { code: 'nothing_to_roll_back_to' } })
    const { datasetId } = held
    expect(await stage.step({ step: 'rollback', datasetId })).toMatchObject({ problem: { code: 'never_served' } })
    expect(await stage.step({ step: 'promoteDataset', datasetId })).toMatchObject({
      problem: { code: 'drift_too_large' },
    })
    expect(await live()).toBe(before)
    expect(await stage.step({ step: 'promoteDataset', datasetId, acceptDrift: true })).toEqual({
      liveDatasetId: datasetId,
    })
  })

  it('a dataset that was never compared is not promoted unless drift is accepted', async () => {
    sale(1)
    await stage.settle()
    const { datasetId } = await stepsTo(await stage.seal(), 'pollLoad')
    expect(await stage.step({ step: 'promoteDataset', datasetId })).toMatchObject({ problem: { code: 'not_compared' } })
    expect(await live()).toBe('')
  })

  it('goes back to the standby, and to an older dataset by reloading it', async () => {
    stage.speedRetentionMs = 3_600_000
    const [first, second, third] = [await promoted(), await promoted(), await promoted()]
    expect(await stage.step({ step: 'rollback' })).toEqual({ liveDatasetId: second })
    await expectTruth()
    expect(await stage.step({ step: 'rollback', datasetId: third })).toEqual({ liveDatasetId: third })
    expect(await stage.step({ step: 'rollback', datasetId: third })).toMatchObject({
      problem: { code: 'already_live' },
    })
    expect(await stage.step({ step: 'rollback', datasetId: first })).toEqual({ reload: first })
    await stage.recompute({ reloadDatasetId: first })
    expect(await live()).toBe(first)
    await expectTruth()
    expect(await stage.step({ step: 'rollback', datasetId: 'ds-none' })).toMatchObject({
      problem: { code: 'unknown_dataset' },
    })
  })

  it.each([true, false])('a reload that fails frees the slot (its run known: %s)', async (isKnown) => {
    stage.speedRetentionMs = 3_600_000
    const [first] = [await promoted(), await promoted(), await promoted()]
    const run = await stage.step<Run>({ step: 'startLoad', run: await stage.seal({ reloadDatasetId: first ?? '' }) })
    const other = await stage.seal({ reloadDatasetId: first ?? '' })
    await expect(stage.step({ step: 'startLoad', run: other })).rejects.toThrow('is being loaded')
    const { executionName } = run
    const report = { step: 'recordFailure', executionName, error: { Error: 'States.Timeout' } } as const
    await stage.step(isKnown ? { ...report, run } : report)
    await stage.step(report)
    expect((await stage.ledger.dataset(first ?? ''))?.state).toBe('promoted')
    await promoted()
    await expectTruth()
  })

  it('a load that begins after its slot was given away changes nothing', async () => {
    await promoted()
    sale(1)
    await stage.settle()
    const lost = await stepsTo(await stage.seal(), 'pollRecompute')
    const started: { statements: readonly string[] }[] = []
    const { start } = stage.warehouse
    stage.warehouse.start = async (transaction) => `queued-${started.push(transaction)}`
    await stage.step({ step: 'startLoad', run: lost })
    stage.warehouse.start = start
    await stage.step({ step: 'recordFailure', executionName: lost.executionName, error: { Error: 'States.Timeout' } })
    const { datasetId } = await stage.recompute()
    for (const transaction of started)
      await expect(stage.warehouse.run(transaction)).rejects.toThrow('is not being loaded with')
    expect(await live()).toBe(datasetId)
    await expectTruth()
  })

  it('prunes what no slot needs, and refuses what would need it', async () => {
    const [first, second, third] = [await promoted(), await promoted(), await promoted()]
    expect(await stage.ledger.prunedTo()).toEqual({ [shardA]: sequence(4) })
    expect(await stage.step({ step: 'rollback', datasetId: first ?? '' })).toMatchObject({
      problem: { code: 'speed_rows_pruned' },
    })
    const reload = stage.recompute({ reloadDatasetId: first ?? '' })
    await expect(reload).rejects.toThrow('are pruned')
    expect(await live()).toBe(third)
    await expectTruth()
    expect(second).not.toBe(third)
  })

  it('a prune held to slots that changed meanwhile is refused', async () => {
    stage.speedRetentionMs = 3_600_000
    const [first] = [await promoted(), await promoted(), await promoted()]
    stage.speedRetentionMs = -1000
    const run = await stage.seal({ reloadDatasetId: first ?? '' })
    const { edgesCommittedBefore } = stage.ledger
    stage.ledger.edgesCommittedBefore = async (...bounds) => {
      const edges = await edgesCommittedBefore.apply(stage.ledger, bounds)
      stage.ledger.edgesCommittedBefore = edgesCommittedBefore
      stage.speedRetentionMs = 3_600_000
      await stage.recompute({ reloadDatasetId: first ?? '' })
      return edges
    }
    const pruning = stage.step({ step: 'prune', run })
    await expect(pruning).rejects.toThrow('null value')
    expect(await live()).toBe(first)
    await expectTruth()
  })

  it('a changed definition: no answer of a mixture, the others as before, the new one once it is recomputed', async () => {
    const old = await promoted()
    sale(1)
    await stage.settle()
    await stage.deploy(changedDefinitions)
    stage.produce(shardA, { express: false })
    await stage.settle()
    await expect(stage.ask('sales', {})).rejects.toMatchObject({ code: 'definition_changed', status: 409 })
    expect(await stage.answered('turnover')).toEqual(await stage.expected('turnover'))
    const run = await stage.recompute({ full: true, promote: false })
    expect(run.next).toBe('hold')
    await expect(stage.ask('sales', {})).rejects.toMatchObject({ code: 'definition_changed' })
    stage.maxDrift = 0
    expect(await stage.step({ step: 'promoteDataset', datasetId: run.datasetId })).toEqual({
      liveDatasetId: run.datasetId,
    })
    await expectTruth()
    expect(await stage.step({ step: 'rollback' })).toEqual({ liveDatasetId: old })
    await expect(stage.ask('sales', {})).rejects.toMatchObject({ code: 'definition_changed' })
    expect(await stage.answered('turnover')).toEqual(await stage.expected('turnover'))
  })

  it('a shard that had no record when the definition changed leaves no hole', async () => {
    await stage.speedLedger().position(shardB)
    await promoted()
    await stage.deploy(changedDefinitions)
    await promoted({ full: true })
    await expectTruth()
  })

  describe('a deploy that was undone and done again while its recompute was under way', () => {
    const sealedWhileUndone = async (meanwhile: () => Promise<unknown>): Promise<Run> => {
      await promoted()
      await stage.deploy(changedDefinitions)
      sale(2)
      await stage.settle()
      const run = await stepsTo(await stage.seal(), 'pollRecompute')
      await stage.deploy(definitions)
      await meanwhile()
      await stage.deploy(changedDefinitions)
      return stepsTo(run, 'compare')
    }
    const countedMeanwhile = async (): Promise<void> => {
      sale(1)
      await stage.settle()
    }

    it('promotes nothing that the speed side left records out of', async () => {
      const run = await sealedWhileUndone(countedMeanwhile)
      const before = await live()
      await expect(stage.step({ step: 'promote', run })).rejects.toThrow(
        /by which the speed side counts .* above its mark/,
      )
      expect(await live()).toBe(before)
      const next = await promoted()
      expect(await live()).toBe(next)
      await expectTruth()
    })

    it('promotes what nothing came after', async () => {
      const run = await sealedWhileUndone(() => stage.speedLedger().position(shardA))
      await stage.step({ step: 'promote', run })
      expect(await live()).toBe(run.datasetId)
      await expectTruth()
    })
  })

  it('a dataset that is loaded again counts once, though one by other definitions has its older slot', async () => {
    stage.speedRetentionMs = 3_600_000
    await stage.deploy(changedDefinitions)
    const [first] = [await promoted(), await promoted()]
    await stage.deploy(definitions)
    await promoted()
    await stage.deploy(changedDefinitions)
    expect(await stage.step({ step: 'rollback', datasetId: first })).toEqual({ reload: first })
    await stage.recompute({ reloadDatasetId: first })
    expect(await live()).toBe(first)
    await expectTruth()
  })

  it('what the speed side can not tell for twins drifts, until a recompute has passed both', async () => {
    const counts = async () => Object.values({ ...(await stage.answered('sales')), ...(await stage.answered('shops')) })
    stage.produce(shardB, { id: 'twin', shop: 'mitte' })
    stage.produce(shardA, { id: 'other' })
    // Of another shard; and, past the window, of an older record.
    stage.produce(shardA, { id: 'twin', shop: 'wedding' })
    stage.produce(shardA, { id: 'other' }, arrival + 660_000)
    const writer = stage.writer()
    const write = () => writer.write(shardA, stage.stream.get(shardA) ?? [])
    await write()
    await stage.settle()
    await expectTruth()
    expect(await counts()).toEqual(['3', '1', '2 or so'])
    await stage.recompute()
    expect(await counts()).toEqual(['2', '1'])
    await expectTruth()
    // The writer takes the shop for counted; but the recompute dropped the twin that it stood in.
    stage.produce(shardA, { shop: 'wedding' })
    await write()
    expect(await counts()).toEqual(['2', '1', '1 or so'])
    expect(await stage.expected('shops')).toEqual({ '2026-01-02T00:00:00.000Z ["true"]': '2 or so' })
    await stage.settle()
    await stage.recompute()
    expect(await counts()).toEqual(['2', '1', '2'])
    await expectTruth()
  })

  it('a record that its producer sent again counts once, in either layer and across their line', async () => {
    stage.produce(shardA, { id: 'again' })
    stage.produce(shardA, { id: 'again' }, arrival + 1000)
    await stage.settle()
    const [key] = Object.keys(await stage.answered('sales'))
    expect(await stage.answered('sales')).toEqual({ [String(key)]: '1' })
    await stage.recompute()
    stage.produce(shardA, { id: 'again' }, arrival + 300_000)
    expect(await stage.writer().write(shardA, stage.stream.get(shardA) ?? [])).toMatchObject({
      duplicates: 1,
      unchecked: 0,
      rows: 0,
    })
    expect(await stage.answered('sales')).toEqual({ [String(key)]: '1' })
    await expectTruth()
  })

  it('a function that began under the old definitions goes on by the new ones, once they took its shard', async () => {
    await promoted()
    const zombie = stage.writer()
    await zombie.write(shardA, stage.stream.get(shardA) ?? [])
    await stage.deploy(changedDefinitions)
    sale(1)
    await stage.settle()
    sale(1)
    await zombie.write(shardA, stage.stream.get(shardA) ?? [])
    await stage.settle()
    await stage.recompute({ full: true })
    await expectTruth()
  })
})
