import type { Part } from './contribution.ts'
import { roundedQuotient, roundedScale } from './moments.ts'

/**
 * Buckets whose bounds grow by gamma = (1 + a) / (1 - a), a = 1%, so that one value stands for all of its bucket within
 * 1% (Masson, Rim and Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees", 2019).
 */
export const quantileError = 0.01
const [top, bottom] = [101n, 99n]

/**
 * The greatest whole number in each bucket, floor(gamma^index), to the first that holds every safe integer. Whole
 * numbers divided by whole numbers: a logarithm may differ in its last bit from one machine to another, this can't.
 */
const upperBounds = (): number[] => {
  const bounds: number[] = []
  for (let [power, root] = [1n, 1n]; ; power *= top, root *= bottom) {
    const bound = power / root
    if (bound >= BigInt(Number.MAX_SAFE_INTEGER)) return [...bounds, Number.MAX_SAFE_INTEGER]
    bounds.push(Number(bound))
  }
}
const uppers = upperBounds()

/**
 * The bucket of a safe integer, as a number in the order of values: 0 for 0, 1 to 1,838 for those above, the same below
 * with a minus. Magnitudes of one bucket lie in (gamma^(code - 2), gamma^(code - 1)].
 */
export const bucketCode = (value: number): number => {
  if (value === 0) return 0
  const magnitude = Math.abs(value)
  let [low, high] = [0, uppers.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((uppers[middle] ?? 0) >= magnitude) high = middle
    else low = middle + 1
  }
  return value > 0 ? low + 1 : -low - 1
}

/** The whole numbers of a bucket above 0, the least and the greatest. */
export const boundsOf = (code: number): readonly [number, number] => [
  (uppers[code - 2] ?? 0) + 1,
  uppers[code - 1] ?? 0,
]

/**
 * What stands for a bucket, scaled by `roundedScale`: of the magnitudes the one whose greatest relative distance from
 * them is the least, 2 * least * greatest / (least + greatest). A bucket of one whole number, as all below 50, is that.
 */
export const representative = (code: number): bigint => {
  if (code === 0) return 0n
  const [least, greatest] = boundsOf(Math.abs(code)).map(BigInt) as [bigint, bigint]
  const magnitude = roundedQuotient(2n * least * greatest * roundedScale, least + greatest)
  return code < 0 ? -magnitude : magnitude
}

const prefix = 'v'

/** One value's part in a quantile. @param value a safe integer */
export const quantileParts = (value: number): Part[] => [
  { component: `${prefix}${bucketCode(value)}`, op: 'sum', value: 1 },
]

/** Quantiles are asked for to this many decimals, so that a rank is a whole number's comparison. */
export const quantileSteps = 1_000_000
export const stepsOf = (q: number): number => Math.round(q * quantileSteps)

/**
 * The bucket that the value of zero-based rank floor(q * (count - 1)) fell in: a value that occurred, never one between
 * two. null: of nothing.
 */
export const quantileCode = (state: ReadonlyMap<string, bigint>, q: number): number | null => {
  const counts = [...state]
    .map(([component, count]) => ({ code: Number(component.slice(prefix.length)), count }))
    .sort((a, b) => a.code - b.code)
  const total = counts.reduce((sum, { count }) => sum + count, 0n)
  let reached = 0n
  for (const { code, count } of counts) {
    reached += count
    if (reached * BigInt(quantileSteps) > BigInt(stepsOf(q)) * (total - 1n)) return code
  }
  return null
}
