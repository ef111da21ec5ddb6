import { StatementError } from '../faults.ts'
import type { TargetColumn } from './copy-target.ts'
import type { RecordReader, TextRecord } from './record-reader.ts'

/**
 * JSON 'auto': one object a line, its fields by the columns' names (in their case, unless `ignoreCase`). A missing field and null are NULL,
 * fields without a column are left out, as in Redshift. Numbers keep their digits as written.
 */
export class JsonReader implements RecordReader {
  readonly #columns: string[]
  readonly #ignoreCase: boolean
  #rest = ''

  constructor(columns: readonly TargetColumn[], ignoreCase: boolean) {
    this.#ignoreCase = ignoreCase
    this.#columns = columns.map(({ name }) => this.#folded(name))
  }

  *read(text: string, isLast: boolean): Generator<TextRecord> {
    const lines = (this.#rest + text).split('\n')
    this.#rest = isLast ? '' : (lines.pop() ?? '')
    for (const line of lines) if (line.trim() !== '') yield this.#record(line)
  }

  #record(line: string): TextRecord {
    const object = parseObject(line)
    const fields = new Map(Object.entries(object).map(([name, value]) => [this.#folded(name), value]))
    return this.#columns.map((name) => asText(name, fields.get(name)))
  }

  #folded(name: string): string {
    return this.#ignoreCase ? name.toLowerCase() : name
  }
}

/** More digits than a double holds, a fraction or an exponent (or a string that looks so). */
const INEXACT = /\d{16}|\d[.eE]/
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/g

function parseObject(line: string): object {
  const exact = INEXACT.test(line)
    ? line.replace(STRING_OR_NUMBER, (token) => (token.startsWith('"') ? token : `"${token}"`))
    : line
  let value: unknown
  try {
    value = JSON.parse(exact)
  } catch (error) {
    throw new StatementError(`Invalid JSON format: ${(error as Error).message}. One object is expected on each line.`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new StatementError('Invalid JSON format: one object is expected on each line.')
}

function asText(name: string, value: unknown): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'object') {
    throw new StatementError(`The field ${name} holds an object or a list, which the local warehouse does not load.`)
  }
  const text = String(value)
  if (!text.isWellFormed())
    throw new StatementError(`The field ${name} holds half a surrogate pair, which UTF-8 can't.`)
  return text
}
