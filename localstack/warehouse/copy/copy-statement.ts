import { StatementError } from '../faults.ts'
import { type CopyToken, tokenizeCopy } from './copy-tokens.ts'

export type TimeFormat = 'auto' | 'epochsecs' | 'epochmillisecs'

/** A COPY of Redshift, as far as this warehouse implements it. */
export interface CopyStatement {
  schema: string | undefined
  table: string
  /** The columns to load, in the data's order; undefined for all of the table's. */
  columns: string[] | undefined
  bucket: string
  /** All keys that start with it are loaded; with `manifest`, the manifest's key. */
  keyPrefix: string
  manifest: boolean
  gzip: boolean
  format: CopyFormat
  timeFormat: TimeFormat
  emptyAsNull: boolean
  blanksAsNull: boolean
}

export type CopyFormat =
  | { kind: 'csv'; delimiter: string; quote: string; nullText: string; skipLines: number }
  | { kind: 'json'; ignoreCase: boolean }
  | { kind: 'parquet' }

/** Reads a COPY; a StatementError names what is wrong, or what this warehouse doesn't implement. */
export function parseCopy(sql: string): CopyStatement {
  return new CopyParser(tokenizeCopy(sql)).parse()
}

const FOR_TEXT_ONLY = ['GZIP', 'TIMEFORMAT', 'DATEFORMAT', 'EMPTYASNULL', 'BLANKSASNULL']
const FOR_CSV_ONLY = ['DELIMITER', 'QUOTE', 'NULL', 'IGNOREHEADER']

class CopyParser {
  readonly #tokens: CopyToken[]
  #at = 0
  readonly #given = new Set<string>()
  #format: 'csv' | 'json' | 'parquet' | undefined
  #ignoreCase = false
  #csv = { delimiter: ',', quote: '"', nullText: '\\N', skipLines: 0 }
  #timeFormat: TimeFormat = 'auto'

  constructor(tokens: CopyToken[]) {
    this.#tokens = tokens
  }

