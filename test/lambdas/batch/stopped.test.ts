import type { Batch } from '../../../lambdas/batch/batch.ts'
import type { Run } from '../../../lambdas/batch/run.ts'
import { runStep, type StepRequest } from '../../../lambdas/batch/steps.ts'
import { MemoryJobs } from '../../../stores/jobs/memory.ts'
import { BatchStage, shardA } from '../../localstack/tidemark/batch-stage.ts'
import { overriding } from '../../localstack/tidemark/overriding.ts'
import { quoted } from '../../messages.ts'

describe('a recompute that is stopped', () => {
  let stage: BatchStage
  let jobs: MemoryJobs
  let liveBefore: string
  beforeEach(async () => {
    stage = await BatchStage.start('memory')
    jobs = new MemoryJobs({ archive: stage.archive, model: () => stage.model })
    stage.produce(shardA)
    await stage.settle()
    liveBefore = (await stage.recompute()).datasetId
    stage.produce(shardA)
    await stage.settle()
  })

  const step = (request: StepRequest, parts: Partial<Batch> = {}): Promise<Run> =>
    runStep({ ...stage.batch, jobs, ...parts }, request) as Promise<Run>
  const begun = async (): Promise<Run> => step({ step: 'startRecompute', run: await stage.seal() })
  /** What the rule on the executions' events tells the batch function: no more than the execution's name. */
  const stopped = (executionName: string, status: string) =>
    step({ step: 'recordFailure', executionName, error: { Error: status, Cause: `The execution ended as ${status}.` } })
  const loading = async (): Promise<Run> => {
    let run = await stage.step({ step: 'startRecompute', run: await stage.seal() })
    run = await stage.step({ step: 'pollRecompute', run })
    return stage.step({ step: 'startLoad', run })
  }
  const polled = async (run: Run, parts: Partial<Batch> = {}): Promise<Run> => {
    let now = run
    do now = await step({ step: 'pollLoad', run: now }, parts)
    while (now.loadDone !== true)
    return now
  }
  const goneBackToAfterTheNext = async ({ datasetId }: Run): Promise<void> => {
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    expect(await live()).not.toBe(datasetId)
    expect(await step({ step: 'rollback' })).toEqual({ liveDatasetId: datasetId })
  }
  const live = async (): Promise<string> => (await stage.ledger.control()).liveDatasetId

  it.each(['ABORTED', 'TIMED_OUT'])(
    'from outside (%s): its job is cancelled, and the next run is clean',
    async (status) => {
      const run = await begun()
      expect(jobs.unended()).toHaveLength(1)
      expect(await stopped(run.executionName, status)).toEqual({ datasetId: run.datasetId, cancelledJobs: 1 })
      expect(jobs.unended()).toEqual([])
      expect(await stage.ledger.dataset(run.datasetId)).toMatchObject({
        state: 'failed',
        reason: `The execution ended as ${status}.`,
      })
      expect(await live()).toBe(liveBefore)
      if (status === 'ABORTED') expect((await stage.ledger.dataset(run.datasetId))?.reason).toMatch(quoted('stopped'))
      await expect(step({ step: 'pollRecompute', run })).rejects.toThrow('CANCELLED')
      // Told twice, and by a rule that comes late: nothing changes.
      expect(await stopped(run.executionName, status)).toMatchObject({ cancelledJobs: 0 })
      const next = await stage.recompute()
      expect(await live()).toBe(next.datasetId)
      expect(await stage.answered('sales')).toEqual(await stage.expected('sales'))
    },
  )

  it('while it loads: the slot is free again for the next one', async () => {
    const sealed = await stage.seal()
    let run = await stage.step({ step: 'startRecompute', run: sealed })
    run = await stage.step({ step: 'pollRecompute', run })
    run = await stage.step({ step: 'startLoad', run })
    await stopped(run.executionName, 'ABORTED')
    expect(await live()).toBe(liveBefore)
    const next = await stage.recompute()
    expect(await live()).toBe(next.datasetId)
    expect(await stage.answered('sales')).toEqual(await stage.expected('sales'))
  })

  describe('while a step is at work, which goes on', () => {
    const ended = 'ended while this step was at work'
    const isFailed = { state: 'failed', reason: 'The execution ended as ABORTED.' }

    it('and begins the job only then: it is cancelled again', async () => {
      const run = await stage.seal()
      const stoppedFirst = overriding(jobs, {
        start: async (...job) => {
          expect(await stopped(run.executionName, 'ABORTED')).toMatchObject({ cancelledJobs: 0 })
          return jobs.start(...job)
        },
      })
      await expect(step({ step: 'startRecompute', run }, { jobs: stoppedFirst })).rejects.toThrow(ended)
      expect(await jobs.state(`${run.datasetId}-${run.executionName}`)).toMatchObject({ detail: 'CANCELLED' })
      expect(jobs.unended()).toEqual([])
      expect(await stage.ledger.dataset(run.datasetId)).toMatchObject(isFailed)
    })

    it('and would begin the job after that: none is begun', async () => {
      const run = await stage.seal()
      await stopped(run.executionName, 'ABORTED')
      await expect(step({ step: 'startRecompute', run })).rejects.toThrow(ended)
      await expect(jobs.state(`${run.datasetId}-${run.executionName}`)).rejects.toThrow('There is no job run')
    })

    it('and has seen its job succeed: it stays failed, and the next run does not wait for it', async () => {
      stage.silentAfterMs = 3_600_000
      const run = await begun()
      await jobs.runAll()
      const stoppedNow = overriding(jobs, {
        state: async (runId) => {
          const state = await jobs.state(runId)
          await stopped(run.executionName, 'ABORTED')
          return state
        },
      })
      await expect(step({ step: 'pollRecompute', run }, { jobs: stoppedNow })).rejects.toThrow(ended)
      expect(await stage.ledger.dataset(run.datasetId)).toMatchObject(isFailed)
      expect(await stage.seal()).toMatchObject({ next: 'recompute' })
    })

    it('and has seen its load end: it stays failed, and the slot is free for the next one', async () => {
      const run = await loading()
      const ledger = overriding(stage.ledger, {
        setState: async (...state) => {
          await stopped(run.executionName, 'ABORTED')
          return stage.ledger.setState(...state)
        },
      })
      await expect(polled(run, { ledger })).rejects.toThrow(ended)
      expect(await stage.ledger.dataset(run.datasetId)).toMatchObject(isFailed)
      const next = await stage.recompute()
      expect(await live()).toBe(next.datasetId)
      expect(await stage.answered('sales')).toEqual(await stage.expected('sales'))
    })
  })

  it('while it is promoted: what is served does not become failed', async () => {
    let run = await polled(await loading())
    run = await stage.step({ step: 'compare', run })
    const ledger = overriding(stage.ledger, {
      noteFailure: async (...failure) => {
        await stage.step({ step: 'promote', run })
        return stage.ledger.noteFailure(...failure)
      },
    })
    await step({ step: 'recordFailure', executionName: run.executionName, error: { Error: 'ABORTED' } }, { ledger })
    expect(await live()).toBe(run.datasetId)
    await goneBackToAfterTheNext(run)
  })

  it('a step that was given up on, and comes to its end after its retry was served, takes nothing back', async () => {
    const run = await loading()
    const ledger = overriding(stage.ledger, {
      setState: async (...state) => {
        const retried = await stage.step({ step: 'compare', run: await polled(run) })
        await stage.step({ step: 'promote', run: retried })
        return stage.ledger.setState(...state)
      },
    })
    expect(await polled(run, { ledger })).toMatchObject({ loadDone: true })
    expect(await stage.ledger.dataset(run.datasetId)).toMatchObject({ state: 'promoted', step: 'promote', reason: '' })
    await goneBackToAfterTheNext(run)
  })

  it('where what a step failed with can not be noted, the step says both', async () => {
    const run = await begun()
    jobs.fail(run.jobRunId ?? '', 'out of memory')
    const down = () => Promise.reject(new Error('The warehouse is down.'))
    const ledger = overriding(stage.ledger, { noteFailure: down })
    const polled = step({ step: 'pollRecompute', run }, { ledger })
    await expect(polled).rejects.toThrow(/out of memory .*\(And the ledger .*: The warehouse is down\.\)$/)
  })

  it('by its job’s own time limit: the step names the job and says how it ended', async () => {
    const run = await begun()
    expect(await step({ step: 'pollRecompute', run })).toMatchObject({ jobDone: false })
    jobs.fail(run.jobRunId ?? '', 'it ran longer than 180 minutes')
    await expect(step({ step: 'pollRecompute', run })).rejects.toThrow(
      `The Spark job ${run.jobRunId} of ${run.datasetId} ended: FAILED: it ran longer than 180 minutes`,
    )
    expect(await live()).toBe(liveBefore)
  })
})
