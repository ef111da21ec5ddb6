/** A text as an SQL literal: DuckDB's have no escapes but the doubled quote. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A text without the blanks at its end, as it is kept and compared (docs/architecture.md). */
export const withoutBlanks = (text: string): string => `rtrim(${text}, ' ')`

/** A name as an SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The JSON pointer (RFC 6901) of a field, by the keys that lead to it, as a literal. */
export const pointer = (...keys: readonly string[]): string =>
  quoted(keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''))

/** The greatest integer that a JSON number carries exactly. */
export const maxSafeInteger = '9007199254740991'
