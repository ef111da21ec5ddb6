import type { Part } from './contribution.ts'

/**
 * A square of a safe integer has 106 bits: it is kept in four limbs of 27, each a component of its own, so that 2^26
 * events add up within a safe integer, and 2^36 within the warehouse's 64 bits.
 */
const limbBits = 27n
const limbMask = (1n << limbBits) - 1n
export const squareComponents = ['q0', 'q1', 'q2', 'q3'] as const
/** What a limb counts, limb by limb. */
export const limbWeights: readonly bigint[] = squareComponents.map((_, limb) => 1n << (limbBits * BigInt(limb)))

/** Decimals that means, deviations and quantiles are answered with beyond their field's own. */
export const roundedDecimals = 6
export const roundedScale = 10n ** BigInt(roundedDecimals)

/** One value's part in a mean. @param value a safe integer */
export const meanParts = (value: number): Part[] => [
  { component: 'count', op: 'sum', value: 1 },
  { component: 'sum', op: 'sum', value },
]

/** One value's part in a deviation. Limbs of 0 are left out. */
export const stddevParts = (value: number): Part[] => {
  const parts = meanParts(value)
  let rest = BigInt(value) ** 2n
  for (const component of squareComponents) {
    if (rest === 0n) break
    const limb = Number(rest & limbMask)
    if (limb > 0) parts.push({ component, op: 'sum', value: limb })
    rest >>= limbBits
  }
  return parts
}

/** A quotient as a whole number, halves away from zero, as SQL's ROUND. @param bottom above 0 */
export const roundedQuotient = (top: bigint, bottom: bigint): bigint => {
  const half = (2n * (top < 0n ? -top : top) + bottom) / (2n * bottom)
  return top < 0n ? -half : half
}

/** The mean of `count` values that add up to `sum`, scaled by `roundedScale`; exact until this one rounding. */
export const meanOf = (count: bigint, sum: bigint): bigint => roundedQuotient(sum * roundedScale, count)

/**
 * The population's standard deviation, sqrt(count * squares - sum^2) / count, scaled by `roundedScale`: the integers
 * are exact, so nothing cancels, and one rounding is the last step.
 * @param squares the sum of the values' squares, put together from its limbs
 */
export const stddevOf = (count: bigint, sum: bigint, squares: bigint): bigint => {
  const spread = (count * squares - sum * sum) * roundedScale ** 2n
  // floor(2 * root / count), rounded by its last bit: of a nested floor only the outer one counts.
  const doubled = integerRoot((4n * spread) / (count * count))
  return (doubled + 1n) / 2n
}

/** The greatest integer whose square is at most `value`, by Newton's method from above. */
const integerRoot = (value: bigint): bigint => {
  if (value < 2n) return value
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2))
  for (;;) {
    const next = (root + value / root) / 2n
    if (next >= root) return root
    root = next
  }
}
