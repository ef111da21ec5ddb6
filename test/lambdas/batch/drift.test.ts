import { compileDefinitions } from '../../../core/compile.ts'
import { loadHash64 } from '../../../core/hash.ts'
import { driftBeyond, sentenceOf } from '../../../lambdas/batch/drift.ts'
import type { BucketParity, Parity, Reason } from '../../../stores/ledger/dataset.ts'
import { definitions } from '../../localstack/tidemark/batch-stage.ts'

type Facts = Parameters<typeof driftBeyond>[2]

const hourMs = 3_600_000
const apart = (buckets: Readonly<Record<number, number>>) => ({
  sales: Object.fromEntries(
    Object.entries(buckets).map(([nth, records]) => [
      String(Number(nth) * hourMs),
      { records, sum: String(records), min: null, max: null },
    ]),
  ),
})
const facts = (behind: Readonly<Record<number, number>>, duplicate: Readonly<Record<number, number>> = {}): Facts => ({
  behind: apart(behind),
  duplicate: apart(duplicate),
})

/** Of the hour so many after the epoch: so many rows that differ, why. */
const bucket = (nth: number, rowsChanged: number, ...reasons: readonly Reason[]): BucketParity => ({
  bucket: nth * hourMs,
  ...{ rowsMissing: 0, rowsExtra: 0, rowsChanged, servedValue: 1n, builtValue: 2n, reasons },
})

/** Of a hundred rows built. @param unlisted the buckets, and their rows, that stand beside those listed */
const parity = (buckets: readonly BucketParity[], unlisted = { buckets: 0, rows: 0 }): Parity => ({
  metric: 'sales',
  ...{ rowsServed: 100, rowsBuilt: 100, rowsMissing: 0, rowsExtra: 0 },
  rowsChanged: buckets.reduce((rows, one) => rows + one.rowsChanged, unlisted.rows),
  bucketsDiffering: buckets.length + unlisted.buckets,
  buckets,
})

describe('what is held for drift', () => {
  let model: Parameters<typeof driftBeyond>[0]['model']
  beforeAll(async () => {
    model = compileDefinitions(definitions, await loadHash64()).data
  })

  /** The share of rows that hold it, where 5% may; null: it is not held. */
  const held = (one: Parity, told: Facts): number | null =>
    driftBeyond({ maxDrift: 0.05, model }, [one], told)[0]?.drift ?? null

  it('no rows that the speed table had not reached', () => {
    expect(held(parity([bucket(1, 60, 'behind'), bucket(2, 40, 'behind')]), facts({ 1: 9, 2: 9 }))).toBeNull()
  })

  it('what differs otherwise, however much the speed table was behind beside', () => {
    expect(held(parity([bucket(1, 90, 'behind'), bucket(2, 6, 'duplicate')]), facts({ 1: 9 }, { 2: 6 }))).toBe(0.06)
    expect(held(parity([bucket(1, 90, 'behind'), bucket(2, 5, 'duplicate')]), facts({ 1: 9 }, { 2: 5 }))).toBeNull()
    expect(held(parity([bucket(1, 90, 'behind'), bucket(2, 6, 'behind', 'unknown')]), facts({ 1: 9, 2: 1 }))).toBe(0.06)
    expect(held(parity([bucket(1, 90, 'behind'), bucket(2, 6, 'excluded', 'behind')]), facts({ 1: 9, 2: 1 }))).toBe(
      0.06,
    )
  })

  it('as many rows as twins were dropped, where the speed table was behind in the same bucket', () => {
    const both = [bucket(1, 90, 'duplicate', 'behind')]
    expect(held(parity(both), facts({ 1: 80 }, { 1: 5 }))).toBeNull()
    expect(held(parity(both), facts({ 1: 80 }, { 1: 6 }))).toBe(0.06)
    expect(held(parity(both), facts({ 1: 80 }, { 1: 600 }))).toBe(0.9)
  })

  it('what is not listed, unless there are as many buckets more that the speed table was behind in', () => {
    const listed = [bucket(1, 30, 'behind')]
    expect(held(parity(listed, { buckets: 2, rows: 40 }), facts({ 1: 9, 2: 1, 3: 1 }))).toBeNull()
    expect(held(parity(listed, { buckets: 3, rows: 40 }), facts({ 1: 9, 2: 1, 3: 1 }))).toBe(0.4)
    expect(held(parity([bucket(1, 1, 'unknown')], { buckets: 2, rows: 40 }), null)).toBe(0.41)
    expect(held(parity([bucket(1, 1, 'unknown')], { buckets: 2, rows: 40 }), facts({ 2: 1, 3: 1 }))).toBe(0.41)
  })

  it('told by what differs otherwise first', () => {
    const one = parity([bucket(1, 50, 'behind'), bucket(2, 10, 'unknown')])
    const [beyond] = driftBeyond({ maxDrift: 0.05, model }, [one], facts({ 1: 9 }))
    expect(beyond && sentenceOf(beyond)).toBe(
      'sales: 10% of its rows differ from what is served for another reason than that the speed table was behind, 5% may; most in 1970-01-01T02:00:00.000Z (served 1, built 2: unknown); 1970-01-01T01:00:00.000Z (served 1, built 2: behind).',
    )
  })
})
