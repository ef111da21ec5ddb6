import type { Command } from 'commander'
import type { ResultRow } from '../../stores/warehouse/warehouse.ts'
import { CommandError, usageError } from '../exit.ts'
import { sessionOf } from '../session.ts'

interface SqlOptions {
  readonly write?: true
  readonly yes?: true
  readonly dryRun?: true
}

export const addSql = (program: Command): void => {
  program
    .command('sql')
    .description('ask the warehouse in SQL; the views are analytics.METRIC and analytics.METRIC_day and so on')
    .argument('<statement>')
    .option('--write', 'let it change something')
    .option('--yes', 'with --write: without asking')
    .option('--dry-run', 'check the statement, run nothing')
    .action(async (statement: string, options: SqlOptions, command: Command) => {
      const session = sessionOf(command)
      if (!options.write && !onlyReads(statement))
        throw usageError('Only one SELECT, WITH or EXPLAIN is run as it is; --write runs another statement.')
      if (options.dryRun) {
        session.answer({ json: { dryRun: true, statement }, tables: [], head: [`Would run: ${statement}`] })
        return
      }
      if (
        options.write &&
        !(await session.confirm('This changes the warehouse, and no command undoes it. Run it?', options.yes))
      )
        throw new CommandError('Nothing was run.')
      const warehouse = await (await session.connect()).warehouse()
      const [rows = []] = await warehouse.run({ statements: [options.write ? statement : readOnly(statement)] })
      session.answer({ json: { rows }, tables: [tableOf(rows)] })
    })
}

/**
 * One statement that begins as a query does. A guard against slips, not against intent: who may run SQL has the
 * warehouse's own rights.
 */
export const onlyReads = (statement: string): boolean => {
  const bare = withoutLiterals(statement).trim().replace(/;$/, '')
  const changes =
    /\b(insert|update|delete|merge|copy|truncate|alter|drop|create|grant|revoke|into|call|unload|vacuum)\b/i
  return /^(select|with|explain)\b/i.test(bare) && !bare.includes(';') && !changes.test(bare)
}

/** Literals, quoted names and comments say nothing of what a statement does. A backslash escapes in Redshift's literals. */
const withoutLiterals = (statement: string): string =>
  statement.replace(/'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g, (match) =>
    match.startsWith('-') || match.startsWith('/') ? ' ' : "''",
  )

const readOnly = (statement: string): string => statement.trim().replace(/;$/, '')

const tableOf = (rows: readonly ResultRow[]) => {
  const columns = Object.keys(rows[0] ?? {})
  return { columns, rows: rows.map((row) => columns.map((column) => row[column] ?? null)) }
}
