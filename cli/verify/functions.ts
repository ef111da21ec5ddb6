import type { MetricData, ModelData } from '../../core/model.ts'

/**
 * The metric's dimensions, conditions and distinct values that functions make. There is no second reading of a function:
 * SQL can't run one, and running the same one again would check nothing. So such a metric is not recounted.
 */
export const madeByFunctions = ({ event, by, where, measure }: MetricData, { events }: ModelData): string[] => {
  const derived = events.find(({ name }) => name === event)?.derived ?? []
  const used = new Set([
    ...by.map(({ field, name }) => field ?? name),
    ...where.map(({ field }) => field),
    ...(measure.kind === 'countDistinct' ? measure.fields : []),
  ])
  return derived.flatMap(({ name }) => (used.has(name) ? [name] : []))
}
