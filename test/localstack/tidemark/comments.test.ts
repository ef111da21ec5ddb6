import { metric } from 'tidemark'
import { BatchStage, definitions, sale, shardA } from './batch-stage.ts'

/** What a description may hold that SQL reads otherwise. */
const odd = "it's \\ a \\' :name; DROP VIEW analytics.turnover; -- \n\t🛫"

describe('what views say of themselves', () => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await BatchStage.start('warehouse')
  })
  afterAll(() => stage.stop())

  const said = async (view: string): Promise<string> => {
    const [row] = await stage.local.rows("SELECT obj_description(CAST(:view AS regclass), 'pg_class')", {
      view: `analytics.${view}`,
    })
    return String(row?.[0])
  }

  it('is what the definitions say, whatever it holds', async () => {
    await stage.deploy({
      ...definitions,
      sales: metric('sales', sale.count('sales'), { by: ['shop', 'express'], per: 'hour', describe: odd, owner: 'us' }),
    })
    expect(await said('sales')).toBe(
      `${odd.replaceAll(/[\n\t]+/g, ' ')}. Owner: us. Measure: count of sale. Unit: sales. By: shop, express. Per: hour.`,
    )
    expect(await said('turnover')).toContain('Measure: sum of amount of sale. Unit: EUR.')
  })

  it('goes with the views that a promotion replaces', async () => {
    stage.produce(shardA)
    await stage.settle()
    await stage.recompute()
    await stage.deploy({
      ...definitions,
      sales: metric('sales', sale.count('receipts'), { by: ['shop'], per: 'hour', describe: 'Another count' }),
    })
    expect(await said('sales')).toContain('Unit: sales.')
    await stage.settle()
    await stage.recompute()
    expect(await said('sales')).toBe('Another count. Measure: count of sale. Unit: receipts. By: shop. Per: hour.')
    await stage.step({ step: 'rollback' })
    expect(await said('sales')).toContain('Unit: sales.')
  })
})