  parse(): CopyStatement {
    this.#expectWord('COPY')
    const { schema, table } = this.#tableName()
    const columns = this.#takes('(') ? this.#columnList() : undefined
    this.#expectWord('FROM')
    const { bucket, keyPrefix } = s3Location(this.#string('FROM'))
    while (this.#at < this.#tokens.length && !this.#takes(';')) this.#option()
    if (this.#at < this.#tokens.length)
      throw new StatementError(`syntax error at or near "${this.#tokens[this.#at]?.text}"`)
    const format = this.#checkedFormat()
    const given = (option: string) => this.#given.has(option)
    return {
      ...{ schema, table, columns, bucket, keyPrefix, format },
      ...{ manifest: given('MANIFEST'), gzip: given('GZIP'), timeFormat: this.#timeFormat },
      ...{ emptyAsNull: given('EMPTYASNULL'), blanksAsNull: given('BLANKSASNULL') },
    }
  }

  #checkedFormat(): CopyFormat {
    if (!this.#given.has('IAM_ROLE')) throw new StatementError('COPY from S3 needs IAM_ROLE.')
    const kind = this.#format
    if (kind === undefined)
      throw new StatementError('COPY needs a format here: CSV, JSON or PARQUET (delimited text is not implemented).')
    const wrong = [...(kind === 'parquet' ? FOR_TEXT_ONLY : []), ...(kind === 'csv' ? [] : FOR_CSV_ONLY)].find((name) =>
      this.#given.has(name),
    )
    if (wrong !== undefined)
      throw new StatementError(`COPY option ${wrong} is not supported with ${kind.toUpperCase()}.`)
    if (kind === 'csv') return { kind, ...this.#csv }
    return kind === 'json' ? { kind, ignoreCase: this.#ignoreCase } : { kind }
  }

  #option(): void {
    const token = this.#next('an option')
    const name = token.kind === 'word' ? token.text.toUpperCase() : undefined
    if (name === undefined) throw new StatementError(`syntax error at or near "${token.text}" in COPY`)
    if (this.#given.has(name)) throw new StatementError(`COPY option ${name} stands twice.`)
    this.#given.add(name)
    const flagOnly = ['GZIP', 'MANIFEST', 'EMPTYASNULL', 'BLANKSASNULL'].includes(name)
    if (!flagOnly) this.#valued(name)
  }

  #valued(name: string): void {
    if (name === 'CSV' || name === 'JSON' || name === 'PARQUET') this.#setFormat(name)
    else if (name === 'IAM_ROLE') this.#role()
    else if (name === 'FORMAT') this.#takesWord('AS')
    else if (name === 'TIMEFORMAT')
      this.#timeFormat = oneOf(name, this.#argument(name), ['auto', 'epochsecs', 'epochmillisecs'])
    else if (name === 'DATEFORMAT') oneOf(name, this.#argument(name), ['auto'])
    else if (name === 'DELIMITER') this.#csv.delimiter = oneCharacter(name, this.#argument(name))
    else if (name === 'QUOTE') this.#csv.quote = oneCharacter(name, this.#argument(name))
    else if (name === 'NULL') this.#csv.nullText = this.#argument(name)
    else if (name === 'IGNOREHEADER') this.#csv.skipLines = this.#number(name)
    else throw new StatementError(`COPY option ${name} is not implemented by the local warehouse.`)
  }

  /** The local S3 asks for no role; that one is named is checked. */
  #role(): void {
    if (!this.#takesWord('DEFAULT')) this.#string('IAM_ROLE')
  }

  #setFormat(name: 'CSV' | 'JSON' | 'PARQUET'): void {
    if (this.#format !== undefined) throw new StatementError('COPY has two formats.')
    this.#format = ({ CSV: 'csv', JSON: 'json', PARQUET: 'parquet' } as const)[name]
    if (name !== 'JSON') return
    this.#ignoreCase = oneOf('JSON', this.#argument('JSON'), ['auto', 'auto ignorecase']) === 'auto ignorecase'
  }

  #tableName(): { schema: string | undefined; table: string } {
    const first = this.#name()
    return this.#takes('.') ? { schema: first, table: this.#name() } : { schema: undefined, table: first }
  }

  #columnList(): string[] {
    const columns = [this.#name()]
    while (this.#takes(',')) columns.push(this.#name())
    if (!this.#takes(')'))
      throw new StatementError(`syntax error at or near "${this.#tokens[this.#at]?.text ?? 'end'}": expected )`)
    return columns
  }

  /** Names without quotes fold to lower case. */
  #name(): string {
    const token = this.#next('a name')
    if (token.kind === 'word') return token.text.toLowerCase()
    if (token.kind === 'quotedName') return token.text
    throw new StatementError(`syntax error at or near "${token.text}": expected a name`)
  }

  #argument(option: string): string {
    this.#takesWord('AS')
    return this.#string(option)
  }

  #string(before: string): string {
    const token = this.#next(`a quoted string after ${before}`)
    if (token.kind !== 'string')
      throw new StatementError(`syntax error at or near "${token.text}": expected a quoted string after ${before}`)
    return token.text
  }

  #number(option: string): number {
    this.#takesWord('AS')
    const token = this.#next(`a number after ${option}`)
    if (token.kind !== 'number')
      throw new StatementError(`syntax error at or near "${token.text}": expected a number after ${option}`)
    return Number(token.text)
  }

  #next(expected: string): CopyToken {
    const token = this.#tokens[this.#at]
    if (!token) throw new StatementError(`syntax error at end of input: expected ${expected}`)
    this.#at += 1
    return token
  }

  #takes(mark: string): boolean {
    const token = this.#tokens[this.#at]
    const matches = token?.kind === 'mark' && token.text === mark
    if (matches) this.#at += 1
    return matches
  }

  #takesWord(word: string): boolean {
    const token = this.#tokens[this.#at]
    const matches = token?.kind === 'word' && token.text.toUpperCase() === word
    if (matches) this.#at += 1
    return matches
  }

  #expectWord(word: string): void {
    if (!this.#takesWord(word))
      throw new StatementError(`syntax error at or near "${this.#tokens[this.#at]?.text ?? 'end'}": expected ${word}`)
  }
}

/** Bucket and key of `s3://bucket/key`. */
export function s3Location(url: string): { bucket: string; keyPrefix: string } {
  const [, bucket, keyPrefix] = /^s3:\/\/([^/]+)\/?(.*)$/s.exec(url) ?? []
  if (bucket === undefined) throw new StatementError(`COPY reads from s3://bucket/key here, not from "${url}".`)
  return { bucket, keyPrefix: keyPrefix ?? '' }
}

function oneOf<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((text) => text === value)
  if (found !== undefined) return found
  throw new StatementError(
    `COPY option ${option} '${value}' is not implemented by the local warehouse; it has ${known.map((text) => `'${text}'`).join(', ')}.`,
  )
}

function oneCharacter(option: string, value: string): string {
  if (value.length === 1) return value
  throw new StatementError(`COPY option ${option} takes one character, not "${value}".`)
}
