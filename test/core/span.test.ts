import fc from 'fast-check'
import { spanMs, spanText } from '../../core/definition/span.ts'

describe('a span', () => {
  it('is written in its largest unit, and read back', () => {
    expect([90_000, 300_000, 3_600_000, 86_400_000].map(spanText)).toEqual(['90s', '5m', '1h', '1d'])
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (seconds) => {
        expect(spanMs(spanText(seconds * 1000))).toBe(seconds * 1000)
      }),
    )
  })

  it.each(['-5m', '0s', '5', '5 m', '1.5h', '5M', ''])('is not %p', (text) => {
    expect(spanMs(text)).toBeNull()
  })
})
