import type { ModelData } from '../../core/model.ts'
import { ledgerSeeds } from '../../sql/ledger.ts'
import { recordModelSql, shapeSql, tablesSql, viewsSql } from '../../sql/migration.ts'
import type { Dialect } from '../../sql/table.ts'
import { maxStatements } from '../../stores/warehouse/redshift-data.ts'
import { TransactionFailed, type Warehouse } from '../../stores/warehouse/warehouse.ts'

/**
 * Brings the warehouse to the model: makes what is missing, replaces the views, and records the model as deployed. Safe
 * to run again. @throws where a table was made by another version of Tidemark: none is altered. It needs snapshot isolation, under which two writers of one row conflict.
 */
export const migrate = async (warehouse: Warehouse, model: ModelData, dialect: Dialect): Promise<void> => {
  for (const statements of chunksOf(tablesSql(model, dialect), maxStatements)) await warehouse.run({ statements })
  await refuseOtherShapes(warehouse, model)
  await warehouse.run({ statements: [...ledgerSeeds] })
  for (const statements of chunksOf(viewsSql(model, dialect), maxStatements)) await warehouse.run({ statements })
  const recorded = recordModelSql(model)
  await warehouse.run({ statements: recorded.statements, parameters: recorded.parameters })
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
