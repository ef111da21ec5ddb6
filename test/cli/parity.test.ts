import { withParity } from '../../cli/commands/recompute.ts'
import { render } from '../../cli/output.ts'
import { type ParityAnswer, parityNotes, parityTables } from '../../cli/parity.ts'

const bucket = {
  bucket: '2026-01-02T10:00:00.000Z',
  reasons: ['duplicate', 'unknown'],
  served: '1.50',
  built: null,
  rowsMissing: 1,
  rowsExtra: 0,
  rowsChanged: 2,
}
const counts = { rowsServed: 9, rowsBuilt: 8, rowsMissing: 1, rowsExtra: 0, rowsChanged: 2 }
const sales: ParityAnswer = {
  metric: 'sales',
  ...counts,
  bucketsDiffering: 12,
  drift: 0.375,
  allowed: 0.001,
  buckets: Array.from({ length: 12 }, () => bucket),
}
const level: ParityAnswer = {
  metric: 'turnover',
  ...counts,
  rowsMissing: 0,
  rowsChanged: 0,
  bucketsDiffering: 0,
  drift: 0,
  allowed: null,
  buckets: [],
}

describe('how a dataset differs', () => {
  it('is a row a metric, and one for each of the buckets that differ most', () => {
    const tables = parityTables([sales, level])
    const text = render({ json: null, tables, notes: parityNotes([sales, level]) }, 'table')
    const lines = text.split('\n').map((line) => line.trim().replaceAll(/ +/g, ' '))
    expect(lines).toContain('sales 9 8 1 0 2 37.5% 0.1% 12')
    expect(lines).toContain('turnover 9 8 0 0 0 0% null 0')
    const named = lines.filter((line) => line === 'sales 2026-01-02T10:00:00.000Z 1.50 null 1 0 2 duplicate, unknown')
    expect(named).toHaveLength(10)
    expect(lines).toContain('sales: 2 more buckets differ; JSON names more of them, ledger.parity_bucket a thousand.')
  })

  it('has no second table where nothing differs', () => {
    expect(parityTables([level])).toHaveLength(1)
    expect(parityNotes([level])).toEqual([])
  })

  it('is shown after a recompute that is not served, and only then', async () => {
    const asked: unknown[] = []
    const connection = {
      batch: async (request: unknown) => {
        asked.push(request)
        return { datasetId: 'ds-1', parity: [sales] }
      },
    }
    const outcome = {
      ended: 'Held',
      datasetId: 'ds-1',
      held: true,
      timings: [],
      answer: { json: { ended: 'Held' }, tables: [], notes: ['held back'] },
    }
    const answer = await withParity(connection, outcome)
    expect(asked).toEqual([{ step: 'dataset', datasetId: 'ds-1' }])
    expect(answer).toMatchObject({ json: { ended: 'Held', parity: [sales] }, notes: ['held back', expect.any(String)] })
    expect(answer.tables).toHaveLength(2)
    expect(await withParity(connection, { ...outcome, ended: 'Done' })).toBe(outcome.answer)
  })
})
