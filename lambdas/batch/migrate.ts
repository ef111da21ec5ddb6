import { versionsOf } from '../../core/line-up.ts'
import type { ModelData } from '../../core/model.ts'
import { commentsBesideSql, commentsSql } from '../../sql/comments.ts'
import { installSql } from '../../sql/installed-views.ts'
import { ledgerSeeds } from '../../sql/ledger.ts'
import { shapeSql, tablesSql } from '../../sql/migration.ts'
import type { Dialect } from '../../sql/table.ts'
import type { DeployedModels } from '../../stores/ledger/model-ledger.ts'
import { SqlModelLedger } from '../../stores/ledger/sql-model-ledger.ts'
import type { Models } from '../../stores/models/models.ts'
import { maxStatements } from '../../stores/warehouse/redshift-data.ts'
import { TransactionFailed, type Warehouse } from '../../stores/warehouse/warehouse.ts'
import { type Deployed, viewsToInstall } from './changed-views.ts'

/**
 * Brings the warehouse to the model: makes what is missing, and records the model as deployed. What views answer changes
 * once a dataset of the model is promoted. Safe to run again. It needs snapshot isolation, under which two writers of one
 * row conflict.
 * @param models those deployed before
 * @throws where a table was made by another version of Tidemark: none is altered; and where one promotion could not replace all views whose columns change
 */
export const migrate = async (
  warehouse: Warehouse,
  models: Pick<Models, 'data'>,
  model: ModelData,
  dialect: Dialect,
): Promise<DeployedModels> => {
  for (const statements of chunksOf(tablesSql(model, dialect), maxStatements)) await warehouse.run({ statements })
  await refuseOtherShapes(warehouse, model)
  await warehouse.run({ statements: [...ledgerSeeds] })
  return new SqlModelLedger(warehouse).deploy(model, async (next) => {
    const all = new Map([[model.version, model]])
    for (const version of [next.servingVersion, ...versionsOf(next.lineUp)])
      if (!all.has(version)) all.set(version, await models.data(version))
    const data = (version: string): ModelData => all.get(version) ?? model
    await install(warehouse, { served: data(next.servingVersion), counted: versionsOf(next.lineUp).map(data), dialect })
  })
}

/** Views that go for the line-up before and after: they stand before anything counts by it. */
const install = async (warehouse: Warehouse, deployed: Deployed): Promise<void> => {
  const { served, counted } = deployed
  const [model = served] = counted
  const views = viewsToInstall(deployed)
  const comments = served.version === model.version ? commentsSql(model) : commentsBesideSql(served, model)
  for (const statements of chunksOf([...installSql(views), ...comments], maxStatements))
    await warehouse.run({ statements })
}

const refuseOtherShapes = async (warehouse: Warehouse, model: ModelData): Promise<void> => {
  const shapes = shapeSql(model)
  try {
    for (const chunk of chunksOf(shapes, maxStatements))
      await warehouse.run({ statements: chunk.map(({ sql }) => sql) })
  } catch (error) {
    if (!(error instanceof TransactionFailed)) throw error
    // Which of them it was the warehouse does not say.
    for (const { table, sql } of shapes) await refuseOtherShape(warehouse, table, sql)
    throw error
  }
}

const refuseOtherShape = async (warehouse: Warehouse, table: string, sql: string): Promise<void> => {
  try {
    await warehouse.run({ statements: [sql] })
  } catch (error) {
    if (!(error instanceof TransactionFailed)) throw error
    throw new Error(
      `The table ${table} was made by another version of Tidemark (${error.message.replaceAll(/\s+/g, ' ')}), and tables are never altered. Nothing that is served was changed. Deploy the version that made it, or begin anew with everything empty (on a laptop: \`tidemark local reset\`, then \`tidemark local up\`).`,
    )
  }
}

const chunksOf = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, place) => items.slice(place * size, (place + 1) * size))
