export const formats = ['table', 'json', 'csv'] as const
export type Format = (typeof formats)[number]

export type Cell = string | number | boolean | null
export interface Table {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** What a command answers: one value for JSON, tables for eyes and CSV, and what else is worth saying. */
export interface Answer {
  readonly json: unknown
  /** CSV holds the first one only. */
  readonly tables: readonly Table[]
  /** Shown before the tables, as the interval asked for; not in JSON or CSV. */
  readonly head?: readonly string[]
  /** Shown after the tables, as the receipt; not in JSON or CSV. */
  readonly notes?: readonly string[]
}

/** The answer's text in a format. JSON and CSV are complete in themselves: nothing else belongs on stdout. */
export const render = (answer: Answer, format: Format): string => {
  if (format === 'json') return `${JSON.stringify(answer.json, null, 2)}\n`
  if (format === 'csv') return answer.tables[0] === undefined ? '' : csv(answer.tables[0])
  const parts = [
    ...(answer.head ?? []).map((line) => `${line}\n`),
    ...answer.tables.map(tableText),
    ...(answer.notes?.length ? [`${answer.notes.join('\n')}\n`] : []),
  ]
  return parts.join('\n')
}

/** Columns padded to their widest cell; numbers to the right. */
export const tableText = (table: Table): string => {
  const cells = table.rows.map((row) => row.map(cellText))
  const widths = table.columns.map((column, index) =>
    cells.reduce((widest, row) => Math.max(widest, (row[index] ?? '').length), column.length),
  )
  const toRight = table.columns.map((_, index) => table.rows.every((row) => isNumeric(row[index] ?? null)))
  const line = (values: readonly string[]): string =>
    values
      .map((value, index) =>
        toRight[index] && table.rows.length > 0 ? value.padStart(widths[index] ?? 0) : value.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '-'.repeat(width)).join('  ')
  return `${[line(table.columns), rule, ...cells.map(line)].join('\n')}\n`
}

const isNumeric = (cell: Cell): boolean =>
  cell === null || typeof cell === 'number' || (typeof cell === 'string' && /^-?\d+(\.\d+)?$/.test(cell))

/** What a terminal would act on (escapes, line ends) is shown as JSON writes it. */
const cellText = (cell: Cell): string =>
  cell === null
    ? 'null'
    : String(cell).replace(
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
        /[\u0000-\u001f\u007f-\u009f]/g,
        (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )

/** RFC 4180, but for its line ends: lines end with LF. Null is an empty value, an empty text is `""`. */
export const csv = (table: Table): string =>
  `${[table.columns, ...table.rows].map((row) => row.map(csvValue).join(',')).join('\n')}\n`

const csvValue = (cell: Cell): string => {
  if (cell === null) return ''
  const text = String(cell)
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
