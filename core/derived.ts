import { answerScale } from './answer.ts'
import type { DerivedData, MeasureData } from './model.ts'
import { roundedDecimals, roundedQuotient, roundedScale } from './moments.ts'

/** A metric's merged answer; null: it has nothing there. */
export interface Operand {
  readonly measure: MeasureData
  readonly value: bigint | null
}

/** What nothing comes to: counts and sums of nothing are 0, a least or greatest of nothing is none. */
export const isZeroOfNothing = ({ kind }: MeasureData): boolean => kind !== 'min' && kind !== 'max'

/** The measures that derive something: one number of whatever was merged. */
export const derivable: ReadonlySet<MeasureData['kind']> = new Set(['count', 'sum', 'min', 'max', 'countDistinct'])

export const derivedScale = (kind: DerivedData['kind'], left: MeasureData, right: MeasureData): number =>
  kind === 'ratio' ? roundedDecimals : Math.max(answerScale(left), answerScale(right))

/**
 * What two merged answers derive, scaled by 10^`derivedScale`: a difference exactly, a ratio by one rounding. null where
 * one of them has no value, or the bottom is 0.
 */
export const derived = (kind: DerivedData['kind'], left: Operand, right: Operand): bigint | null => {
  const [a, b] = [left, right].map(({ measure, value }) => value ?? (isZeroOfNothing(measure) ? 0n : null))
  if (a === null || b === null || a === undefined || b === undefined) return null
  const [ofA, ofB] = [answerScale(left.measure), answerScale(right.measure)].map((scale) => 10n ** BigInt(scale))
  if (ofA === undefined || ofB === undefined) return null
  if (kind === 'minus') return ofA > ofB ? a - b * (ofA / ofB) : a * (ofB / ofA) - b
  if (b === 0n) return null
  return b < 0n ? roundedQuotient(-a * ofB * roundedScale, -b * ofA) : roundedQuotient(a * ofB * roundedScale, b * ofA)
}
