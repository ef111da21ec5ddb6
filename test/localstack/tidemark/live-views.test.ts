import { event, metric, z } from 'tidemark'
import { retireModels } from '../../../lambdas/batch/models.ts'
import { BatchStage, shardA } from './batch-stage.ts'

const fields = { shop: z.string().nullable(), express: z.boolean(), amount: z.string() }
/** As many hourly metrics of one event as need more views than a transaction has statements. */
const names = Array.from({ length: 12 }, (_, place) => `sales_${place}`)
/** @param gone the place of a metric that is not there @param added names of daily metrics besides */
const definitionsOf = (more: z.ZodRawShape, onlyExpress: boolean, gone = -1, added: readonly string[] = []) => {
  const sale = event('sale', { ...fields, ...more })
  const where = onlyExpress ? { where: { express: true } } : {}
  const hourly = names
    .filter((_, place) => place !== gone)
    .map((name) => metric(name, sale.count('sales'), { by: ['shop'], per: 'hour', ...where }))
  const daily = added.map((name) => metric(name, sale.count('sales'), { per: 'day' }))
  return Object.fromEntries([...hourly, ...daily].map((one) => [one.name, one]))
}

describe('views while definitions change', () => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await BatchStage.start('warehouse')
  })
  afterAll(() => stage.stop())

  const total = async (view: string): Promise<number> => {
    const [row] = await stage.local.rows(`SELECT SUM(value) FROM analytics.${view}`)
    return Number(row?.[0])
  }
  const totals = async (): Promise<number[]> => [
    await total('sales_0'),
    await total('sales_0_day'),
    await total('sales_11_month'),
  ]
  const standing = async (view: string): Promise<number> => {
    const rows = await stage.local.rows(
      "SELECT COUNT(*) FROM pg_views WHERE schemaname = 'analytics' AND viewname = :view",
      { view },
    )
    return Number(rows[0]?.[0])
  }

  it('answer by what is served, whatever is deployed, however many they are', async () => {
    await stage.deploy(definitionsOf({}, false))
    for (const express of [true, false, false]) stage.produce(shardA, { express })
    await stage.settle()
    await stage.recompute()
    expect(await totals()).toEqual([3, 3, 3])

    await stage.deploy(definitionsOf({ till: z.string().optional() }, true, 5))
    expect(await totals()).toEqual([3, 3, 3])
    stage.produce(shardA, { express: true })
    await stage.settle()
    expect(await totals()).toEqual([4, 4, 4])
    expect(await total('sales_5')).toBe(4)

    await stage.recompute()
    expect(await totals()).toEqual([2, 2, 2])
    expect(await standing('sales_5')).toBe(0)
    await stage.step({ step: 'rollback' })
    expect(await totals()).toEqual([4, 4, 4])
    expect(await total('sales_5')).toBe(4)
  })

  it('hold one model’s query again once nothing needs the other', async () => {
    const { datasetId } = (await stage.ledger.datasets())[0] ?? { datasetId: '' }
    await stage.step({ step: 'promoteDataset', datasetId, acceptDrift: true })
    const query = async (): Promise<string> =>
      String((await stage.local.rows("SELECT definition FROM pg_views WHERE viewname = 'sales_0'"))[0]?.[0])
    expect(await query()).toContain('serving_version')
    stage.produce(shardA, { express: true })
    await stage.settle()
    await stage.recompute({ full: true })
    expect(await query()).not.toContain('serving_version')
    expect(await totals()).toEqual([3, 3, 3])
    expect((await stage.modelLedger.models()).lineUp).toBe(stage.model.data.version)
  })

  it('that are new fail until they are served, and say why', async () => {
    await stage.deploy(definitionsOf({ till: z.string().optional() }, true, -1, ['more']))
    await expect(total('more')).rejects.toThrow('more changed: run tidemark recompute --full')
    await stage.settle()
    await stage.recompute()
    expect(await total('more')).toBe(5)
  })

  it('stand again after a rollback over a deploy that renamed more of them than a transaction has statements', async () => {
    const renamed = (prefix: string, by: readonly 'shop'[] = ['shop']): Record<string, unknown> => {
      const counted = event('sale', fields).count('sales')
      const hourly = Array.from({ length: 8 }, (_, place) => metric(`${prefix}_${place}`, counted, { by, per: 'hour' }))
      return Object.fromEntries(hourly.map((one) => [one.name, one]))
    }
    await stage.deploy(renamed('old'))
    await stage.settle()
    const { datasetId: old } = await stage.recompute()
    expect(await total('old_7_year')).toBe(5)
    await stage.deploy(renamed('new'))
    await stage.settle()
    const { datasetId } = await stage.recompute()
    expect(await total('new_7_year')).toBe(5)
    expect(await standing('old_7_year')).toBe(0)

    expect(await stage.step({ step: 'rollback' })).toEqual({ liveDatasetId: old })
    expect([await total('old_0'), await total('old_7_year')]).toEqual([5, 5])
    await expect(total('new_7_year')).rejects.toThrow('new_7 changed: run tidemark recompute --full')
    const [comment] = await stage.local.rows("SELECT obj_description(CAST('analytics.old_0' AS regclass))")
    expect(comment?.[0]).toContain('sales')

    const again = { step: 'promoteDataset', datasetId, acceptDrift: true } as const
    expect(await stage.step(again)).toEqual({ liveDatasetId: datasetId })
    expect(await total('new_7_year')).toBe(5)
    expect(await standing('old_7_year')).toBe(0)
  })

  it('are those of a deploy that comes while an older model’s queries are taken out of them', async () => {
    await stage.deploy(definitionsOf({}, false))
    await stage.settle()
    await stage.recompute({ full: true })
    await stage.deploy(definitionsOf({ till: z.string().optional() }, true))
    await stage.settle()
    await stage.recompute()
    stage.produce(shardA, { express: false })
    await stage.settle()
    const { modelLedger, batch } = stage
    let deployed = false
    const retire = async () => {
      const after = await modelLedger.retire()
      if (!deployed && after.lineUp === after.modelVersion) {
        deployed = true
        await stage.deploy(definitionsOf({}, false))
      }
      return after
    }
    const run = await stage.recompute({ full: true, promote: false })
    await stage.step({ step: 'promoteDataset', datasetId: run.datasetId, acceptDrift: true })
    await retireModels({ ...batch, modelLedger: { models: () => modelLedger.models(), retire } })
    expect(deployed).toBe(true)
    expect(await totals()).toEqual([3, 3, 3])
    await stage.settle()
    await stage.recompute({ full: true })
    expect(await totals()).toEqual([6, 6, 6])
  })
})
