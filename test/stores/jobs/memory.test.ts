import { MemoryJobs } from '../../../stores/jobs/memory.ts'
import { BatchStage, changedDefinitions, shardA } from '../../localstack/tidemark/batch-stage.ts'

describe('the batch engine in memory', () => {
  const specificationOf = async () => {
    const stage = await BatchStage.start('memory')
    for (const id of ['a', 'b', 'a']) stage.produce(shardA, { id, at: '2026-01-02T10:00:00Z' })
    await stage.settle()
    const { datasetId } = await stage.seal()
    const jobs = new MemoryJobs({ archive: stage.archive, model: () => stage.model })
    const manifest = () => stage.archive.getJson(`manifests/${datasetId}.json`)
    return { stage, jobs, datasetId, uri: `s3://lake/jobs/${datasetId}.json`, manifest }
  }

  it('begins one job an attempt, which stands until it is run', async () => {
    const { jobs, datasetId, uri, manifest } = await specificationOf()
    const runId = await jobs.start(datasetId, uri, 'one')
    expect(await jobs.start(datasetId, uri, 'one')).toBe(runId)
    expect(jobs.unended()).toEqual([runId])
    expect(await jobs.state(runId)).toEqual({ ended: false })
    expect(await manifest()).toBeNull()
    await jobs.runAll()
    expect(await jobs.state(runId)).toMatchObject({ ended: true, succeeded: true })
    expect(await manifest()).toMatchObject({ datasetId, counts: { read: 3, duplicates: 1, rejected: 0 } })
    expect(await jobs.start(datasetId, uri, 'two')).not.toBe(runId)
  })

  it('ends a cancelled job at once, whose files may appear all the same', async () => {
    const { jobs, datasetId, uri, manifest } = await specificationOf()
    const runId = await jobs.start(datasetId, uri, 'one')
    expect(await jobs.cancelAll(datasetId)).toBe(1)
    expect(await jobs.cancelAll(datasetId)).toBe(0)
    await jobs.run(runId)
    expect(await jobs.state(runId)).toEqual({ ended: true, succeeded: false, detail: 'CANCELLED' })
    expect(await manifest()).not.toBeNull()
  })

  it('fails with what went wrong', async () => {
    const { stage, jobs, datasetId, uri, manifest } = await specificationOf()
    const lost = await jobs.start('ds-lost', 's3://lake/jobs/ds-lost.json', 'one')
    const told = await jobs.start(datasetId, uri, 'told')
    jobs.fail(told, 'executor lost')
    await stage.deploy(changedDefinitions)
    const older = await jobs.start(datasetId, uri, 'older')
    await jobs.runAll()
    const detailOf = async (runId: string): Promise<unknown> => jobs.state(runId)
    expect(await detailOf(lost)).toMatchObject({ detail: expect.stringContaining('There is no specification') })
    expect(await detailOf(told)).toMatchObject({ succeeded: false, detail: 'FAILED: executor lost' })
    expect(await detailOf(older)).toMatchObject({ detail: expect.stringContaining('and the job runs') })
    expect(await manifest()).toBeNull()
    await expect(jobs.state('nobody')).rejects.toThrow('There is no job run nobody.')
  })
})
