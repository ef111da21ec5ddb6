import { validationFault } from './faults.ts'
import { parameterUses } from './sql-text.ts'

/** A named value of a request. Redshift infers the type from where the name stands. */
export interface SqlParameter {
  name: string
  value: string
}

/** A statement as PostgreSQL takes it: `$1` … for each use of a name, and the values. */
export interface BoundSql {
  text: string
  values: string[]
}

/**
 * Replaces each `:name` by a placeholder of its own, so that one value may take another type at each use. Without parameters the text
 * stays as it is. A name without a value, and a value that no statement uses, are ValidationExceptions.
 */
export function bindParameters(sqls: readonly string[], parameters: readonly SqlParameter[]): BoundSql[] {
  if (parameters.length === 0) return sqls.map((text) => ({ text, values: [] }))
  const valueByName = new Map(parameters.map(({ name, value }) => [name, value]))
  const unused = new Set(valueByName.keys())
  const bound = sqls.map((sql) => bindOne(sql, valueByName, unused))
  if (unused.size > 0) {
    throw validationFault(`Parameters list contains unused parameters. Unused parameters: [${[...unused].join(', ')}]`)
  }
  return bound
}

function bindOne(sql: string, valueByName: ReadonlyMap<string, string>, unused: Set<string>): BoundSql {
  const values: string[] = []
  const parts: string[] = []
  let copiedTo = 0
  for (const { name, start, end } of parameterUses(sql)) {
    const value = valueByName.get(name)
    if (value === undefined) throw validationFault(`Cannot find parameter: ${name}`)
    unused.delete(name)
    parts.push(sql.slice(copiedTo, start), `$${values.push(value)}`)
    copiedTo = end
  }
  parts.push(sql.slice(copiedTo))
  return { text: parts.join(''), values }
}
