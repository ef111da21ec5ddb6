import type { Run } from '../../../lambdas/batch/run.ts'
import { runStep } from '../../../lambdas/batch/steps.ts'
import { BatchStage, changedDefinitions, shardA } from '../../localstack/tidemark/batch-stage.ts'
import { overriding } from '../../localstack/tidemark/overriding.ts'

const request = {
  step: 'seal',
  executionName: 'deployed-between',
  startedAt: '2026-01-03T09:00:00Z',
  full: false,
  promote: true,
  reloadDatasetId: null,
} as const

describe('definitions deployed while a recompute is under way', () => {
  let stage: BatchStage
  beforeEach(async () => {
    stage = await BatchStage.start('memory')
    stage.produce(shardA, { express: true })
    stage.produce(shardA, { express: false })
    await stage.settle()
  })

  const specified = async (run: Run) => stage.archive.getJson(`jobs/${run.datasetId}.json`)

  it('do not specify what a seal of the older ones registered, and was given up on', async () => {
    const run = await stage.step<Run>(request)
    await stage.archive.putJson(`jobs/${run.datasetId}.json`, null)
    await stage.deploy(changedDefinitions)
    await expect(stage.step(request)).rejects.toThrow(`Dataset ${run.datasetId} was sealed by model`)
    expect(await specified(run)).toBeNull()
  })

  it('keep what they registered from a seal of the older ones that is still at work', async () => {
    const { ledger } = stage.batch
    const register: typeof ledger.register = async (...dataset) => {
      await stage.deploy(changedDefinitions)
      const run = await stage.step<Run>(request)
      expect(await specified(run)).toMatchObject({ modelVersion: stage.model.data.version })
      return ledger.register(...dataset)
    }
    const older = runStep({ ...stage.batch, ledger: overriding(ledger, { register }) }, request)
    await expect(older).rejects.toThrow('was sealed by model')
    const [dataset] = await ledger.datasets()
    expect(await stage.archive.getJson(`jobs/${dataset?.datasetId}.json`)).toMatchObject({
      modelVersion: dataset?.modelVersion,
    })
  })

  it('begin no job for what the older ones sealed', async () => {
    const run = await stage.step<Run>(request)
    await stage.deploy(changedDefinitions)
    await expect(stage.step({ step: 'startRecompute', run })).rejects.toThrow(
      `Dataset ${run.datasetId} was sealed by model`,
    )
    expect(await stage.recompute()).toMatchObject({ next: 'promote' })
  })
})
