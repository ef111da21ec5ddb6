import { eventOf, keepers, type ModelData } from '../core/model.ts'
import { derivedViews } from './derived-views.ts'
import { entityView } from './entities.ts'
import { ledgerSeeds, ledgerTables } from './ledger.ts'
import { batchTable, replayedRows, slots, speedRows } from './states.ts'
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
  viewsOf(model, dialect).flatMap((view) => [dropSql([view]), createSql(view)])

/**
 * The same of a model that is deployed while another one's views are served: those that are alike in both, and those
 * that nobody was served before. The others wait for its first dataset (`changedViewsSql`).
 */
export const viewsBesideSql = (served: ModelData, model: ModelData, dialect: Dialect): string[] => {
  const old = viewsOf(served, dialect)
  return viewsOf(model, dialect)
    .filter(({ name, sql }) => old.every((view) => view.name !== name || view.sql === sql))
    .flatMap((view) => [dropSql([view]), createSql(view)])
}

/** All views of a model, metrics' and entities'. */
const viewsOf = (model: ModelData, dialect: Dialect): View[] => [
  ...model.metrics.flatMap(metricViews),
  ...derivedViews(model),
  ...entityViews(model, dialect),
]

/** Statements that make the views of one model those of another: few, since they are to be part of one transaction. */
export const changedViewsSql = (from: ModelData, to: ModelData, dialect: Dialect): string[] => {
  const [old, next] = [viewsOf(from, dialect), viewsOf(to, dialect)]
  const isIn = (views: readonly View[], { name, sql }: View): boolean =>
    views.some((view) => view.name === name && view.sql === sql)
  const created = next.filter((view) => !isIn(old, view))
  const gone = old.filter((view) => !isIn(next, view) && !created.some(({ name }) => name === view.name))
  return created.length + gone.length === 0 ? [] : [dropSql([...gone, ...created]), ...created.map(createSql)]
}

const dropSql = (views: readonly View[]): string =>
  `DROP VIEW IF EXISTS ${views.map(({ name }) => `analytics.${quoted(name)}`).join(', ')}`

const createSql = ({ name, sql }: View): string => `CREATE VIEW analytics.${quoted(name)} AS\n${sql}`

const entityViews = (model: ModelData, dialect: Dialect): View[] =>
  (model.entities ?? []).map((entity) => entityView(entity, eventOf(model, entity), dialect))
