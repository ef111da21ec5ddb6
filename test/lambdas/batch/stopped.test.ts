import type { Run } from '../../../lambdas/batch/run.ts'
import { runStep, type StepRequest } from '../../../lambdas/batch/steps.ts'
import { MemoryJobs } from '../../../stores/jobs/memory.ts'
import { BatchStage, shardA } from '../../localstack/tidemark/batch-stage.ts'
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

  const step = (request: StepRequest): Promise<Run> => runStep({ ...stage.batch, jobs }, request) as Promise<Run>
  const begun = async (): Promise<Run> => step({ step: 'startRecompute', run: await stage.seal() })
  /** What the rule on the executions' events tells the batch function: no more than the execution's name. */
  const stopped = (executionName: string, status: string) =>
    step({ step: 'recordFailure', executionName, error: { Error: status, Cause: `The execution ended as ${status}.` } })
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
