import type { MeasureData } from '../core/model.ts'

/**
 * Whether an answer is what the measure's definition says of these values, all at once and from the values alone.
 * @param values scaled integers, none of them null @param answer scaled as it is answered
 * @returns what is wrong; null: nothing
 */
export const flawOf = (measure: MeasureData, values: readonly bigint[], answer: unknown): string | null => {
  const isRight = rightAnswers[measure.kind]
  if (isRight === undefined) throw new Error(`There is no plain account of ${measure.kind}.`)
  return isRight(values, answer, measure) ? null : `${measure.kind} of ${values.slice(0, 50).join(', ')} is ${answer}`
}

type IsRight = (values: readonly bigint[], answer: unknown, measure: MeasureData) => boolean
const million = 1_000_000n
const total = (values: readonly bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n)
const distance = (a: bigint, b: bigint): bigint => (a < b ? b - a : a - b)

const rightAnswers: Partial<Record<MeasureData['kind'], IsRight>> = {
  /** No other integer is nearer to sum / count, scaled by a million. */
  mean: (values, answer) =>
    typeof answer === 'bigint' &&
    2n * distance(answer * BigInt(values.length), total(values) * million) <= BigInt(values.length),
  /** By the distances from the mean, each times the count: (2r - 1)^2 n^3 <= 4 sum(n x - S)^2 10^12 <= (2r + 1)^2 n^3. */
  stddev: (values, answer) => {
    if (typeof answer !== 'bigint' || answer < 0n) return false
    const count = BigInt(values.length)
    const sum = total(values)
    const four = 4n * total(values.map((value) => (count * value - sum) ** 2n)) * million ** 2n
    const below = answer === 0n ? 0n : (2n * answer - 1n) ** 2n * count ** 3n
    return below <= four && four <= (2n * answer + 1n) ** 2n * count ** 3n
  },
  /** Within 1% of the value of rank floor(q (n - 1)). */
  quantile: (values, answer, measure) => {
    if (typeof answer !== 'bigint' || measure.kind !== 'quantile') return false
    const ordered = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    const steps = BigInt(measure.q.toFixed(6).replace('.', ''))
    const truth = ordered[Number((steps * BigInt(values.length - 1)) / million)] ?? 0n
    return 100n * distance(answer, truth * million) <= (truth < 0n ? -truth : truth) * million
  },
  /** By asking each value where it lies. */
  histogram: (values, answer, measure) => {
    if (!Array.isArray(answer) || measure.kind !== 'histogram') return false
    const counts = [...measure.edges, null].map(
      (edge, place) =>
        values.filter((value) => {
          const from = measure.edges[place - 1]
          return (from === undefined || value >= BigInt(from)) && (edge === null || value < BigInt(edge))
        }).length,
    )
    return answer.map(String).join() === counts.join()
  },
}
