import { metric } from 'tidemark'
import type { Model } from '../../../core/model.ts'
import { tellModels } from '../../../lambdas/batch/models.ts'
import { answerServed, type Sources } from '../../../lambdas/serving/served-model.ts'
import { LatestModels } from '../../../stores/models/line-ups.ts'
import { latestModelsKey } from '../../../stores/models/models.ts'
import { MemoryWindowStore } from '../../../stores/window/memory.ts'
import { BatchStage, changedDefinitions, sale, shardA } from '../../localstack/tidemark/batch-stage.ts'

/** The API over a stage on the twin, which learns of models only where it is told. */
describe('answers while definitions change', () => {
  let stage: BatchStage
  let sources: Sources
  let first: Model
  let now: number
  const second = { ...changedDefinitions, smallest: metric('smallest', sale.min('amount'), { per: 'day' }) }

  beforeEach(async () => {
    stage = await BatchStage.start('memory')
    first = stage.model
    now = 0
    stage.produce(shardA, { express: true })
    stage.produce(shardA, { express: false })
    await stage.settle()
    await tellModels(stage.batch)
    await stage.recompute()
    sources = {
      states: stage.states,
      archive: stage.archive,
      stream: { shards: async () => [], oldestAfter: async () => null },
      windows: new MemoryWindowStore(() => now),
      models: stage.models,
      deployed: first.data,
      limits: stage.limits,
      latest: new LatestModels(stage.archive, first.data.version, () => now),
      reach: { overlapMs: 0, retentionMs: 0 },
      now: () => now,
    }
  })

  const ask = (path: string) =>
    answerServed(sources, path, new URLSearchParams({ per: 'total' })) as Promise<{
      rows: readonly { value: unknown }[]
      receipt: { modelVersion: string }
    }>
  const sales = async () => {
    const { rows, receipt } = await ask('/v1/metrics/sales')
    return [rows[0]?.value, receipt.modelVersion]
  }

  it('are by the older ones until a dataset of the new ones is promoted, and then by those, at once', async () => {
    expect(await sales()).toEqual([2, first.data.version])
    await stage.deploy(second)
    await tellModels(stage.batch)
    now += 10_000
    expect(await sales()).toEqual([2, first.data.version])
    expect(await ask('/v1/metrics/largest')).toMatchObject({ receipt: { modelVersion: first.data.version } })
    await stage.settle()
    // Nobody tells of this promotion in time: the answer's own snapshot does.
    await stage.recompute()
    await stage.archive.putJson(latestModelsKey, {
      ...(await stage.modelLedger.models()),
      servingVersion: first.data.version,
    })
    expect(await sales()).toEqual([1, stage.model.data.version])
  })

  it('say of what is new that it is being built, and of what nobody knows that it is unknown', async () => {
    await stage.deploy(second)
    await tellModels(stage.batch)
    now += 10_000
    await expect(ask('/v1/metrics/smallest_ever')).rejects.toMatchObject({ code: 'unknown_metric', status: 404 })
    await stage.deploy({ ...second, biggest: metric('biggest', sale.max('items'), { per: 'day' }) })
    await tellModels(stage.batch)
    now += 10_000
    await expect(ask('/v1/metrics/biggest')).rejects.toMatchObject({ code: 'definition_building', status: 409 })
    await stage.settle()
    await stage.recompute()
    // Within the seconds that what was told is held for: a refusal is looked at again.
    expect((await ask('/v1/metrics/biggest')).rows).toHaveLength(1)
  })

  it('go on from a page only by the definitions that it was answered by', async () => {
    stage.produce(shardA, { shop: 'süd' })
    await stage.settle()
    const page = (cursor: string | null) =>
      answerServed(
        sources,
        '/v1/metrics/turnover',
        new URLSearchParams({ by: 'shop', limit: '1', ...(cursor === null ? {} : { cursor }) }),
      ) as Promise<{ rows: readonly unknown[]; next: string | null }>
    const { next } = await page(null)
    expect((await page(next)).rows).toHaveLength(1)
    await stage.deploy(second)
    await stage.settle()
    await stage.recompute()
    await expect(page(next)).rejects.toMatchObject({ code: 'snapshot_gone', status: 410 })
  })

  it('are the deployed model’s where no record ever came', async () => {
    const fresh = await BatchStage.start('memory')
    await fresh.deploy(second)
    expect(await fresh.modelLedger.models()).toMatchObject({
      servingVersion: fresh.model.data.version,
      lineUp: fresh.model.data.version,
    })
  })
})
