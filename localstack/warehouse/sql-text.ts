/**
 * Reads SQL text as Redshift does: a backslash is an escape in every plain literal, comments nest.
 */
const LITERAL = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'/y
const QUOTED_NAME = /"[^"]*"/y
const LINE_COMMENT = /--[^\n]*/y
const DOLLAR_QUOTED = /\$([A-Za-z_][A-Za-z0-9_]*)?\$[\s\S]*?\$\1\$/y
const CAST = /::|:=/y
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y
const PARAMETER = /:([0-9A-Za-z_]+)/y
const SPACE = /\s+/y

/** A place in the text where `:name` stands for a value. */
export interface ParameterUse {
  name: string
  start: number
  end: number
}

/** Every `:name` outside literals, quoted names, comments, dollar quotes and casts, in order. */
export function parameterUses(sql: string): ParameterUse[] {
  const uses: ParameterUse[] = []
  let at = 0
  while (at < sql.length) {
    const skipped = skipOpaque(sql, at) ?? matchEnd(CAST, sql, at) ?? matchEnd(WORD, sql, at)
    if (skipped !== undefined) {
      at = skipped
      continue
    }
    PARAMETER.lastIndex = at
    const found = PARAMETER.exec(sql)
    if (found?.[1] !== undefined) uses.push({ name: found[1], start: at, end: PARAMETER.lastIndex })
    at = found ? PARAMETER.lastIndex : at + 1
  }
  return uses
}

/** The statement's first word in upper case, past spaces and comments; '' where there is none. */
export function statementVerb(sql: string): string {
  let at = 0
  for (;;) {
    const next = matchEnd(SPACE, sql, at) ?? matchEnd(LINE_COMMENT, sql, at) ?? blockCommentEnd(sql, at)
    if (next === undefined) break
    at = next
  }
  const end = matchEnd(WORD, sql, at)
  return end === undefined ? '' : sql.slice(at, end).toUpperCase()
}

/** The end of a comment that starts here (they nest), of the text where it isn't closed; undefined where none starts. */
export function blockCommentEnd(sql: string, start: number): number | undefined {
  if (!sql.startsWith('/*', start)) return undefined
  let depth = 0
  for (let at = start; at < sql.length; ) {
    if (sql.startsWith('/*', at)) {
      depth += 1
      at += 2
    } else if (sql.startsWith('*/', at)) {
      depth -= 1
      at += 2
      if (depth === 0) return at
    } else at += 1
  }
  return sql.length
}

function skipOpaque(sql: string, at: number): number | undefined {
  return (
    matchEnd(LITERAL, sql, at) ??
    matchEnd(QUOTED_NAME, sql, at) ??
    matchEnd(LINE_COMMENT, sql, at) ??
    blockCommentEnd(sql, at) ??
    matchEnd(DOLLAR_QUOTED, sql, at)
  )
}

function matchEnd(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}
