import type { RawRecord } from '../../../core/record.ts'
import type { ExcludeRequest, InForce } from '../../../lambdas/batch/exclude.ts'
import { runStep } from '../../../lambdas/batch/steps.ts'
import type { Archive } from '../../../stores/archive/archive.ts'
import { latestExclusionsKey } from '../../../stores/archive/exclusions.ts'
import { type BatchStage, definitions, type SaleFields, sequence, shardA, shardB } from './batch-stage.ts'
import { overriding } from './overriding.ts'

const wrong: SaleFields = { shop: 'wrong', amount: '99.00', items: 50 }

/** What exclusions are held to, on a warehouse as on its twin. */
export const exclusionLaw = (start: () => Promise<BatchStage>): void => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await start()
  })
  beforeEach(() => stage.reset())
  afterAll(() => stage.stop())

  const expectTruth = async (): Promise<void> => {
    for (const name of Object.keys(definitions)) expect(await stage.answered(name)).toEqual(await stage.expected(name))
  }
  const exclude = (parts: object, request: Partial<ExcludeRequest> = {}) => {
    const exclusion = { eventType: 'sale', from: null, to: null, fields: {}, eventIds: null, ...parts }
    const requestId = `request-${stage.now++}`
    return stage.step<InForce & { id: number; problem?: { code: string; status: number; detail: string } }>({
      ...{ step: 'exclude', requestId, exclusion, reason: 'load test', by: 'me', ...request },
    })
  }
  const produce = (count: number, fields: SaleFields = {}, shardId = shardA): RawRecord[] =>
    Array.from({ length: count }, () => stage.produce(shardId, fields))
  const rawObjects = async (): Promise<Map<string, string>> => {
    const objects = new Map<string, string>()
    for await (const { key } of stage.archive.listKeys('raw/'))
      objects.set(key, Buffer.from((await stage.archive.getObject(key)) ?? []).toString('base64'))
    return objects
  }
  const wrongServed = async (): Promise<number> =>
    Object.entries(await stage.answered('sales'))
      .filter(([cell]) => cell.includes('wrong'))
      .reduce((sum, [, value]) => sum + Number(value), 0)

  it('take effect in each shard where it stands, for running writers and zombies, and are healed by a recompute', async () => {
    const writer = stage.writer()
    const zombie = stage.writer()
    produce(3)
    const before = [...produce(2, wrong), ...produce(2, wrong, shardB)]
    for (const shardId of [shardA, shardB]) {
      await writer.write(shardId, stage.stream.get(shardId) ?? [])
      await zombie.write(shardId, stage.stream.get(shardId) ?? [])
    }
    expect(await wrongServed()).toBe(before.length)
    const { id, revision, recorded } = await exclude({ fields: { shop: 'wrong' } })
    expect([id, revision]).toEqual([1, 1])
    expect(recorded).toEqual({ [shardA]: sequence(5), [shardB]: sequence(2) })
    // Both have the position of before in memory.
    produce(3, wrong)
    produce(2)
    const all = stage.stream.get(shardA) ?? []
    const written = await Promise.allSettled([zombie.write(shardA, all.slice(0, 8)), writer.write(shardA, all)])
    expect(written.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
    expect(await wrongServed()).toBe(before.length)
    await expectTruth()
    expect((await stage.ask('sales', {})).receipt.exclusions).toEqual({
      batch: null,
      speed: 0,
      stretches: {
        [shardA]: [
          { above: '', revision: 0 },
          { above: sequence(5), revision: 1 },
        ],
        [shardB]: [
          { above: '', revision: 0 },
          { above: sequence(2), revision: 1 },
        ],
      },
    })
    await stage.settle()
    const run = await stage.recompute()
    expect(await stage.ledger.dataset(run.datasetId)).toMatchObject({ exclusions: 1, kind: 'full' })
    expect((await stage.step<{ counts: object }>({ step: 'dataset', datasetId: run.datasetId })).counts).toMatchObject({
      read: 12,
      excluded: 7,
    })
    expect(await wrongServed()).toBe(0)
    await expectTruth()
    expect((await stage.ask('sales', {})).receipt.exclusions).toEqual({ batch: 1, speed: 1, stretches: {} })
    produce(2, wrong)
    await stage.settle()
    await expectTruth()
    expect(await stage.recompute()).toMatchObject({ next: 'promote' })
    expect((await stage.ledger.datasets())[0]).toMatchObject({ exclusions: 1, kind: 'incremental' })
    await expectTruth()
  })

  it('say in a receipt what is by which revision, until a recompute; undone, events come back', async () => {
    produce(2)
    produce(3, wrong)
    await stage.settle()
    await stage.recompute()
    const { id } = await exclude({ fields: { shop: 'wrong' } })
    produce(1, wrong)
    produce(1)
    await stage.settle()
    expect((await stage.ask('sales', {})).receipt.exclusions).toEqual({ batch: 0, speed: 1, stretches: {} })
    expect(await wrongServed()).toBe(3)
    await expectTruth()
    await stage.recompute()
    expect((await stage.ledger.datasets())[0]).toMatchObject({ exclusions: 1, kind: 'full' })
    expect(await wrongServed()).toBe(0)
    await expectTruth()
    const undone = await stage.step<InForce>({ step: 'undoExclusion', id, reason: 'they were right', by: 'me' })
    expect(undone).toMatchObject({ revision: 2, recorded: { [shardA]: sequence(7) } })
    expect(await stage.step({ step: 'undoExclusion', id, reason: 'again', by: 'me' })).toMatchObject({ revision: 2 })
    produce(1, wrong)
    await stage.settle()
    expect(await wrongServed()).toBe(1)
    await expectTruth()
    await stage.recompute()
    expect(await wrongServed()).toBe(5)
    await expectTruth()
    expect(await stage.step({ step: 'exclusions' })).toMatchObject({
      revision: 2,
      exclusions: [{ id: 1, inForce: false, reason: 'load test', by: 'me', undone: { reason: 'they were right' } }],
    })
  })

  it('are told to windows as the newest, though a step that was given up on tells an older one late', async () => {
    const first = { requestId: 'request-first' }
    await exclude({ fields: { shop: 'wrong' } }, first)
    const later = overriding(stage.archive as Archive, {
      putNewest: async (key, value) => {
        expect([key, value]).toEqual([latestExclusionsKey, { revision: 1 }])
        expect(await exclude({ fields: { shop: 'late' } })).toMatchObject({ revision: 2 })
        await stage.archive.putNewest(key, value)
        throw new Error('given up on')
      },
    })
    const exclusion = { eventType: 'sale', from: null, to: null, fields: { shop: 'wrong' }, eventIds: null }
    const again = { step: 'exclude', ...first, exclusion, reason: 'load test', by: 'me' } as const
    await expect(runStep({ ...stage.batch, archive: later }, again)).rejects.toThrow('given up on')
    expect(await stage.archive.getJson(latestExclusionsKey)).toEqual({ revision: 2 })
  })

  it('leave the raw archive as it is: key by key and byte by byte', async () => {
    produce(2)
    produce(2, wrong)
    produce(1, wrong, shardB)
    await stage.settle()
    await stage.recompute()
    const before = await rawObjects()
    expect(before.size).toBe(2)
    const { id } = await exclude({ fields: { shop: 'wrong' } })
    expect(await rawObjects()).toEqual(before)
    await stage.replay(shardA, 1)
    await stage.recompute()
    expect(await wrongServed()).toBe(0)
    expect(await rawObjects()).toEqual(before)
    await stage.step({ step: 'undoExclusion', id, reason: 'they were right', by: 'me' })
    expect(await rawObjects()).toEqual(before)
    await stage.recompute()
    expect(await wrongServed()).toBe(3)
    expect(await rawObjects()).toEqual(before)
    await expectTruth()
  })

  it('reach what speed counted before by a replay; the twin of an excluded event then counts', async () => {
    produce(2)
    await stage.settle()
    await stage.recompute()
    produce(3, wrong)
    produce(1, { ...wrong, id: 'twin' })
    produce(1, { id: 'twin' })
    await stage.settle()
    expect(await wrongServed()).toBe(4)
    const { recorded } = await exclude({ fields: { shop: 'wrong' } })
    produce(2, wrong)
    await stage.settle()
    await stage.replay(shardA, 2)
    expect(await stage.answered('sales')).toEqual({ '2026-01-02T10:00:00.000Z ["mitte","true"]': '3' })
    expect((await stage.ask('sales', {})).receipt.exclusions).toEqual({ batch: 0, speed: 1, stretches: {} })
    expect(await stage.batch.exclusions.stretches()).toEqual([{ shardId: shardA, above: sequence(2), revision: 1 }])
    expect(recorded).toEqual({ [shardA]: sequence(7) })
    await expectTruth()
    await stage.recompute()
    await expectTruth()
  })

  it('let a twin count that is not excluded', async () => {
    produce(1, { ...wrong, id: 'twin' })
    produce(1, { id: 'twin' }, shardB)
    await stage.settle()
    await stage.recompute()
    expect(await stage.answered('sales')).toEqual({ '2026-01-02T10:00:00.000Z ["wrong","true"]': '1' })
    await exclude({ fields: { shop: 'wrong' } })
    await stage.recompute()
    expect(await stage.answered('sales')).toEqual({ '2026-01-02T10:00:00.000Z ["mitte","true"]': '1' })
    await expectTruth()
  })

  it('leave alone what newer rows go on without: a replay from below the recorded position is by the older revision', async () => {
    // The second and third raise no register that the first has not raised.
    const writer = stage.writer()
    for (const record of [stage.produce(shardA, { id: 'first' }), stage.produce(shardA), stage.produce(shardA)])
      await writer.write(shardA, [record])
    await stage.settle()
    await exclude({ eventIds: ['first'] })
    const replay = (reached: string) => stage.step({ step: 'replay', shardId: shardA, reached, maxRecords: 1 })
    expect(await replay(sequence(1))).toMatchObject({ records: 1 })
    expect(await stage.answered('shops')).toMatchObject({ '2026-01-02T00:00:00.000Z ["true"]': '1 or so' })
    await expectTruth()
    // Begun at the position, it heals.
    await stage.replay(shardA, 1)
    expect(await stage.answered('sales')).toEqual({ '2026-01-02T10:00:00.000Z ["mitte","true"]': '2' })
    await expectTruth()
  })

  it('leave alone the registers of a twin, told for one only once its first is excluded', async () => {
    stage.shards.push({ shardId: shardB, parentShardIds: [] }, { shardId: shardA, parentShardIds: [shardB] })
    const first = stage.produce(shardB, { ...wrong, id: 'twin' })
    const [twin, next] = [stage.produce(shardA, { id: 'twin' }), stage.produce(shardA)]
    // The first was not remembered yet: its twin counts, and the next goes on without the register that this raised.
    const writer = stage.writer()
    for (const record of [twin, next, first]) await writer.write(record.shardId, [record])
    await stage.archiveRecords([first])
    await stage.archiveRecords([twin])
    await exclude({ fields: { shop: 'wrong' } })
    await stage.replay(shardB, 1)
    await stage.replay(shardA, 1)
    expect(await stage.answered('sales')).toEqual({ '2026-01-02T10:00:00.000Z ["mitte","true"]': '1' })
    expect(await stage.answered('shops')).toEqual({ '2026-01-02T00:00:00.000Z ["true"]': '1 or so' })
    await stage.archiveRecords([next])
    await stage.replay(shardA, 1)
    await expectTruth()
  })

  it('a rollback to a dataset of another revision is a mix, and says so', async () => {
    produce(2)
    produce(1, wrong)
    await stage.settle()
    await stage.recompute()
    await exclude({ eventIds: [`${shardA}-3`] })
    produce(1)
    await stage.settle()
    await stage.recompute()
    await stage.step({ step: 'rollback' })
    expect((await stage.ask('sales', {})).receipt.exclusions).toEqual({ batch: 0, speed: 1, stretches: {} })
    await expectTruth()
  })

  it('are what a shard that comes later begins with', async () => {
    produce(1)
    await stage.settle()
    await exclude({ fields: { shop: 'wrong' } })
    produce(2, wrong, shardB)
    await stage.settle()
    expect(await wrongServed()).toBe(0)
    await expectTruth()
  })

  it('are made once by a request tried again, and end what another left half done', async () => {
    produce(1, wrong)
    await stage.settle()
    const exclusion = { eventType: 'sale', from: null, to: null, fields: { shop: 'wrong' }, eventIds: null }
    // Registered, and no more: the function died.
    await stage.archive.putJson('exclusions/requests/died-12345.json', exclusion)
    const died = { requestId: 'died-12345', reason: 'r', by: 'b' }
    await stage.batch.exclusions.add({ ...died, eventType: 'sale', definition: '{}', madeAt: stage.now })
    expect(await stage.step({ step: 'exclusions' })).toMatchObject({
      revision: 0,
      exclusions: [{ id: 1, inForce: false }],
    })
    produce(1)
    await stage.settle()
    await stage.recompute()
    expect(await stage.step({ step: 'exclusions' })).toMatchObject({
      revision: 1,
      exclusions: [{ id: 1, inForce: true }],
    })
    expect(await wrongServed()).toBe(0)
    expect(await exclude(exclusion, died)).toMatchObject({ id: 1, revision: 1, recorded: { [shardA]: sequence(2) } })
    await expectTruth()
  })

  it('made at the same time all take effect', async () => {
    produce(1, wrong)
    produce(1, { shop: 'other' })
    produce(2)
    await stage.settle()
    const made = await Promise.all([
      exclude({ fields: { shop: 'wrong' } }),
      exclude({ fields: { shop: 'other' } }),
      exclude({ fields: { items: '77' } }),
    ])
    expect(made.map(({ id }) => id).sort()).toEqual([1, 2, 3])
    expect(await stage.archive.getJson('exclusions/latest.json')).toEqual({ revision: 3 })
    await stage.recompute()
    expect(await stage.answered('sales')).toEqual({ '2026-01-02T10:00:00.000Z ["mitte","true"]': '2' })
    await expectTruth()
  })

  it('overtaken by a later one that died half way are counted by that, whose set alone was written', async () => {
    produce(1, wrong)
    await stage.settle()
    const killed = new Error('killed')
    const { exclusions } = stage.batch
    const later = overriding(exclusions, {
      enforce: async (revision) => {
        await exclusions.enforce(revision)
        throw killed
      },
    })
    const request = { step: 'exclude', reason: 'r', by: 'b' } as const
    const exclusion = { eventType: 'sale', from: null, to: null, fields: { shop: 'wrong' }, eventIds: null }
    let read: ReturnType<typeof exclusions.entries> | null = null
    const overtaken = overriding(exclusions, {
      entries: async () => {
        if (read !== null) return exclusions.entries()
        read = exclusions.entries()
        await read
        const second = { ...request, requestId: 'second-12345', exclusion: { ...exclusion, fields: { items: '77' } } }
        await expect(runStep({ ...stage.batch, exclusions: later }, second)).rejects.toThrow(killed)
        return read
      },
    })
    const first = { ...request, requestId: 'first-123456', exclusion }
    expect(await runStep({ ...stage.batch, exclusions: overtaken }, first)).toMatchObject({ id: 1, revision: 2 })
    expect(await exclusions.stretches()).toEqual([{ shardId: shardA, above: sequence(1), revision: 2 }])
    produce(1, wrong)
    await stage.settle()
    expect(await wrongServed()).toBe(1)
    await expectTruth()
  })

  it('that a person got wrong are refused, and nothing is changed', async () => {
    for (const [parts, request, code] of [
      [{ eventType: 'sail' }, {}, 'invalid_exclusion'],
      [{ fields: { colour: 'red' } }, {}, 'invalid_exclusion'],
      [{}, {}, 'excludes_everything'],
      [{ fields: { shop: 'a' } }, { reason: ' ' }, 'invalid_exclusion'],
    ] as const)
      expect((await exclude(parts, request)).problem).toMatchObject({ code, status: 400 })
    expect((await exclude({}, { everything: true })).revision).toBe(1)
    expect(await stage.step({ step: 'undoExclusion', id: 9, reason: 'r', by: 'me' })).toMatchObject({
      problem: { code: 'unknown_exclusion' },
    })
  })
}
