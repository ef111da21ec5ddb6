import { StatementError } from '../faults.ts'
import type { CopyStatement, TimeFormat } from './copy-statement.ts'
import type { CopyTarget, TargetColumn } from './copy-target.ts'
import { CsvReader } from './csv-records.ts'
import { JsonReader } from './json-records.ts'
import type { ObjectStore, StoredObject } from './object-store.ts'
import type { RecordReader, TextRecord } from './record-reader.ts'

/** Streams CSV or JSON objects, one after the other, as PostgreSQL's COPY text format. */
export async function* copyText(
  copy: CopyStatement,
  target: CopyTarget,
  files: readonly StoredObject[],
  objects: ObjectStore,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const convert = target.columns.map((column) => converter(column, copy))
  for (const file of files) {
    const reader = recordReader(copy, target)
    const decoder = new TextDecoder('utf-8', { fatal: true })
    let record = 0
    const encoded = (text: string, isLast: boolean): string => {
      let lines = ''
      for (const values of reader.read(text, isLast)) {
        lines += encode(values, convert)
        record += 1
      }
      return lines
    }
    try {
      for await (const chunk of objects.read(file, copy.gzip, signal)) {
        const lines = encoded(decoder.decode(chunk, { stream: true }), false)
        if (lines !== '') yield lines
      }
      const lines = encoded(decoder.decode(), true)
      if (lines !== '') yield lines
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new StatementError(
        `Load into table '${target.table}' failed: s3://${file.bucket}/${file.key}, after record ${record}: ${reason}`,
        { cause: error },
      )
    }
  }
}

function recordReader(copy: CopyStatement, target: CopyTarget): RecordReader {
  if (copy.format.kind === 'csv') return new CsvReader(copy.format, target.columns.length)
  if (copy.format.kind === 'json') return new JsonReader(target.columns, copy.format.ignoreCase)
  throw new Error(`${copy.format.kind} is not text`)
}

type Converter = (value: string) => string | null

const TEXT_TYPES = new Set(['varchar', 'bpchar', 'text'])
const TIME_TYPES = new Set(['timestamp', 'timestamptz'])

/** Text stays as it is, unless an option says otherwise; in a column of another type an empty or blank field is NULL. */
function converter({ typeName }: TargetColumn, copy: CopyStatement): Converter {
  if (TEXT_TYPES.has(typeName)) {
    return (value) => ((copy.emptyAsNull && value === '') || (copy.blanksAsNull && /^\s+$/.test(value)) ? null : value)
  }
  const readTime = TIME_TYPES.has(typeName) && copy.timeFormat !== 'auto'
  return (value) => (value.trim() === '' ? null : readTime ? fromEpoch(value, copy.timeFormat) : value)
}

function fromEpoch(value: string, format: TimeFormat): string {
  const ms = /^-?\d+$/.test(value) ? Number(value) * (format === 'epochsecs' ? 1_000 : 1) : Number.NaN
  const time = new Date(ms)
  if (Number.isNaN(time.getTime())) throw new StatementError(`"${value}" is not a time in ${format}.`)
  return time.toISOString().slice(0, -1)
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function encode(record: TextRecord, convert: readonly Converter[]): string {
  const fields = record.map((value, index) => {
    const converted = value === null ? null : (convert[index]?.(value) ?? null)
    return converted === null ? '\\N' : converted.replace(/[\\\n\r\t]/g, (mark) => ESCAPES[mark] ?? mark)
  })
  return `${fields.join('\t')}\n`
}
