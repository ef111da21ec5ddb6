import type { FieldDef } from 'pg'
import { StatementError } from './faults.ts'
import { LIMITS, LOCAL_LIMITS } from './limits.ts'
import { type RedshiftType, redshiftType } from './redshift-types.ts'

/** Rows of one page, as the JSON text of `Records` without the outer brackets. */
interface Page {
  json: Buffer
}

/** A statement's rows, typed as GetStatementResult gives them. */
export interface ResultSet {
  fields: FieldDef[]
  pages: Page[]
  rowCount: number
  /** Size of the values in bytes. */
  bytes: number
  /** Size of the pages in memory. */
  keptBytes: number
}

/** Collects rows (each value as PostgreSQL's text) into pages; throws a StatementError where a limit is passed. */
export class ResultBuilder {
  readonly #fields: FieldDef[]
  readonly #types: RedshiftType[]
  readonly #pages: Page[] = []
  #rows: string[] = []
  #pageBytes = 0
  #rowCount = 0
  #bytes = 0

  constructor(fields: FieldDef[]) {
    this.#fields = fields
    this.#types = fields.map(redshiftType)
  }

  add(row: readonly (string | null)[]): void {
    let rowBytes = 0
    const values = this.#types.map((type, index) => {
      const value = row[index]
      if (value === null || value === undefined) return '{"isNull":true}'
      rowBytes += Buffer.byteLength(value)
      return type.json(value)
    })
    if (rowBytes > LIMITS.rowBytes) {
      throw new StatementError(
        `Packet for query is too large: a row of ${rowBytes} bytes; the Data API returns rows of at most ${LIMITS.rowBytes}.`,
      )
    }
    this.#bytes += rowBytes
    if (this.#bytes > LIMITS.resultBytes) {
      throw new StatementError(
        `Database response exceeded size limit: more than ${LIMITS.resultBytes} bytes. Ask for fewer rows by LIMIT.`,
      )
    }
    this.#push(`[${values.join(',')}]`)
  }

  #push(json: string): void {
    this.#rowCount += 1
    this.#pageBytes += json.length
    this.#rows.push(json)
    if (this.#pageBytes >= LOCAL_LIMITS.pageBytes) this.#closePage()
  }

  #closePage(): void {
    this.#pages.push({ json: Buffer.from(this.#rows.join(',')) })
    this.#rows = []
    this.#pageBytes = 0
  }

  finish(): ResultSet {
    if (this.#rows.length > 0 || this.#pages.length === 0) this.#closePage()
    const keptBytes = this.#pages.reduce((sum, { json }) => sum + json.length, 0)
    return { fields: this.#fields, pages: this.#pages, rowCount: this.#rowCount, bytes: this.#bytes, keptBytes }
  }
}
