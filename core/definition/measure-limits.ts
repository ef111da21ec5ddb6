import { maxEdges } from '../histogram.ts'
import { quantileSteps, stepsOf } from '../log-buckets.ts'
import type { MeasureData } from '../model.ts'

type HistogramData = Extract<MeasureData, { readonly kind: 'histogram' }>

/**
 * Holds a measure to what types can't say.
 * @param at where it stands, for errors: `Metric departures`
 * @throws where a quantile is none, or edges don't ascend
 */
export const refuseMeasure = (at: string, measure: MeasureData): void => {
  if (measure.kind === 'quantile') refuseQuantile(`${at}, quantile of ${measure.field}`, measure.q)
  if (measure.kind === 'histogram') refuseEdges(`${at}, histogram of ${measure.field}`, measure)
}

const refuseEdges = (at: string, { edges, edgeUnit, edgeScale }: HistogramData): void => {
  if (edges.length === 0 || edges.length > maxEdges)
    throw new Error(`${at}: ${edges.length} edges; give from 1 to ${maxEdges}, such as [0, 15, 60].`)
  for (const [place, edge] of edges.entries()) {
    const before = edges[place - 1]
    if (Number.isNaN(edge))
      throw new Error(
        `${at}: edge ${place + 1} is no number of ${edgeUnit} with at most ${edgeScale} decimals within 2^53; round it.`,
      )
    if (before !== undefined && before >= edge)
      throw new Error(`${at}: edge ${place + 1} is not above the one before it; sort the edges and leave out twins.`)
  }
}

const refuseQuantile = (at: string, q: number): void => {
  if (!(q > 0 && q < 1))
    throw new Error(`${at}: q is ${q}; it lies between 0 and 1, such as 0.95. For the ends there are min and max.`)
  if (stepsOf(q) / quantileSteps !== q)
    throw new Error(`${at}: q is ${q}; it has at most six decimals, such as ${q.toFixed(3)}.`)
}
