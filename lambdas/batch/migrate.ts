import type { ModelData } from '../../core/model.ts'
import { commentsBesideSql, commentsSql } from '../../sql/comments.ts'
import { ledgerSeeds } from '../../sql/ledger.ts'
import { changedViewsSql, shapeSql, tablesSql, viewsBesideSql, viewsSql } from '../../sql/migration.ts'
import type { Dialect } from '../../sql/table.ts'
import type { DeployedModels } from '../../stores/ledger/model-ledger.ts'
import { SqlModelLedger } from '../../stores/ledger/sql-model-ledger.ts'
import type { Models } from '../../stores/models/models.ts'
import { maxStatements } from '../../stores/warehouse/redshift-data.ts'
import { TransactionFailed, type Warehouse } from '../../stores/warehouse/warehouse.ts'

/**
 * Brings the warehouse to the model: makes what is missing, and records the model as deployed. Views change only where
 * nobody is served by others; else they do once a dataset of the model is promoted. Safe to run again. It needs snapshot
 * isolation, under which two writers of one row conflict.
 * @param models those deployed before
 * @throws where a table was made by another version of Tidemark: none is altered; and where one promotion could not replace all views that change
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
  const ledger = new SqlModelLedger(warehouse)
  const { servingVersion } = await ledger.models()
  if (servingVersion !== '') refuseManyViews(await models.data(servingVersion), model, dialect)
  const deployed = await ledger.deploy(model)
  const served = deployed.servingVersion === model.version ? null : await models.data(deployed.servingVersion)
  const views = served === null ? viewsSql(model, dialect) : viewsBesideSql(served, model, dialect)
  const comments = served === null ? commentsSql(model) : commentsBesideSql(served, model)
  for (const statements of chunksOf([...views, ...comments], maxStatements)) await warehouse.run({ statements })
  return deployed
}

/** Besides the views, serving a dataset takes three statements. */
const maxChangedViews = maxStatements - 3

const refuseManyViews = (served: ModelData, model: ModelData, dialect: Dialect): void => {
  const changed = changedViewsSql(served, model, dialect).length
  if (changed > maxChangedViews)
    throw new Error(
      `Between model ${served.version}, which is served, and ${model.version}, ${changed - 1} views change, and one promotion can replace ${maxChangedViews - 1} at most. Deploy the change in parts, and recompute after each.`,
    )
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
