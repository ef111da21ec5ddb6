import { keepers, type ModelData } from '../core/model.ts'
import { ledgerSeeds, ledgerTables } from './ledger.ts'
import { batchTable, replayedRows, slots, speedRows } from './states.ts'
import { createTable, type Dialect, qualified, quoted, type Table } from './table.ts'

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
