import { decimal, entity, event, metric, minus, z } from 'tidemark'
import { compileDefinitions } from '../../core/compile.ts'
import { loadHash64 } from '../../core/hash.ts'
import { keepers, type ModelData } from '../../core/model.ts'
import { cellsSql } from '../../sql/cells.ts'
import { commentsSql } from '../../sql/comments.ts'
import { entitySql } from '../../sql/entities.ts'
import { viewsSql } from '../../sql/installed-views.ts'
import { findCrossingsSql } from '../../sql/limits.ts'
import { loadSql } from '../../sql/load.ts'
import { shapeSql, structureSql } from '../../sql/migration.ts'
import { paritySql } from '../../sql/parity.ts'
import { dialects } from '../../sql/table.ts'
import { topSql } from '../../sql/top.ts'

/** No text of ours holds it. */
const mark = 'zq'
const change = event('change', { zq_ref: z.string(), zq_other: z.string(), amount: decimal(2, 'EUR') })
const by = ['zq_ref', 'zq_other'] as const
const measures = {
  count: change.sum('amount'),
  least: change.min('amount'),
  mean: change.mean('amount'),
  spread: change.stddev('amount'),
  median: change.quantile('amount', 0.5),
  steps: change.histogram('amount', [1]),
  kinds: change.countDistinct('zq_other'),
}
const metrics = Object.entries(measures).map(([kind, measure]) =>
  metric(`${mark}_${kind}`, measure as typeof measures.count, { by, per: 'hour' }),
)
const pin = { datasetId: 'ds-1', positions: { s: '1' } }

describe('what definitions name', () => {
  let model: ModelData
  beforeAll(async () => {
    const [first, second] = metrics
    if (first === undefined || second === undefined) throw new Error('Two metrics are needed.')
    const exported = [
      ...metrics,
      minus('zq_less', first, second),
      entity('zq_thing', change, { ref: 'zq_ref', latest: 'at' }),
    ]
    model = compileDefinitions(Object.fromEntries(exported.map((one) => [one.name, one])), await loadHash64()).data
  })

  it.each(dialects)(
    'stands in quotes wherever it is an identifier, as Redshift asks of its reserved words: %s',
    (dialect) => {
      const kept = keepers(model)
      const [versions] = (model.entities ?? []).map((entity_) => entity_.versions)
      const [sum] = model.metrics
      if (versions === undefined || sum === undefined) throw new Error('The model has no entity or metric.')
      const limit = { name: 'l', metric: sum.name, each: 'zq_ref', per: 'month', atMost: { amount: 1 } } as const
      const rest = { unit: 'EUR', scale: 2, notifyAt: [100], description: null } as const
      const asked = { per: null, by, where: [], layer: null, from: 0, to: 1, pin }
      const statements = [
        ...structureSql(model, dialect),
        ...shapeSql(model).map(({ sql }) => sql),
        ...viewsSql(model, dialect),
        ...commentsSql(model),
        ...kept.flatMap((one) => loadSql(one, 'blue', 'ds-1', 's3://b/k', 'arn')),
        ...kept.map((one) => paritySql(one, 'green', 'ds-1', pin, 10)),
        ...model.metrics.map((one) => cellsSql({ ...asked, metric: one, by: one.by.map(({ name }) => name) })),
        ...model.metrics.map((one) =>
          topSql(
            'SELECT 1',
            one,
            one.by.map(({ name }) => name),
            5,
          ),
        ),
        entitySql(versions, '1 = 1', pin),
        findCrossingsSql(
          { limit: { ...limit, ...rest }, metric: sum, bound: null, modelVersion: 'v', dialect, since: 0 },
          { revision: 1, foundAt: 0 },
        ),
      ]
      expect(statements.filter((sql) => sql.includes(mark)).length).toBeGreaterThan(100)
      const bare = statements
        .map((sql) => sql.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, ''))
        .filter((sql) => sql.includes(mark))
      expect(bare).toEqual([])
    },
  )
})
