import fc from 'fast-check'
import type { Contribution, MergeOp } from '../../core/contribution.ts'
import { type Components, merge, mergeComponent, opOf } from '../../core/merge.ts'
import { type Cell, dimsKey, fold } from '../../core/state.ts'

const dims = fc.array(fc.option(fc.constantFrom('', '1:', '-', 'a', '2:ab'), { nil: null }), {
  minLength: 2,
  maxLength: 2,
})
const contributions = (values: fc.Arbitrary<number>): fc.Arbitrary<Contribution[]> =>
  fc.array(
    fc
      .record({
        bucket: fc.constantFrom(0, 60_000),
        dims,
        component: fc.constantFrom('count', 'min', 'max', 'r7'),
        value: values,
      })
      .map((one) => ({ metric: 'm', ...one, op: opOf(one.component) })),
    { maxLength: 60 },
  )
const small = contributions(fc.integer({ min: -1000, max: 1000 }))
const huge = contributions(fc.maxSafeInteger())

/** What all cells of one place come to, without rounding: as the warehouse adds them up. */
const totals = (cells: readonly Cell[]): Record<string, string> => {
  const all = new Map<string, bigint>()
  for (const { bucket, dims: place, components } of cells)
    for (const [component, { op, value }] of components) {
      const key = JSON.stringify([bucket, place, component])
      const held = all.get(key)
      all.set(key, held === undefined ? BigInt(value) : exactly(op, held, BigInt(value)))
    }
  return Object.fromEntries([...all].sort().map(([key, value]) => [key, String(value)]))
}
const exactly = (op: MergeOp, a: bigint, b: bigint): bigint => (op === 'sum' ? a + b : (op === 'min') === a < b ? a : b)
const asCells = (all: readonly Contribution[]): Cell[] =>
  all.map(({ metric, bucket, dims: place, component, op, value }) => ({
    metric,
    bucket,
    dims: place,
    components: new Map([[component, { op, value }]]),
  }))

describe('fold', () => {
  it('comes to the same, however the contributions are ordered and split', () => {
    fc.assert(
      fc.property(fc.oneof(small, huge), fc.nat(60), fc.infiniteStream(fc.nat()), (all, at, keys) => {
        const shuffled = all
          .map((one) => [keys.next().value as number, one] as const)
          .sort(([a], [b]) => a - b)
          .map(([, one]) => one)
        const expected = totals(asCells(all))
        expect(totals(fold(all))).toEqual(expected)
        expect(totals([...fold(shuffled.slice(0, at)), ...fold(shuffled.slice(at))])).toEqual(expected)
      }),
    )
  })

  it('keeps each value a safe integer, and begins another cell only where a sum would leave them', () => {
    fc.assert(
      fc.property(huge, (all) => {
        const values = fold(all).flatMap(({ components }) => [...components.values()])
        return values.every(({ value }) => Number.isSafeInteger(value))
      }),
    )
    fc.assert(
      fc.property(small, (all) => {
        const places = new Set(all.map(({ bucket, dims: place }) => JSON.stringify([bucket, place])))
        return fold(all).length === places.size
      }),
    )
  })

  it('tells dimensions apart exactly where they differ', () => {
    const texts = fc.array(fc.option(fc.string({ unit: fc.constantFrom('0', '1', ':', '-', 'a') }), { nil: null }))
    fc.assert(
      fc.property(texts, texts, (a, b) => (dimsKey(a) === dimsKey(b)) === (JSON.stringify(a) === JSON.stringify(b))),
      { numRuns: 2000 },
    )
  })
})

describe('merge', () => {
  const ops = fc.constantFrom<MergeOp>('sum', 'min', 'max')
  const values = fc.integer({ min: -(2 ** 51), max: 2 ** 51 })
  it('does not mind order or grouping', () => {
    fc.assert(
      fc.property(ops, values, values, values, (op, a, b, c) => {
        expect(merge(op, a, b)).toBe(merge(op, b, a))
        expect(merge(op, merge(op, a, b), c)).toBe(merge(op, a, merge(op, b, c)))
      }),
    )
  })
  it('refuses a sum that would not be exact, and leaves the state as it was', () => {
    const state: Components = { count: Number.MAX_SAFE_INTEGER }
    expect(() => mergeComponent(state, 'count', 'sum', 1)).toThrow('leaves the integers')
    expect(state).toEqual({ count: Number.MAX_SAFE_INTEGER })
  })
  it('knows an op by its component', () => {
    expect(['count', 'sum', 'seen', 'exact', 'min', 'max', 'r0', 'r16383', 'rx'].map(opOf)).toEqual([
      'sum',
      'sum',
      'sum',
      'sum',
      'min',
      'max',
      'max',
      'max',
      'sum',
    ])
  })
})
