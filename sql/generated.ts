import type { ModelData } from '../core/model.ts'
import { commentsSql } from './comments.ts'
import { viewsSql } from './installed-views.ts'
import { structureSql } from './migration.ts'
import type { Dialect } from './table.ts'

/** All that a migration makes, as one script to read. */
export const generatedSql = (model: ModelData, dialect: Dialect): string => {
  const statements = [...structureSql(model, dialect), ...viewsSql(model, dialect), ...commentsSql(model)]
  const header = '-- Written by `npx tsx scripts/generate-sql.ts` from definitions/ and sql/; not to be edited.'
  return `${header}\n\n${statements.map((statement) => `${indented(statement)};\n`).join('\n')}`
}

/** Lines indented by the parentheses that stand open before them. */
const indented = (statement: string): string => {
  let open = 0
  return statement
    .split('\n')
    .map((line) => {
      const text = line.trim()
      const depth = open - (text.startsWith(')') ? 1 : 0)
      open += text.split('(').length - text.split(')').length
      return `${'  '.repeat(Math.max(0, depth))}${text}`
    })
    .join('\n')
}
