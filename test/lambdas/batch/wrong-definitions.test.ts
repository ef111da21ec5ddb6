import { BatchStage, changedDefinitions, definitions, shardA } from '../../localstack/tidemark/batch-stage.ts'

/** What docs/runbook.md says below "A wrong definition was deployed". */
describe('wrong definitions that were deployed and served', () => {
  let stage: BatchStage
  let [right, wrong] = ['', '']
  beforeEach(async () => {
    stage = await BatchStage.start('memory')
    stage.speedRetentionMs = 7 * 86_400_000
    right = stage.model.data.version
    stage.produce(shardA, { express: false })
    await recomputed()
    stage.maxDrift = 0
    await stage.deploy(changedDefinitions)
    wrong = stage.model.data.version
    await recomputed()
    expect(await live()).toMatchObject({ modelVersion: wrong })
  })

  const recomputed = async () => {
    stage.produce(shardA, { express: false })
    await stage.settle()
    return stage.recompute()
  }
  const live = async () => stage.ledger.dataset((await stage.ledger.control()).liveDatasetId)
  const rollback = () => stage.step<object>({ step: 'rollback' })

  it('are served again by the next recompute after a rollback, whatever drift is allowed', async () => {
    await rollback()
    expect(await live()).toMatchObject({ modelVersion: right })
    expect(await recomputed()).toMatchObject({ next: 'promote', beyond: [] })
    expect(await live()).toMatchObject({ modelVersion: wrong, kind: 'full' })
  })

  it('are not where the earlier ones are deployed again after it: recomputes go on from what is served', async () => {
    await rollback()
    await stage.deploy(definitions)
    await recomputed()
    expect(await live()).toMatchObject({ modelVersion: right, kind: 'incremental' })
    expect(await stage.answered('sales')).toEqual(await stage.expected('sales'))
  })

  it('can be gone back from until a second recompute by them; the earlier ones deployed again are served after that', async () => {
    await recomputed()
    await rollback()
    expect(await live()).toMatchObject({ modelVersion: wrong })
    const [first] = (await stage.ledger.datasets()).filter(({ modelVersion }) => modelVersion === right)
    expect(await rollbackTo(first?.datasetId ?? '')).toContain(`was made by model ${right}, and ${wrong} is deployed`)
    await stage.deploy(definitions)
    await recomputed()
    expect(await live()).toMatchObject({ modelVersion: right, kind: 'full' })
    expect(await stage.answered('sales')).toEqual(await stage.expected('sales'))
  })

  /** Loads an older dataset again, as the command line does. @returns why it was refused */
  const rollbackTo = async (datasetId: string): Promise<string> => {
    await expect(stage.step({ step: 'rollback', datasetId })).resolves.toEqual({ reload: datasetId })
    return stage.recompute({ reloadDatasetId: datasetId }).then(
      () => 'not refused',
      (error: Error) => error.message,
    )
  }
})
