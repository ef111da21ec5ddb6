import { acts as allActs } from './acts.ts'
import { callNames, transactionNames } from './operations.ts'
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

  /** The operations on which some fault was never tried, those that nobody wrote down, and the acts that nobody did. */
  get untried(): string[] {
    const rows = [...this.#rowsOf(callNames, callColumns), ...this.#rowsOf(transactionNames, commitColumns)]
    const known = new Set([...callNames, ...transactionNames, 'warehouse.migrate'])
    const seen = new Set(Object.keys(this.slice.coverage).map((key) => key.split(' ').slice(0, -2).join(' ')))
    return [
      ...rows.filter(({ counts }) => counts.includes(0)).map(({ operation }) => operation),
      ...[...seen]
        .filter((operation) => !known.has(operation))
        .map((name) => `${name}, which operations.ts does not name`),
      ...allActs.filter(({ name }) => this.slice.acts[name] === undefined).map(({ name }) => `the act ${name}`),
    ]
  }

  #rowsOf(operations: readonly string[], columns: readonly string[]): Row[] {
    return operations.map((operation) => ({
      operation,
      counts: columns.map((column) => this.slice.coverage[`${operation} ${column}`] ?? 0),
    }))
  }

  text(seconds: number): string {
    const { schedules, steps, compared, refused, reasons, acts, failures } = this.slice
    const [calls, transactions] = [this.#rowsOf(callNames, callColumns), this.#rowsOf(transactionNames, commitColumns)]
    const width = Math.max(...[...calls, ...transactions].map(({ operation }) => operation.length))
    const line = (operation: string, cells: readonly (string | number)[]): string =>
      `${operation.padEnd(width)}${cells.map((cell) => String(cell).padStart(9)).join('')}`
    return [
      'fault x operation, how often',
      line('', ['refused', 'crash', 'abandon', 'lost', 'crash', 'abandon']),
      line('', ['before', 'before', 'before', 'after', 'after', 'after']),
      ...calls.map(({ operation, counts }) => line(operation, counts)),
      '',
      'transactions given up by the warehouse before their commit',
      ...transactions.map(({ operation, counts }) => line(operation, counts)),
      '',
      `acts: ${Object.entries(acts)
        .map(([act, count]) => `${act} ${count}`)
        .join(', ')}`,
      `${schedules} schedules, ${steps} steps, ${compared} answers compared, ${refused} rightly refused, ${reasons} buckets' reasons checked, ${failures.length} failures; ${Math.round(schedules / seconds)} schedules a second`,
    ].join('\n')
  }
}

interface Row {
  readonly operation: string
  /** By column. */
  readonly counts: readonly number[]
}

const callColumns = ['before error', 'before crash', 'before abandon', 'after error', 'after crash', 'after abandon']
const commitColumns = ['commit error']

const addAll = (into: Record<string, number>, counts: Iterable<readonly [string, number]>): void => {
  for (const [key, count] of counts) into[key] = (into[key] ?? 0) + count
}
