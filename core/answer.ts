import { histogramComponents } from './histogram.ts'
import { estimateRegisters, standardError } from './hyperloglog.ts'
import { quantileCode, quantileError, representative } from './log-buckets.ts'
import type { MeasureData } from './model.ts'
import { limbWeights, meanOf, roundedDecimals, squareComponents, stddevOf } from './moments.ts'
import { answeredQuantity } from './quantity-text.ts'

/** A state, merged: integers of any size. */
export type MergedComponents = ReadonlyMap<string, bigint>

/** Scaled by 10^`answerScale`; of a histogram the count of each bucket. */
export type MergedValue = bigint | readonly bigint[]

/** What a merged state says; `value` is null where there is none, of nothing. */
export interface MergedAnswer {
  readonly value: MergedValue | null
  readonly exact: boolean
  /** How far the value may be off, in parts of itself (of countDistinct: its standard error); null where it is exact. */
  readonly relativeError: number | null
}

/**
 * The components that every state of a measure may hold, in the order in which SQL answers them side by side; null
 * where they depend on the values.
 */
export const fixedComponents = (measure: MeasureData): readonly string[] | null => {
  switch (measure.kind) {
    case 'count':
    case 'sum':
    case 'min':
    case 'max':
      return [measure.kind]
    case 'mean':
      return ['count', 'sum']
    case 'stddev':
      return ['count', 'sum', ...squareComponents]
    case 'histogram':
      return histogramComponents(measure.edges)
    case 'quantile':
    case 'countDistinct':
    case 'latest':
    case 'kept':
      return null
  }
}

const rounded: ReadonlySet<MeasureData['kind']> = new Set(['mean', 'stddev', 'quantile'])

/** The decimals that an answer has. */
export const answerScale = (measure: MeasureData): number => {
  if (!('scale' in measure)) return 0
  return measure.scale + (rounded.has(measure.kind) ? roundedDecimals : 0)
}

/** What the measure answers for a merged state, the one place that says so; the views' SQL stands in `sql/finish.ts`. */
export const answerOf = (measure: MeasureData, state: MergedComponents): MergedAnswer => {
  const of = (component: string): bigint => state.get(component) ?? 0n
  switch (measure.kind) {
    case 'count':
    case 'sum':
      return exactly(of(measure.kind))
    case 'min':
    case 'max':
      return exactly(state.get(measure.kind) ?? null)
    case 'mean':
      return exactly(of('count') === 0n ? null : meanOf(of('count'), of('sum')))
    case 'stddev':
      return exactly(of('count') === 0n ? null : stddevOf(of('count'), of('sum'), squaresOf(state)))
    case 'histogram':
      return exactly(histogramComponents(measure.edges).map(of))
    case 'quantile':
      return quantileAnswer(quantileCode(state, measure.q))
    case 'countDistinct': {
      const ranks = Array.from(state).flatMap(([name, rank]) => (/^r\d+$/.test(name) ? [Number(rank)] : []))
      return { value: BigInt(estimateRegisters(ranks)), exact: false, relativeError: relativeErrorOf('countDistinct') }
    }
    case 'latest':
    case 'kept':
      throw new Error('What versions and events that are kept say is no value that could be merged.')
  }
}

/** @param code the bucket of core/log-buckets.ts; null: of nothing */
export const quantileAnswer = (code: number | null): MergedAnswer =>
  code === null
    ? exactly(null)
    : { value: representative(code), exact: false, relativeError: relativeErrorOf('quantile') }

/** How far an answer that is not exact may be off; null: every answer of the measure is exact. */
export const relativeErrorOf = (kind: MeasureData['kind']): number | null => {
  if (kind === 'quantile') return quantileError
  return kind === 'countDistinct' ? standardError : null
}

const exactly = (value: MergedAnswer['value']): MergedAnswer => ({ value, exact: true, relativeError: null })

const squaresOf = (state: MergedComponents): bigint =>
  squareComponents.reduce((sum, name, limb) => sum + (state.get(name) ?? 0n) * (limbWeights[limb] ?? 0n), 0n)

/** A number, exact text where it has decimals or is past 2^53, a list of such, or null. */
export type AnsweredValue = number | string | readonly (number | string)[] | null

/** The value as it is answered. */
export const answeredValue = (measure: MeasureData, value: MergedValue | null): AnsweredValue => {
  if (value === null) return null
  const answered = (one: bigint) => answeredQuantity(one, answerScale(measure))
  return typeof value === 'bigint' ? answered(value) : value.map(answered)
}

/**
 * The component that stands for a bucket where two datasets are compared: what the measure counts or measures, of
 * countDistinct its contributions. null: all components, added up, for one alone would hide what the others say.
 */
export const comparedComponent = (measure: MeasureData): string | null => {
  if (measure.kind === 'countDistinct') return 'seen'
  const [only, ...others] = fixedComponents(measure) ?? []
  return only === undefined || others.length > 0 ? null : only
}
