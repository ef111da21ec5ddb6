import type { ModelData } from '../../core/model.ts'
import { recordModelSql, structureSql, viewsSql } from '../../sql/migration.ts'
import type { Dialect } from '../../sql/table.ts'
import { maxStatements } from '../../stores/warehouse/redshift-data.ts'
import type { Warehouse } from '../../stores/warehouse/warehouse.ts'

/**
 * Brings the warehouse to the model: makes what is missing, replaces the views, and records the model as deployed. Safe
 * to run again. It needs snapshot isolation, under which two writers of one row conflict.
 */
export const migrate = async (warehouse: Warehouse, model: ModelData, dialect: Dialect): Promise<void> => {
  for (const statements of chunksOf(structureSql(model, dialect), maxStatements)) await warehouse.run({ statements })
  for (const statements of chunksOf(viewsSql(model), maxStatements)) await warehouse.run({ statements })
  const recorded = recordModelSql(model)
  await warehouse.run({ statements: recorded.statements, parameters: recorded.parameters })
}

const chunksOf = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, place) => items.slice(place * size, (place + 1) * size))
