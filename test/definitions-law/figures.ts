import type { MetricPlan } from './plan.ts'

/** What was compared, by measure. */
export class Figures {
  definitions = 0
  records = 0
  readonly #cells = new Map<string, Map<string, number>>()

  /** @param by who answered: a column of the report */
  add(by: string, { measure, each }: MetricPlan, cells: number): void {
    const name = `${measure.kind}${each === null ? '' : ' of elements'}`
    const row = this.#cells.get(name) ?? new Map<string, number>()
    this.#cells.set(name, row.set(by, (row.get(by) ?? 0) + cells))
  }

  /** A table in Markdown: cells compared by measure and by who answered. */
  table(): string {
    const columns = [...new Set([...this.#cells.values()].flatMap((row) => [...row.keys()]))]
    const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
    const rows = [...this.#cells].sort(([a], [b]) => (a < b ? -1 : 1))
    const sums = columns.map((by) => rows.reduce((sum, [, row]) => sum + (row.get(by) ?? 0), 0))
    return [
      line(['cells compared', ...columns]),
      line(['---', ...columns.map(() => '---:')]),
      ...rows.map(([name, row]) => line([name, ...columns.map((by) => row.get(by) ?? 0)])),
      line(['all', ...sums]),
    ].join('\n')
  }
}
