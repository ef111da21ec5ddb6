import fc from 'fast-check'
import { bucketStart, buckets, nextBucketStart } from '../../core/bucket.ts'

describe('the next bucket', () => {
  it('begins where this one ends: nothing lies between, and nothing in both', () => {
    const instant = fc.integer({ min: Date.parse('1900-01-01'), max: Date.parse('2200-01-01') })
    fc.assert(
      fc.property(fc.constantFrom(...buckets), instant, (per, time) => {
        const next = nextBucketStart(per)(time)
        expect(next).toBeGreaterThan(time)
        expect(bucketStart(per)(next)).toBe(next)
        expect(bucketStart(per)(next - 1)).toBe(bucketStart(per)(time))
      }),
      { numRuns: 2000 },
    )
  })
})
