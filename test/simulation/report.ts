import type { Outcome } from './schedule.ts'

/** What one process found, as JSON. */
export interface Slice {
  schedules: number
  steps: number
  compared: number
  refused: number
  reasons: number
  /** `OPERATION PHASE FAULT` to how often. */
  readonly coverage: Record<string, number>
  readonly acts: Record<string, number>
  readonly failures: { seed: number; kind: string; message: string }[]
}

/** Adds up schedules. */
export class Report {
  readonly slice: Slice = {
    schedules: 0,
    steps: 0,
    compared: 0,
    refused: 0,
    reasons: 0,
    coverage: {},
    acts: {},
    failures: [],
  }

  static of(slices: readonly Slice[]): Report {
    const report = new Report()
    for (const each of slices) {
      const { slice } = report
      slice.schedules += each.schedules
      slice.steps += each.steps
      slice.compared += each.compared
      slice.refused += each.refused
      slice.reasons += each.reasons
      addAll(slice.coverage, Object.entries(each.coverage))
      addAll(slice.acts, Object.entries(each.acts))
      slice.failures.push(...each.failures)
    }
    return report
  }

  add(seed: number, { coverage, acts, failure, tally, steps }: Outcome): void {
    const { slice } = this
    slice.schedules += 1
    slice.steps += steps
    slice.compared += tally.compared
    slice.refused += tally.refused
    slice.reasons += tally.reasons
    addAll(slice.coverage, coverage)
    addAll(slice.acts, acts)
    if (failure !== null) slice.failures.push({ seed, kind: failure.name, message: failure.message })
  }

  /** The operations on which some fault was never tried. */
  get untried(): string[] {
    return this.#rows.filter(({ counts }) => counts.includes(0)).map(({ operation }) => operation)
  }

  get #rows(): { readonly operation: string; readonly counts: readonly number[] }[] {
    const operations = new Set(Object.keys(this.slice.coverage).map((key) => key.split(' ').slice(0, -2).join(' ')))
    // A deploy is made again by a person where it fails.
    operations.delete('warehouse.migrate')
    return [...operations].sort().map((operation) => {
      const isCommit = `${operation} commit none` in this.slice.coverage
      const columns = isCommit ? commitColumns : callColumns
      return { operation, counts: columns.map((column) => this.slice.coverage[`${operation} ${column}`] ?? 0) }
    })
  }

  text(seconds: number): string {
    const { schedules, steps, compared, refused, reasons, acts, failures } = this.slice
    const rows = this.#rows
    const width = Math.max(...rows.map(({ operation }) => operation.length))
    const line = (operation: string, cells: readonly (string | number)[]): string =>
      `${operation.padEnd(width)}${cells.map((cell) => String(cell).padStart(9)).join('')}`
    return [
      'fault x operation, how often',
      line('', ['refused', 'crash', 'abandon', 'lost', 'crash', 'abandon']),
      line('', ['before', 'before', 'before', 'after', 'after', 'after']),
      ...rows.filter(({ counts }) => counts.length > 1).map(({ operation, counts }) => line(operation, counts)),
      '',
      'transactions given up by the warehouse before their commit',
      ...rows.filter(({ counts }) => counts.length === 1).map(({ operation, counts }) => line(operation, counts)),
      '',
      `acts: ${Object.entries(acts)
        .map(([act, count]) => `${act} ${count}`)
        .join(', ')}`,
      `${schedules} schedules, ${steps} steps, ${compared} answers compared, ${refused} rightly refused, ${reasons} buckets' reasons checked, ${failures.length} failures; ${Math.round(schedules / seconds)} schedules a second`,
    ].join('\n')
  }
}

const callColumns = ['before error', 'before crash', 'before abandon', 'after error', 'after crash', 'after abandon']
const commitColumns = ['commit error']

const addAll = (into: Record<string, number>, counts: Iterable<readonly [string, number]>): void => {
  for (const [key, count] of counts) into[key] = (into[key] ?? 0) + count
}
