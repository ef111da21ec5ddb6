import { eventOf, keepers, type ModelData } from '../core/model.ts'
import { derivedViews } from './derived-views.ts'
import { entityView } from './entities.ts'
import { ledgerSeeds, ledgerTables } from './ledger.ts'
import { batchTable, replayedRows, slots, speedRows, text } from './states.ts'
import { createTable, type Dialect, qualified, quoted, type Table } from './table.ts'
import { metricViews, type View } from './views.ts'

const schemas = ['ledger', 'speed', ...slots.map((slot) => `batch_${slot}`), 'analytics']

const tablesOf = (model: ModelData): Table[] => [
  ...ledgerTables,
  speedRows,
  replayedRows,
  ...keepers(model).flatMap((metric) => slots.map((slot) => batchTable(metric, slot))),
]

/** Statements that make what is missing. Safe to run again, and while the stage works. */
export const structureSql = (model: ModelData, dialect: Dialect): string[] => [
  ...tablesSql(model, dialect),
  ...ledgerSeeds,
]

/** The same, without the first rows. */
export const tablesSql = (model: ModelData, dialect: Dialect): string[] => [
  ...schemas.map((schema) => `CREATE SCHEMA IF NOT EXISTS ${schema}`),
  ...tablesOf(model).flatMap((table) => createTable(table, dialect)),
]

/** For each table a statement that fails where the table lacks one of its columns, since another version made it. */
export const shapeSql = (model: ModelData): { readonly table: string; readonly sql: string }[] =>
  tablesOf(model).map((table) => ({
    table: `${table.schema}.${table.name}`,
    sql: `SELECT ${table.columns.map(({ name }) => quoted(name)).join(', ')} FROM ${qualified(table)} WHERE 1 = 0`,
  }))

/** Statements that replace the views of metrics and entities: dropped first, since a view's columns can't be replaced by others. */
export const viewsSql = (model: ModelData, dialect: Dialect): string[] =>
  [...model.metrics.flatMap(metricViews), ...derivedViews(model), ...entityViews(model, dialect)].flatMap(
    ({ name, sql }) => [
      `DROP VIEW IF EXISTS analytics.${quoted(name)}`,
      `CREATE VIEW analytics.${quoted(name)} AS\n${sql}`,
    ],
  )

const entityViews = (model: ModelData, dialect: Dialect): View[] =>
  (model.entities ?? []).map((entity) => entityView(entity, eventOf(model, entity), dialect))

/** Statements that record the model as the one deployed. Each definition comes as a parameter, `definition_N`. */
export const recordModelSql = (model: ModelData): { statements: string[]; parameters: Record<string, string> } => {
  const version = text(model.version)
  const insert = keepers(model).map(
    (metric, place) =>
      `INSERT INTO ledger.definition (model_version, metric, metric_version, definition)
VALUES (${version}, ${text(metric.name)}, ${text(metric.version)}, :definition_${place})`,
  )
  return {
    statements: [
      `DELETE FROM ledger.definition WHERE model_version = ${version}`,
      ...insert,
      `UPDATE ledger.model SET model_version = ${version}`,
    ],
    parameters: Object.fromEntries(
      keepers(model).map((metric, place) => [`definition_${place}`, JSON.stringify(metric)]),
    ),
  }
}
