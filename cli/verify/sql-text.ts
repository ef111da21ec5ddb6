/** A text as an SQL literal: DuckDB's have no escapes but the doubled quote. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A name as an SQL identifier. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** The JSON pointer (RFC 6901) of an object's field, as a literal. */
export const pointer = (field: string): string => quoted(`/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`)

/** The greatest integer that a JSON number carries exactly. */
export const maxSafeInteger = '9007199254740991'
