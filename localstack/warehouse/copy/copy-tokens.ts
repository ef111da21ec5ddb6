import { StatementError } from '../faults.ts'
import { blockCommentEnd } from '../sql-text.ts'

export interface CopyToken {
  kind: 'word' | 'quotedName' | 'string' | 'number' | 'mark'
  text: string
}

const BLANK = /\s+|--[^\n]*/y
const PATTERNS: readonly [CopyToken['kind'], RegExp, (text: string) => string][] = [
  ['word', /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y, (text) => text],
  ['quotedName', /"(?:[^"]|"")*"/y, (text) => text.slice(1, -1).replaceAll('""', '"')],
  ['string', /'(?:''|\\[\s\S]|[^'\\])*'/y, (text) => withoutEscapes(text.slice(1, -1))],
  ['number', /\d+/y, (text) => text],
  ['mark', /[(),.;]/y, (text) => text],
]

/** Splits a COPY into its words, quoted names, strings (without their quotes and escapes), numbers and marks. */
export function tokenizeCopy(sql: string): CopyToken[] {
  const tokens: CopyToken[] = []
  let at = 0
  while (at < sql.length) {
    BLANK.lastIndex = at
    if (BLANK.test(sql)) {
      at = BLANK.lastIndex
      continue
    }
    const comment = blockCommentEnd(sql, at)
    if (comment !== undefined) {
      at = comment
      continue
    }
    const { token, end } = tokenAt(sql, at)
    tokens.push(token)
    at = end
  }
  return tokens
}

function tokenAt(sql: string, at: number): { token: CopyToken; end: number } {
  for (const [kind, pattern, read] of PATTERNS) {
    pattern.lastIndex = at
    const [text] = pattern.exec(sql) ?? []
    if (text !== undefined) return { token: { kind, text: read(text) }, end: at + text.length }
  }
  throw new StatementError(`syntax error at or near "${sql.slice(at, at + 20)}" in COPY`)
}

/** `''` and `\'` are a quote, `\\` a backslash, `\t` a tab; any other backslash (as in '\N') stays. */
function withoutEscapes(text: string): string {
  return text.replace(/''|\\(['\\t])/g, (_, escaped?: string) =>
    escaped === undefined ? "'" : escaped === 't' ? '\t' : escaped,
  )
}
