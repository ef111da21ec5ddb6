import { event, metric, z } from 'tidemark'
import { BatchStage, shardA } from '../../localstack/tidemark/batch-stage.ts'

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
