import { boundsOf, bucketCode, quantileCode, quantileParts, representative } from '../../core/log-buckets.ts'
import { randomOf } from '../localstack/tidemark/batch-law.ts'

const last = bucketCode(Number.MAX_SAFE_INTEGER)
const million = 1_000_000n

describe('the buckets of quantiles', () => {
  it('hold every safe integer once, and stand for each within 1%', () => {
    expect(last).toBe(1838)
    let below = 0
    for (let code = 1; code <= last; code++) {
      const [least, greatest] = boundsOf(code)
      expect(least).toBe(below + 1)
      below = greatest
      // Small bounds lie so close that some bucket holds no whole number.
      if (least > greatest) continue
      for (const value of [least, greatest]) {
        expect([value, bucketCode(value), bucketCode(-value)]).toEqual([value, code, -code])
        const off = representative(code) - BigInt(value) * million
        expect(100n * (off < 0n ? -off : off)).toBeLessThanOrEqual(BigInt(value) * million)
        expect(representative(-code)).toBe(-representative(code))
      }
    }
    expect(below).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('answer small values as they are', () => {
    for (let value = -49; value < 50; value++) expect(representative(bucketCode(value))).toBe(BigInt(value) * million)
  })
})

type Distribution = (random: () => number, at: number) => number
const hostile: Record<string, Distribution> = {
  uniform: (random) => random() * 1e6,
  'with both signs': (random) => random() * 200 - 100,
  'heavy in the tail': (random) => 1 / random() ** 3,
  'of two far points': (random) => (random() < 0.5 ? 1 : 9e15),
  'all the same': () => 123_457,
  'all zero but one': (_, at) => (at === 17 ? -9e15 : 0),
  'growing by powers': (_, at) => 2 ** (at % 53),
  'on the bounds of buckets': (random) => boundsOf(200 + Math.floor(random() * 1500))[random() < 0.5 ? 0 : 1],
  'far below zero': (random) => -1e12 * random() - 1e15,
}
const parts = [0.000001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 0.999999]

describe.each(Object.entries(hostile))('quantiles of values %s', (_, distribution) => {
  it.each([1, 2, 3, 4, 5])('lie within 1%% of the value of their rank (seed %i)', (seed) => {
    const random = randomOf(seed)
    for (const count of [1, 2, 10, 101, 2000]) {
      const values = Array.from({ length: count }, (__, at) => {
        const value = Math.trunc(distribution(random, at))
        return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value))
      })
      const state = new Map<string, bigint>()
      for (const value of values)
        for (const { component } of quantileParts(value)) state.set(component, (state.get(component) ?? 0n) + 1n)
      const ordered = values.toSorted((a, b) => a - b)
      for (const q of parts) {
        const rank = (BigInt(q.toFixed(6).replace('.', '')) * BigInt(count - 1)) / million
        const truth = BigInt(ordered[Number(rank)] ?? 0) * million
        const off = representative(quantileCode(state, q) ?? Number.NaN) - truth
        expect(100n * (off < 0n ? -off : off)).toBeLessThanOrEqual(truth < 0n ? -truth : truth)
      }
    }
  })
})
