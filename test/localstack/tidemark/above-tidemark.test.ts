import { receiptLines } from '../../../cli/receipt.ts'
import { BatchStage, shardA } from './batch-stage.ts'

describe.each(['warehouse', 'memory'] as const)('a distinct count, on the %s', (on) => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await BatchStage.start(on)
  })
  afterAll(() => stage.stop())

  const shops = async (query: Record<string, string> = {}) => {
    const { rows, receipt } = await stage.ask('shops', query)
    return { values: rows.map(({ value, exact }) => [value, exact]), receipt }
  }

  it('is exact once batch has all of it, and says how many events make it an estimate else', async () => {
    for (const shop of ['mitte', 'west', 'mitte']) stage.produce(shardA, { shop })
    await stage.settle()
    expect((await shops()).receipt).toMatchObject({ exact: false, aboveTidemark: 3 })
    await stage.recompute()
    expect(await shops()).toMatchObject({ values: [[2, true]], receipt: { exact: true, aboveTidemark: 0 } })

    // Late, of the same day: one shop is new, one is not.
    for (const shop of ['mitte', 'süd']) stage.produce(shardA, { shop })
    await stage.settle()
    const late = await shops()
    expect(late).toMatchObject({ values: [[3, false]], receipt: { exact: false, aboveTidemark: 2 } })
    expect(receiptLines(late.receipt)).toContain(
      "2 of the events counted here lie above the tidemark, until a recompute passes them; below it a distinct count is exact per the metric's own bucket, by all its dimensions or by none",
    )
    expect((await shops({ from: '2026-01-03', to: '2026-01-04' })).receipt.aboveTidemark).toBeUndefined()
    expect((await stage.ask('sales', {})).receipt.aboveTidemark).toBeUndefined()
    await stage.recompute()
    expect(await shops()).toMatchObject({ values: [[3, true]], receipt: { aboveTidemark: 0 } })
  })
})
