import { event, metric, z } from 'tidemark'
import type { Run } from '../../../lambdas/batch/run.ts'
import { runStep } from '../../../lambdas/batch/steps.ts'
import { BatchStage, shardA } from '../../localstack/tidemark/batch-stage.ts'
import { overriding } from '../../localstack/tidemark/overriding.ts'

describe('a promotion', () => {
  let stage: BatchStage
  beforeEach(async () => {
    stage = await BatchStage.start('memory')
  })

  const live = async (): Promise<string> => (await stage.ledger.control()).liveDatasetId
  const recomputed = async (options: Parameters<BatchStage['seal']>[0] = {}): Promise<string> => {
    stage.produce(shardA)
    await stage.settle()
    return (await stage.recompute(options)).datasetId
  }
  /** An execution up to its promotion. */
  const loaded = async (options: Parameters<BatchStage['seal']>[0] = {}): Promise<Run> => {
    let run = await stage.seal(options)
    const steps = run.next === 'load' ? [] : (['startRecompute', 'pollRecompute'] as const)
    for (const step of [...steps, 'startLoad', 'pollLoad', 'compare'] as const)
      do run = await stage.step({ step, run })
      while (step === 'pollLoad' && run.loadDone !== true)
    return run
  }
  /** Ends once its dataset is served, as a function does that is killed then. */
  const firstTry = async (run: Run): Promise<void> => {
    const putNewest = async (): Promise<never> => {
      throw new Error('no archive')
    }
    const batch = { ...stage.batch, archive: overriding(stage.archive, { putNewest }) }
    await expect(runStep(batch, { step: 'promote', run })).rejects.toThrow('no archive')
    expect(await live()).toBe(run.datasetId)
  }

  it('tried again after somebody went back from it serves nothing', async () => {
    const first = await recomputed()
    stage.produce(shardA)
    await stage.settle()
    const run = await loaded()
    await firstTry(run)
    expect(await stage.step({ step: 'rollback' })).toEqual({ liveDatasetId: first })
    await stage.step({ step: 'promote', run })
    expect(await live()).toBe(first)
  })

  it('of a dataset that is brought back does so, too, and serves it where it did not', async () => {
    stage.speedRetentionMs = 3_600_000
    const [first] = [await recomputed(), await recomputed()]
    const third = await recomputed()
    const reload = () => loaded({ reloadDatasetId: first })
    const run = await reload()
    await firstTry(run)
    expect(await stage.step({ step: 'rollback', datasetId: third })).toEqual({ liveDatasetId: third })
    await stage.step({ step: 'promote', run })
    expect(await live()).toBe(third)

    const another = await reload()
    await stage.step({ step: 'promote', run: another })
    expect(await live()).toBe(first)
  })

  it('is refused where more views have other columns than one transaction can replace', async () => {
    const sale = event('sale', { shop: z.string().nullable(), express: z.boolean(), amount: z.string() })
    const definitionsOf = (prefix: string, by: readonly ('shop' | 'express')[]): Record<string, unknown> =>
      Object.fromEntries(
        Array.from({ length: 8 }, (_, place) => `${prefix}_${place}`).map((name) => [
          name,
          metric(name, sale.count('sales'), { by, per: 'hour' }),
        ]),
      )
    await stage.deploy(definitionsOf('one', ['shop']))
    const first = await recomputed()
    await stage.deploy(definitionsOf('other', ['shop']))
    const second = await recomputed()
    await stage.deploy(definitionsOf('one', ['express']))
    expect(await stage.step({ step: 'rollback' })).toEqual({
      problem: expect.objectContaining({
        code: 'too_many_views',
        detail: expect.stringMatching(
          `^${first} is of model .* the columns of 40 views differ, and one promotion can replace 36 at most\\.`,
        ),
      }),
    })
    expect(await live()).toBe(second)
  })
})
