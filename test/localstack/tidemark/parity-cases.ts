import { metric } from 'tidemark'
import type { InForce } from '../../../lambdas/batch/exclude.ts'
import type { describeDataset } from '../../../lambdas/batch/inspect.ts'
import type { Run } from '../../../lambdas/batch/run.ts'
import { maxBuckets } from '../../../stores/ledger/dataset.ts'
import { arrival, type BatchStage, changedDefinitions, definitions, sale, shardA, shardB } from './batch-stage.ts'

type Described = Awaited<ReturnType<typeof describeDataset>>

/** What a recompute changes, and why, whatever warehouse it runs on. */
export const parityCases = (start: () => Promise<BatchStage>): void => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await start()
  })
  beforeEach(() => stage.reset())
  afterAll(() => stage.stop())

  const described = async ({ datasetId }: Run): Promise<Described> => stage.step({ step: 'dataset', datasetId })
  const parityOf = async (run: Run, name: string) => {
    const found = (await described(run)).parity.find((parity) => parity.metric === name)
    if (found === undefined) throw new Error(`${name} was not compared.`)
    return found
  }
  /** Nothing may drift, and of four archived records of shard B the speed table has counted one. */
  const lagging = async () => {
    stage.maxDrift = 0
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    for (let number = 0; number < 4; number++) stage.produce(shardB, wrong)
    const records = stage.stream.get(shardB) ?? []
    await stage.archiveRecords(records)
    await stage.writer().write(shardB, records.slice(0, 1))
    return records
  }
  const hour = '2026-01-02T10:00:00.000Z'
  const day = '2026-01-02T00:00:00.000Z'
  const wrong = { amount: '7.00' }

  it('nothing differs where both sides count the same, late records and records out of order included', async () => {
    stage.produce(shardA)
    stage.produce(shardA, { at: '2025-06-01T10:00:00Z' })
    stage.produce(shardA, { at: '2026-01-01T10:00:00Z' })
    await stage.settle()
    await stage.recompute()
    stage.produce(shardA, { at: '2025-06-01T10:00:00Z' })
    stage.produce(shardB, { at: '2024-01-01T00:00:00Z' })
    await stage.settle()
    const run = await stage.recompute()
    expect(run).toMatchObject({ drift: 0, beyond: [], next: 'promote' })
    const { parity } = await described(run)
    expect(parity.map(({ metric: name }) => name)).toEqual([...Object.keys(definitions), 'rejected'].sort())
    for (const { bucketsDiffering, buckets } of parity)
      expect({ bucketsDiffering, buckets }).toEqual({ bucketsDiffering: 0, buckets: [] })
  })

  it.each([false, true])(
    'twins of another shard are duplicates, of every kind of measure (in full: %s)',
    async (full) => {
      stage.produce(shardA, { id: 'twin', items: 5, amount: '9.00' })
      stage.produce(shardA, { id: 'alone' })
      await stage.settle()
      await stage.recompute()
      stage.produce(shardB, { id: 'twin', items: 1, amount: '0.50', shop: 'wedding' })
      stage.produce(shardB, { id: 'twin', items: 3, amount: '3.00' }, arrival + 60_000)
      stage.produce(shardB, { id: 'twin', items: 7, amount: '11.00', express: false }, arrival + 1_200_000)
      stage.produce(shardB, { id: 'other', at: '2026-01-02T11:00:00Z' })
      await stage.settle()
      const run = await stage.recompute({ full })
      // Shard A's wins; of shard B's, the one that came a minute after another is left out by the speed side itself.
      expect(await parityOf(run, 'sales')).toMatchObject({
        bucketsDiffering: 1,
        buckets: [{ bucket: hour, served: '4', built: '2', reasons: ['duplicate'] }],
      })
      expect((await parityOf(run, 'turnover')).buckets).toMatchObject([
        { bucket: day, served: '23.50', built: '12.00', reasons: ['duplicate'] },
      ])
      for (const name of ['smallest', 'largest', 'shops'])
        expect((await parityOf(run, name)).buckets).toMatchObject([{ bucket: day, reasons: ['duplicate'] }])
    },
  )

  it('a winner displaced by an earlier twin that came later is a duplicate', async () => {
    for (let number = 1; number <= 3; number++) stage.produce(shardA)
    stage.produce(shardA, { id: 'twin', amount: '9.00' })
    await stage.settle()
    await stage.recompute()
    stage.produce(shardB, { id: 'twin', amount: '2.00' })
    await stage.settle()
    const run = await stage.recompute()
    expect((await parityOf(run, 'turnover')).buckets).toMatchObject([
      { served: '15.50', built: '6.50', reasons: ['duplicate'] },
    ])
  })

  it('a difference that no fact explains is unknown, also beside duplicates', async () => {
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    stage.produce(shardA)
    await stage.settle()
    stage.jobs.tamper = (all) => all.map((one) => (one.metric === 'turnover' ? { ...one, value: one.value + 1 } : one))
    expect((await parityOf(await stage.recompute(), 'turnover')).buckets).toMatchObject([
      { bucket: day, served: '3.00', built: '3.02', rowsChanged: 1, reasons: ['unknown'] },
    ])
    stage.jobs.tamper = (all) => all.map((one) => (one.metric === 'turnover' ? { ...one, value: one.value + 3 } : one))
    stage.produce(shardB, { id: `${shardA}-1` })
    await stage.settle()
    expect((await parityOf(await stage.recompute(), 'turnover')).buckets).toMatchObject([
      { reasons: ['duplicate', 'unknown'] },
    ])
  })

  describe('where exclusions changed', () => {
    const other = { shop: 'wrong', amount: '99.00', items: 1 }
    const exclude = (fields: Readonly<Record<string, string>>) =>
      stage.step<InForce & { id: number }>({
        step: 'exclude',
        requestId: `request-${stage.now++}`,
        exclusion: { eventType: 'sale', from: null, to: null, fields, eventIds: null },
        reason: 'load test',
        by: 'me',
      })
    const undo = (id: number) => stage.step({ step: 'undoExclusion', id, reason: 'they were right', by: 'me' })
    const reasonsIn = async (run: Run): Promise<Record<string, readonly string[][]>> => {
      const { parity } = await described(run)
      return Object.fromEntries(
        parity.map(({ metric: name, buckets }) => [name, buckets.map(({ reasons }) => [...reasons])]),
      )
    }
    const allExcluded = {
      largest: [['excluded']],
      rejected: [],
      sales: [['excluded']],
      shops: [['excluded']],
      smallest: [['excluded']],
      turnover: [['excluded']],
    }

    it('what is left out, and what comes back, is told as excluded, of every kind of measure', async () => {
      for (let number = 1; number <= 3; number++) stage.produce(shardA)
      stage.produce(shardA, other)
      stage.produce(shardA, { at: '2026-01-04T10:00:00Z' })
      await stage.settle()
      await stage.recompute()
      // Of what the speed table counts by then, one part by the old revision, the other by the new one.
      stage.produce(shardA, other)
      await stage.settle()
      const { id } = await exclude({ shop: 'wrong' })
      stage.produce(shardA, other)
      stage.produce(shardA)
      await stage.settle()
      const left = await stage.recompute()
      expect(await reasonsIn(left)).toMatchObject(allExcluded)
      expect((await parityOf(left, 'sales')).buckets).toMatchObject([{ bucket: hour, served: '6', built: '4' }])
      await undo(id)
      stage.produce(shardA)
      await stage.settle()
      const back = await stage.recompute()
      expect(await reasonsIn(back)).toMatchObject(allExcluded)
      expect((await parityOf(back, 'sales')).buckets).toMatchObject([{ bucket: hour, served: '5', built: '8' }])
    })

    it('nothing differs where a replay left out what speed had counted, or the next dataset is built alike', async () => {
      stage.produce(shardA)
      stage.produce(shardA, other)
      await stage.settle()
      await exclude({ shop: 'wrong' })
      await stage.replay(shardA, 1)
      for (const full of [false, true]) {
        const run = await stage.recompute({ full })
        expect(Object.values(await reasonsIn(run)).flat()).toEqual([])
        stage.produce(shardA, other)
        stage.produce(shardA)
        await stage.settle()
      }
    })

    it('a twin that counts since its first is left out, and drops when that comes back, is no duplicate', async () => {
      stage.produce(shardA, { ...other, id: 'twin' })
      stage.produce(shardA)
      stage.produce(shardB, { id: 'twin' })
      await stage.settle()
      await stage.recompute()
      const { id } = await exclude({ shop: 'wrong' })
      stage.produce(shardA, { at: '2026-01-02T12:00:00Z' })
      await stage.settle()
      const left = await stage.recompute()
      expect((await parityOf(left, 'turnover')).buckets).toMatchObject([
        { served: '102.00', built: '4.50', reasons: ['excluded'] },
      ])
      expect((await parityOf(left, 'sales')).buckets).toMatchObject([{ bucket: hour, reasons: ['excluded'] }])
      await undo(id)
      stage.produce(shardA, { at: '2026-01-02T12:00:00Z' })
      await stage.settle()
      const back = await stage.recompute()
      expect((await parityOf(back, 'turnover')).buckets).toMatchObject([
        { served: '6.00', built: '103.50', reasons: ['excluded'] },
      ])
      expect((await parityOf(back, 'sales')).buckets).toMatchObject([{ bucket: hour, reasons: ['excluded'] }])
    })

    it('a twin that a lagging shard has yet to count is no exclusion’s, once that is undone', async () => {
      for (let number = 1; number <= 3; number++) stage.produce(shardA)
      stage.produce(shardB)
      await stage.settle()
      await stage.recompute()
      const { id } = await exclude({ shop: 'wrong' })
      stage.produce(shardB)
      await stage.settle()
      await undo(id)
      const twin = stage.produce(shardA, { ...other, id: 'twin' })
      await stage.settle()
      stage.produce(shardB, { ...other, id: 'twin', amount: '1.00' })
      expect((stage.stream.get(shardB)?.at(-1)?.sequenceNumber ?? '') < twin.sequenceNumber).toBe(true)
      await stage.archiveRecords(stage.stream.get(shardB) ?? [])
      const run = await stage.recompute()
      expect(run.behind).toEqual([shardB])
      expect((await parityOf(run, 'turnover')).buckets).toMatchObject([{ reasons: ['duplicate', 'behind'] }])
    })

    it('duplicates and records not yet reached are told beside', async () => {
      for (let number = 1; number <= 2; number++) stage.produce(shardA)
      stage.produce(shardA, other)
      await stage.settle()
      await stage.recompute()
      stage.produce(shardB, { id: `${shardA}-1` })
      await stage.settle()
      await exclude({ shop: 'wrong' })
      stage.produce(shardA)
      await stage.archiveRecords(stage.stream.get(shardA) ?? [])
      stage.maxDrift = 0
      const run = await stage.recompute()
      expect((await parityOf(run, 'sales')).buckets).toMatchObject([
        { served: '4', built: '3', reasons: ['duplicate', 'excluded', 'behind'] },
      ])
      // A shard that lags lets pass what it explains, but no exclusion.
      expect(run).toMatchObject({ next: 'hold', behind: [shardA] })
    })

    it('what else differs is unknown beside', async () => {
      stage.produce(shardA)
      stage.produce(shardA, other)
      await stage.settle()
      await stage.recompute()
      await exclude({ shop: 'wrong' })
      stage.produce(shardA)
      await stage.settle()
      stage.jobs.tamper = (all) => all.map((one) => (one.metric === 'sales' ? { ...one, value: one.value + 1 } : one))
      const run = await stage.recompute()
      expect((await parityOf(run, 'sales')).buckets).toMatchObject([{ reasons: ['excluded', 'unknown'] }])
      expect((await parityOf(run, 'turnover')).buckets).toMatchObject([{ reasons: ['excluded'] }])
    })

    it('a replay between seal and comparison leaves nothing proven', async () => {
      stage.produce(shardA)
      await stage.settle()
      await stage.recompute()
      stage.produce(shardA, other)
      stage.produce(shardA, other)
      await stage.settle()
      await exclude({ shop: 'wrong' })
      stage.produce(shardB, { id: `${shardA}-1` })
      await stage.settle()
      let isReplayed = false
      const run = await stage.recompute({}, async () => {
        if (!isReplayed) await stage.replay(shardA, 1)
        isReplayed = true
      })
      expect((await parityOf(run, 'sales')).buckets).toMatchObject([{ served: '2', built: '1', reasons: ['unknown'] }])
    })
  })

  it('a metric that was not served whole is told as its definition', async () => {
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    await stage.deploy(changedDefinitions)
    stage.produce(shardA)
    await stage.settle()
    stage.maxDrift = 0
    const run = await stage.recompute({ full: true })
    expect(run).toMatchObject({ next: 'promote', drift: 0, beyond: [] })
    expect(await parityOf(run, 'sales')).toMatchObject({ buckets: [{ bucket: hour, reasons: ['definition'] }] })
    expect(await parityOf(run, 'turnover')).toMatchObject({ bucketsDiffering: 0 })
  })

  it('facts about what is served no more prove nothing', async () => {
    stage.speedRetentionMs = 3_600_000
    stage.produce(shardA, { id: 'twin' })
    await stage.settle()
    await stage.recompute()
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    stage.produce(shardB, { id: 'twin' })
    await stage.settle()
    let isBack = false
    const run = await stage.recompute({}, async () => {
      if (!isBack) await stage.step({ step: 'rollback' })
      isBack = true
    })
    expect((await parityOf(run, 'sales')).buckets).toMatchObject([{ reasons: ['unknown'] }])
  })

  it("holds a metric to its own limit, else to the stage's, and says which, how much and where", async () => {
    const limited = {
      ...definitions,
      turnover: metric('turnover', sale.sum('amount'), { by: ['shop'], per: 'day', maxDrift: 1 }),
    }
    const before = stage.model.data.version
    await stage.deploy(limited)
    stage.maxDrift = 0.5
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    stage.produce(shardA, { at: '2026-01-01T10:00:00Z' })
    await stage.settle()
    stage.jobs.tamper = (all) => all.map((one) => ({ ...one, value: one.value * 2 }))
    const run = await stage.recompute()
    expect(run.next).toBe('hold')
    expect(run.beyond?.map((sentence) => sentence.split(':')[0])).not.toContain('turnover')
    expect(run.beyond).toContain(
      'sales: 100% of its rows differ from what is served, 50% may; most in 2026-01-01T10:00:00.000Z (served 1, built 2: unknown); 2026-01-02T10:00:00.000Z (served 1, built 2: unknown).',
    )
    const { datasetId } = run
    expect(await stage.step({ step: 'promoteDataset', datasetId })).toMatchObject({
      problem: { code: 'drift_too_large', detail: expect.stringContaining('sales: 100%') },
    })
    expect(await parityOf(run, 'turnover')).toMatchObject({ allowed: 1, drift: 1 })
    expect(await parityOf(run, 'sales')).toMatchObject({ allowed: 0.5 })
    expect(stage.model.data.version).toBe(before)
    await stage.step({ step: 'promoteDataset', datasetId, acceptDrift: true })
    expect((await stage.ledger.control()).liveDatasetId).toBe(datasetId)
  })

  it('keeps the buckets that differ most, and counts the others', async () => {
    const start = Date.parse('2025-01-01T00:00:00Z')
    for (let number = 0; number < maxBuckets + 20; number++)
      stage.produce(shardA, { at: new Date(start + number * 3_600_000).toISOString() })
    await stage.settle()
    await stage.recompute()
    stage.produce(shardA)
    await stage.settle()
    stage.jobs.tamper = (all) =>
      all.map((one) =>
        one.bucket === Date.parse(hour) ? { ...one, value: one.value + 5 } : { ...one, value: one.value + 1 },
      )
    const run = await stage.recompute()
    const kept = (await stage.ledger.parity(run.datasetId)).find((one) => one.metric === 'sales')
    expect(kept?.buckets).toHaveLength(maxBuckets)
    const parity = await parityOf(run, 'sales')
    expect(parity.bucketsDiffering).toBe(maxBuckets + 21)
    expect(parity.buckets).toHaveLength(100)
    expect(parity.buckets[0]).toMatchObject({ bucket: hour, served: '1', built: '6' })
  })

  it('a shard that the speed table is behind in is told as such', async () => {
    await lagging()
    const run = await stage.recompute({ promote: false })
    expect(run).toMatchObject({ behind: [shardB], beyond: [] })
    expect((await parityOf(run, 'sales')).buckets).toMatchObject([{ served: '2', built: '5', reasons: ['behind'] }])
    expect((await parityOf(run, 'turnover')).buckets).toMatchObject([
      { served: '8.50', built: '29.50', reasons: ['behind'] },
    ])
    const { datasetId } = run
    expect(await stage.step({ step: 'promoteDataset', datasetId })).toEqual({ liveDatasetId: datasetId })
  })

  it('what the speed table counts of a lagging shard under the recompute changes nothing of the comparison', async () => {
    const records = await lagging()
    let counted = 1
    const moving = async (): Promise<void> => {
      if (counted < records.length) await stage.writer().write(shardB, records.slice(counted, ++counted))
    }
    const run = await stage.recompute({ promote: false }, moving)
    expect(counted).toBe(4)
    expect(run).toMatchObject({ behind: [shardB], beyond: [] })
    expect((await parityOf(run, 'sales')).buckets).toMatchObject([{ served: '2', built: '5', reasons: ['behind'] }])
  })

  it('what a lagging shard that moves does not account for is held', async () => {
    stage.maxDrift = 0
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    stage.produce(shardB)
    stage.produce(shardB)
    const records = stage.stream.get(shardB) ?? []
    await stage.archiveRecords(records)
    const moving = once(() => stage.writer().write(shardB, records.slice(0, 1)))
    stage.jobs.tamper = (all) => all.map((one) => (one.metric === 'turnover' ? { ...one, value: one.value + 1 } : one))
    const run = await stage.recompute({}, moving)
    expect(run).toMatchObject({
      next: 'hold',
      behind: [shardB],
      beyond: [expect.stringMatching(/^turnover: .*behind, unknown/)],
    })
  })

  it('where something else is served than at the seal, nothing is proven, and a lagging shard excuses nothing', async () => {
    stage.produce(shardA)
    await stage.settle()
    const first = await stage.recompute()
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    for (let number = 0; number < 3; number++) stage.produce(shardB)
    await stage.archiveRecords(stage.stream.get(shardB) ?? [])
    stage.maxDrift = 0
    const rollingBack = once(() => stage.step({ step: 'rollback', datasetId: first.datasetId }))
    const run = await stage.recompute({}, rollingBack)
    expect(run).toMatchObject({ next: 'hold', behind: [shardB] })
    expect((await parityOf(run, 'sales')).buckets).toMatchObject([{ reasons: ['unknown'] }])
  })

  it('what a lagging shard does not account for is held all the same', async () => {
    stage.maxDrift = 0
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    stage.produce(shardB)
    await stage.archiveRecords(stage.stream.get(shardB) ?? [])
    stage.jobs.tamper = (all) => all.map((one) => (one.metric === 'turnover' ? { ...one, value: one.value + 1 } : one))
    const run = await stage.recompute()
    expect(run).toMatchObject({
      next: 'hold',
      behind: [shardB],
      beyond: [expect.stringMatching(/^turnover: .*behind, unknown/)],
    })
  })
}

/** Does it at the first call alone. */
const once = (act: () => Promise<unknown>) => {
  let isDone = false
  return async (): Promise<void> => {
    if (!isDone) await act()
    isDone = true
  }
}
