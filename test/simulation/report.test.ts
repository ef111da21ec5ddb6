import { acts } from './acts.ts'
import { callNames, transactionNames } from './operations.ts'
import { Report, type Slice } from './report.ts'

const phases = ['before', 'after'].flatMap((phase) => ['error', 'crash', 'abandon'].map((fault) => `${phase} ${fault}`))
const everyCall = callNames.flatMap((name) => phases.map((phase) => `${name} ${phase}`))
const everyCommit = transactionNames.map((name) => `${name} commit error`)

/** What is missed where each fault met each operation but for these. */
const missedWithout = (left: (key: string) => boolean, more: readonly string[] = []): string[] => {
  const keys = [...everyCall, ...everyCommit, ...more].filter((key) => !left(key))
  const slice: Slice = {
    ...{ schedules: 1, steps: 1, compared: 1, refused: 0, reasons: 0, failures: [] },
    coverage: Object.fromEntries(keys.map((key) => [key, 1])),
    acts: Object.fromEntries(acts.filter(({ name }) => !left(name)).map(({ name }) => [name, 1])),
  }
  return Report.of([slice]).untried
}

describe('what a simulation did not try', () => {
  it('is nothing where every fault met every operation', () => {
    expect(missedWithout(() => false)).toEqual([])
  })

  it('is a fault of one call, or of one commit', () => {
    expect(missedWithout((key) => key === 'ledger.serve after crash')).toEqual(['ledger.serve'])
    expect(missedWithout((key) => key === 'warehouse.serve commit error')).toEqual(['warehouse.serve'])
  })

  it('is an operation that nothing called, and an act that nobody did', () => {
    expect(missedWithout((key) => key.startsWith('window.open ') || key === 'merge')).toEqual([
      'window.open',
      'the act merge',
    ])
  })

  it('is an operation that is not written down', () => {
    expect(missedWithout(() => false, ['ledger.forgotten before none'])).toEqual([
      'ledger.forgotten, which operations.ts does not name',
    ])
  })
})
