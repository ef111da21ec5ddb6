import { quantileSteps, stepsOf } from '../log-buckets.ts'
import type { MeasureData } from '../model.ts'

/**
 * Holds a measure to what types can't say.
 * @param at where it stands, for errors: `Metric departures`
 * @throws where a quantile is none
 */
export const refuseMeasure = (at: string, measure: MeasureData): void => {
  if (measure.kind === 'quantile') refuseQuantile(`${at}, quantile of ${measure.field}`, measure.q)
}

const refuseQuantile = (at: string, q: number): void => {
  if (!(q > 0 && q < 1))
    throw new Error(`${at}: q is ${q}; it lies between 0 and 1, such as 0.95. For the ends there are min and max.`)
  if (stepsOf(q) / quantileSteps !== q)
    throw new Error(`${at}: q is ${q}; it has at most six decimals, such as ${q.toFixed(3)}.`)
}
