import { refusal } from '../../../cli/ask-batch.ts'
import type { Run } from '../../../lambdas/batch/run.ts'
import { runStep } from '../../../lambdas/batch/steps.ts'
import { quoted } from '../../messages.ts'
import { type BatchStage, changedDefinitions, shardA } from './batch-stage.ts'
import { overriding } from './overriding.ts'

const minuteMs = 60_000

/** What becomes of two recomputes at once, whatever warehouse they run on. */
export const underWayCases = (start: () => Promise<BatchStage>): void => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await start()
  })
  beforeEach(async () => {
    await stage.reset()
    stage.silentAfterMs = 30 * minuteMs
    stage.produce(shardA)
    await stage.settle()
  })
  afterAll(() => stage.stop())

  const registered = async (): Promise<string[]> =>
    (await stage.ledger.datasets()).map(({ datasetId }) => datasetId).sort()

  it('the second is refused at once, with the first one’s name, and changes nothing', async () => {
    const first = await stage.seal()
    const second = await stage.seal({ full: true })
    expect(second).toMatchObject({ next: 'busy', problem: { code: 'recompute_under_way', status: 409 } })
    expect(second.problem).toMatchObject({ datasetId: first.datasetId, executionName: first.executionName })
    expect(second.problem?.detail).toContain(`Recompute ${first.datasetId} (execution ${first.executionName})`)
    expect(second.problem && refusal(second.problem)).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(quoted('underWay')),
    })
    expect(await registered()).toEqual([first.datasetId])
  })

  it('a second try of the same seal is none', async () => {
    const request = { step: 'seal', ...sealOf({ executionName: 'one' }) } as const
    const first = await stage.step(request)
    expect(first.next).toBe('recompute')
    expect(await stage.step(request)).toEqual(first)
  })

  it('a try that was cut off between registering and writing down what to do goes on', async () => {
    const archive = overriding(stage.archive, {
      putJson: async (key, value) => {
        if (key.startsWith('jobs/') && !key.endsWith('.alive.json')) throw new Error('cut off')
        return stage.archive.putJson(key, value)
      },
    })
    const request = { step: 'seal', ...sealOf({ executionName: 'one' }) } as const
    await expect(runStep({ ...stage.batch, archive }, request)).rejects.toThrow('cut off')
    expect(await stage.seal()).toMatchObject({ next: 'busy' })
    expect(await stage.step(request)).toMatchObject({ next: 'recompute' })
  })

  it('of many at the same moment one goes on, and the others are told which', async () => {
    const runs = await Promise.all(['one', 'two', 'three'].map((executionName) => stage.seal({ executionName })))
    const begun = runs.filter(({ next }) => next === 'recompute')
    expect(begun).toHaveLength(1)
    expect(await registered()).toEqual(begun.map(({ datasetId }) => datasetId))
    for (const { problem } of runs.filter(({ next }) => next === 'busy'))
      expect(problem?.datasetId).toBe(begun[0]?.datasetId)
    expect(runs.filter(({ next }) => next === 'busy')).toHaveLength(2)
  })

  it('one that looked before the other registered does not register beside it', async () => {
    let hasBegun = false
    const ledger = overriding(stage.ledger, {
      register: async (dataset, alone) => {
        if (!hasBegun) {
          hasBegun = true
          await stage.seal({ executionName: 'first' })
        }
        await stage.ledger.register(dataset, alone)
      },
    })
    const request = { step: 'seal', ...sealOf({ executionName: 'second' }) } as const
    const second = (await runStep({ ...stage.batch, ledger }, request)) as Run
    expect(second).toMatchObject({ next: 'busy', problem: { executionName: 'first' } })
    expect(await registered()).toHaveLength(1)
  })

  it('one that shows signs of life is waited for, however long it takes; one that went silent is not', async () => {
    const first = await stage.seal()
    let run = await stage.step({ step: 'startRecompute', run: first })
    stage.now += 25 * minuteMs
    run = await stage.step({ step: 'pollRecompute', run })
    stage.now += 25 * minuteMs
    expect(await stage.seal()).toMatchObject({ next: 'busy', problem: { state: 'recomputed' } })
    stage.now += 6 * minuteMs
    const second = await stage.seal({ full: true })
    expect(second.next).toBe('recompute')
    // It was not dead at all: both go on, and each is right.
    for (const step of ['startLoad', 'pollLoad'] as const) run = await stage.step({ step, run })
    expect(await stage.ledger.dataset(second.datasetId)).toMatchObject({ state: 'sealed' })
  })

  it('once the first has ended, well or not, the next begins', async () => {
    const first = await stage.seal()
    await stage.step({ step: 'recordFailure', run: first, executionName: first.executionName, error: { Error: 'E' } })
    const next = await stage.recompute()
    expect((await stage.ledger.control()).liveDatasetId).toBe(next.datasetId)
    stage.produce(shardA)
    await stage.settle()
    const held = await stage.recompute({ promote: false })
    expect(held.next).toBe('hold')
    expect(await stage.recompute()).toMatchObject({ next: 'promote' })
    expect(await stage.answered('sales')).toEqual(await stage.expected('sales'))
  })

  it('one of a model that is deployed no more can’t be loaded, and is not waited for', async () => {
    await stage.seal()
    await stage.deploy(changedDefinitions)
    await stage.settle()
    expect(await stage.seal()).toMatchObject({ next: 'recompute' })
  })

  it('a dataset that is brought back is loaded beside one that is recomputed', async () => {
    const live = await stage.recompute()
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    stage.produce(shardA)
    await stage.settle()
    await stage.seal()
    expect(await stage.seal({ reloadDatasetId: live.datasetId })).toMatchObject({ next: 'load' })
  })
}

const sealOf = ({ executionName }: Pick<Run, 'executionName'>) => ({
  executionName,
  startedAt: '2026-01-03T00:00:01.000Z',
  full: false,
  promote: true,
  reloadDatasetId: null,
})
