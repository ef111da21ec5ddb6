import type { MetricData } from '../../core/model.ts'

/** Means, deviations and quantiles are answered with this many decimals more than their field has. */
export const addedDecimals = 6
const scale = 10n ** BigInt(addedDecimals)

/** A value as it was counted again; of a histogram one count for each bucket. */
export type Counted = bigint | readonly bigint[]

/** The recount's answer of one cell: an integer, scaled as the API scales it. @param text what `recountSql` counted */
export const finished = ({ measure }: Pick<MetricData, 'measure'>, text: string): Counted => {
  if (measure.kind === 'histogram') return numbersIn(text)
  if (measure.kind === 'quantile') return nearestRank(numbersIn(text), measure.q) * scale
  if (measure.kind !== 'mean' && measure.kind !== 'stddev') return BigInt(text)
  const [count = 0n, sum = 0n, squares = 0n] = numbersIn(text)
  return measure.kind === 'mean' ? nearestQuotient(sum * scale, count) : deviation(count, sum, squares)
}

/** Of values in order. @param q has at most six decimals */
const nearestRank = (values: readonly bigint[], q: number): bigint => {
  const rank = (BigInt(q.toFixed(6).replace('.', '')) * BigInt(values.length - 1)) / 1_000_000n
  return values[Number(rank)] ?? 0n
}

const numbersIn = (text: string): bigint[] =>
  text
    .replace(/[[\] ]/g, '')
    .split(',')
    .map(BigInt)

/** Halves away from zero. */
const nearestQuotient = (top: bigint, bottom: bigint): bigint => {
  const [whole, rest] = [top / bottom, top % bottom]
  if (2n * (rest < 0n ? -rest : rest) < bottom) return whole
  return top < 0n ? whole - 1n : whole + 1n
}

/** The nearest integer to the root, found by bisection: the least one whose upper half step lies beyond it. */
const deviation = (count: bigint, sum: bigint, squares: bigint): bigint => {
  const variance = (count * squares - sum * sum) * scale * scale
  const isBeyond = (root: bigint): boolean => (2n * root + 1n) ** 2n * count ** 2n > 4n * variance
  let above = 1n
  while (!isBeyond(above)) above *= 2n
  let below = -1n
  while (above - below > 1n) {
    const middle = (above + below) / 2n
    if (isBeyond(middle)) above = middle
    else below = middle
  }
  return above
}
