import { StatementError } from '../faults.ts'
import type { CopyFormat } from './copy-statement.ts'
import type { RecordReader, TextRecord } from './record-reader.ts'

/** CSV as Redshift reads it: a quote inside quotes is doubled, a backslash is a character like any other, lines end with LF or CRLF. */
export class CsvReader implements RecordReader {
  readonly #format: Extract<CopyFormat, { kind: 'csv' }>
  readonly #columnCount: number
  #rest = ''
  #linesToSkip: number

  constructor(format: Extract<CopyFormat, { kind: 'csv' }>, columnCount: number) {
    this.#format = format
    this.#columnCount = columnCount
    this.#linesToSkip = format.skipLines
  }

  *read(text: string, isLast: boolean): Generator<TextRecord> {
    const all = this.#rest + text
    let at = 0
    while (at < all.length) {
      const found = this.#linesToSkip > 0 ? skipLine(all, at, isLast) : this.#record(all, at, isLast)
      if (!found) break
      at = found.end
      if (this.#linesToSkip > 0) this.#linesToSkip -= 1
      else yield this.#checked(found.record)
    }
    this.#rest = all.slice(at)
  }

  #checked(record: TextRecord): TextRecord {
    if (record.length === this.#columnCount) return record
    const what = record.length < this.#columnCount ? 'Delimiter not found' : 'Extra column(s) found'
    throw new StatementError(`${what}: ${record.length} fields for ${this.#columnCount} columns.`)
  }

  /** The record that starts here and where the next one does; undefined where the text ends before it. */
  #record(all: string, start: number, isLast: boolean): { record: TextRecord; end: number } | undefined {
    const { delimiter, quote } = this.#format
    const record: TextRecord = []
    for (let at = start; ; at += 1) {
      const field = all[at] === quote ? this.#quoted(all, at, isLast) : this.#plain(all, at, isLast)
      if (!field) return undefined
      record.push(field.value)
      at = field.end
      if (all[at] === delimiter) continue
      if (all[at] === '\r' && all[at + 1] === '\n') at += 1
      return { record, end: at + 1 }
    }
  }

  #plain(all: string, start: number, isLast: boolean): { value: string | null; end: number } | undefined {
    const newline = all.indexOf('\n', start)
    if (newline < 0 && !isLast) return undefined
    const lineEnd = newline < 0 ? all.length : all[newline - 1] === '\r' && newline > start ? newline - 1 : newline
    let end = start
    while (end < lineEnd && all[end] !== this.#format.delimiter) end += 1
    const value = all.slice(start, end)
    return { value: value === this.#format.nullText ? null : value, end }
  }

  #quoted(all: string, start: number, isLast: boolean): { value: string; end: number } | undefined {
    const { quote, delimiter } = this.#format
    let from = start + 1
    for (;;) {
      const close = all.indexOf(quote, from)
      const complete = close >= 0 && (isLast || close + 2 < all.length)
      if (!complete && !isLast) return undefined
      if (close < 0) throw new StatementError('Invalid quote formatting for CSV: the quote is not closed.')
      if (all[close + 1] === quote) {
        from = close + 2
        continue
      }
      const end = close + 1
      const next = all.slice(end, end + 2)
      if (next !== '' && next[0] !== delimiter && next[0] !== '\n' && next !== '\r\n') {
        throw new StatementError('Invalid quote formatting for CSV: something stands after the closing quote.')
      }
      return { value: all.slice(start + 1, close).replaceAll(quote + quote, quote), end }
    }
  }
}

function skipLine(all: string, start: number, isLast: boolean): { record: TextRecord; end: number } | undefined {
  const newline = all.indexOf('\n', start)
  if (newline < 0) return isLast ? { record: [], end: all.length } : undefined
  return { record: [], end: newline + 1 }
}
