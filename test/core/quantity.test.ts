import fc from 'fast-check'
import { scaleDecimal } from '../../core/definition/quantity.ts'
import { answeredQuantity } from '../../core/quantity-text.ts'

const scales = fc.integer({ min: 1, max: 15 })

describe('decimals', () => {
  it('come back as the text that they were, to the last digit', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), scales, (scaled, scale) => {
        const text = String(answeredQuantity(BigInt(scaled), scale))
        expect(text).toMatch(new RegExp(`^-?\\d+\\.\\d{${scale}}$`))
        expect(scaleDecimal(text, scale)).toBe(BigInt(scaled))
        expect(scaleDecimal(text.replace(/\.?0+$/, ''), scale)).toBe(BigInt(scaled))
      }),
      { numRuns: 1000 },
    )
  })

  it('are refused past their scale and past 2^53, never rounded', () => {
    expect(scaleDecimal('9007199254740991', 0)).toBe(9007199254740991n)
    expect(scaleDecimal('9007199254740992', 0)).toBeNull()
    expect(scaleDecimal('-9007199254740993', 0)).toBeNull()
    expect(scaleDecimal('90071992547409.91', 2)).toBe(9007199254740991n)
    expect(scaleDecimal('90071992547409.92', 2)).toBeNull()
    expect(scaleDecimal('1.234', 2)).toBeNull()
    expect(scaleDecimal('1.2300', 2)).toBe(123n)
    for (const text of ['', '.5', '5.', '+1', '1e3', ' 1', '1 ', '0x1', 'NaN', '1,5', '--1', '1.2.3', '٣'])
      expect(scaleDecimal(text, 2)).toBeNull()
  })

  it('of scale 0 are numbers within 2^53 and text beyond', () => {
    expect(answeredQuantity(-5n, 0)).toBe(-5)
    expect(answeredQuantity(2n ** 63n, 0)).toBe('9223372036854775808')
    expect(answeredQuantity(-5n, 2)).toBe('-0.05')
  })
})
