import { metric } from 'tidemark'
import { compileDefinitions } from '../../../core/compile.ts'
import { loadHash64 } from '../../../core/hash.ts'
import { keepers } from '../../../core/model.ts'
import { BatchStage, sale } from './batch-stage.ts'

describe('a model of more metrics than a transaction takes parameters', () => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await BatchStage.start()
  })
  afterAll(() => stage.stop())

  it('is recorded whole, each definition as it is', async () => {
    const describe = `it's said to be "so\\n", \n twice: ${'ü'.repeat(200)}`
    const metrics = Array.from({ length: 450 }, (_, place) =>
      metric(`metric_${place}`, sale.count(), { per: 'day', where: { shop: `a\n\\${place}` }, describe }),
    )
    const { data } = compileDefinitions(Object.fromEntries(metrics.entries()), await loadHash64())
    await stage.modelLedger.deploy(data)
    const rows = await stage.local.rows(
      'SELECT metric, metric_version, definition FROM ledger.definition WHERE line_up = :model',
      { model: data.version },
    )
    const kept = rows.map(([name, version, definition]) => [name, version, JSON.parse(String(definition))])
    const wanted = keepers(data).map((one) => [one.name, one.version, one])
    expect(kept.sort()).toEqual(JSON.parse(JSON.stringify(wanted)).sort())
  })
})
