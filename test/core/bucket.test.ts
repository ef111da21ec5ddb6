import fc from 'fast-check'
import { type Bucket, bucketStart, buckets, divides } from '../../core/bucket.ts'

const instants = fc.integer({ min: Date.parse('0001-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59.999Z') })
const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'long', timeZone: 'UTC' })

/** The parts of an ISO time that a bucket keeps; weeks have none of their own. */
const keptText: Partial<Record<Bucket, [number, string]>> = {
  second: [19, '.000Z'],
  minute: [16, ':00.000Z'],
  hour: [13, ':00:00.000Z'],
  day: [10, 'T00:00:00.000Z'],
  month: [7, '-01T00:00:00.000Z'],
  year: [4, '-01-01T00:00:00.000Z'],
}

describe('buckets', () => {
  it.each(Object.entries(keptText))('of a %s start where the ISO text is cut', (per, [kept, rest]) => {
    fc.assert(
      fc.property(instants, (time) => {
        const start = bucketStart(per as Bucket)(time)
        return new Date(start).toISOString() === new Date(time).toISOString().slice(0, kept) + rest
      }),
    )
  })

  it('of a week start on the Monday at or before, at midnight UTC', () => {
    fc.assert(
      fc.property(instants, (time) => {
        const start = bucketStart('week')(time)
        expect(weekday.format(start)).toBe('Monday')
        expect(start % 86_400_000).toBeCloseTo(0)
        expect(time - start).toBeGreaterThanOrEqual(0)
        expect(time - start).toBeLessThan(7 * 86_400_000)
      }),
    )
  })

  it('start where they start', () => {
    fc.assert(
      fc.property(fc.constantFrom(...buckets), instants, (per, time) => {
        const start = bucketStart(per)(time)
        return bucketStart(per)(start) === start && start <= time
      }),
    )
  })

  it('divide others exactly where each of the others is made of whole ones', () => {
    for (const fine of buckets)
      for (const coarse of buckets) {
        const isInOne = (time: number): boolean => {
          const first = bucketStart(fine)(time)
          const last = endOf(fine, first) - 1
          return bucketStart(coarse)(first) === bucketStart(coarse)(last)
        }
        const days = Array.from({ length: 900 }, (_, day) => Date.UTC(2023, 0, 1, 23, 59, 59, 999) + day * 86_400_000)
        expect([fine, coarse, days.every(isInOne)]).toEqual([fine, coarse, divides(fine, coarse)])
      }
  })
})

/** The end of a bucket, found by the calendar alone. */
const endOf = (per: Bucket, start: number): number => {
  const date = new Date(start)
  if (per === 'second') date.setUTCSeconds(date.getUTCSeconds() + 1)
  else if (per === 'minute') date.setUTCMinutes(date.getUTCMinutes() + 1)
  else if (per === 'hour') date.setUTCHours(date.getUTCHours() + 1)
  else if (per === 'day') date.setUTCDate(date.getUTCDate() + 1)
  else if (per === 'week') date.setUTCDate(date.getUTCDate() + 7)
  else if (per === 'month') date.setUTCMonth(date.getUTCMonth() + 1)
  else date.setUTCFullYear(date.getUTCFullYear() + 1)
  return date.getTime()
}
