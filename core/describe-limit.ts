import { buckets, divides } from './bucket.ts'
import type { FieldOf } from './definition/entity.ts'
import type { LimitDefinition } from './definition/limit.ts'
import { scaleDecimal } from './definition/quantity.ts'
import { wordsOf } from './definition/words.ts'
import { eventOf, type LimitBound, type LimitData, type MetricData, type ModelData } from './model.ts'

const maxThresholds = 10
const maxPercent = 1000

/**
 * A limit as data.
 * @throws where it names a metric, a dimension, an entity or an amount that can't stand there
 */
export const describeLimit = (
  name: string,
  definition: LimitDefinition,
  model: Pick<ModelData, 'events' | 'metrics' | 'entities'>,
): LimitData => {
  const at = `Limit ${name}`
  const metric = model.metrics.find((one) => one.name === definition.limits)
  if (metric === undefined)
    throw new Error(`${at}: metric ${definition.limits} is not among the definitions; export it beside this limit.`)
  refuseShrinking(at, metric)
  refuseEach(at, definition.each, metric)
  if (!divides(metric.per, definition.per))
    throw new Error(
      `${at}: ${metric.name} is kept per ${metric.per}, of which no ${definition.per} is made; it can be ${buckets.filter((bucket) => divides(metric.per, bucket)).join(', ')}.`,
    )
  return {
    name,
    metric: metric.name,
    each: definition.each,
    per: definition.per,
    atMost:
      typeof definition.atMost === 'string'
        ? { amount: amountOf(at, definition.atMost, metric) }
        : boundOf(at, definition.atMost, definition.each, metric, model),
    unit: metric.measure.unit,
    scale: scaleOf(metric),
    ...(metric.zone === undefined ? {} : { zone: metric.zone }),
    notifyAt: percentsOf(at, definition.notifyAt),
    ...wordsOf(definition),
  }
}

/** Values of states that are added up, or of sets that are: they alone can be reached for good by what is yet to come. */
const refuseShrinking = (at: string, { name, measure: { kind } }: MetricData): void => {
  if (kind === 'count' || kind === 'sum' || kind === 'countDistinct') return
  throw new Error(`${at}: ${name} is a ${kind}, which more events may lower; limit a count, a sum or a countDistinct.`)
}

const refuseEach = (at: string, each: string, metric: MetricData): void => {
  const dimension = metric.by.find((one) => one.name === each)
  if (dimension === undefined)
    throw new Error(
      `${at}: each is ${each}, by which ${metric.name} is not split; it is by ${metric.by.map((one) => one.name).join(', ') || 'nothing'}.`,
    )
  if (dimension.type === 'boolean')
    throw new Error(`${at}: each is ${each}, a boolean; name a dimension that says whom the limit is for.`)
  if (dimension.keep !== undefined)
    throw new Error(
      `${at}: each is ${each}, of which ${metric.name} keeps only some values and counts all others as one, ${dimension.keep.other}; limit a metric that keeps all.`,
    )
}

const scaleOf = ({ measure }: MetricData): number => ('scale' in measure ? measure.scale : 0)

const amountOf = (at: string, text: string, metric: MetricData): number => {
  const { measure } = metric
  const [number = '', ...unit] = text.split(' ')
  const scaled = scaleDecimal(number, scaleOf(metric))
  if (scaled === null || scaled <= 0n || unit.join(' ') !== measure.unit)
    throw new Error(
      `${at}: atMost is '${text}'; it must be an amount above 0 in ${measure.unit}, such as '100 ${measure.unit}'.`,
    )
  return Number(scaled)
}

/** A field of the same unit and scale, so that its values and the metric's are the same integers. */
const boundOf = (
  at: string,
  { entity: entityName, field: fieldName }: FieldOf<string>,
  each: string,
  metric: MetricData,
  model: Pick<ModelData, 'events' | 'metrics' | 'entities'>,
): LimitBound => {
  const entity = (model.entities ?? []).find(({ name }) => name === entityName)
  if (entity === undefined)
    throw new Error(`${at}: entity ${entityName} is not among the definitions; export it beside this limit.`)
  const [ref] = entity.versions.by
  const dimension = metric.by.find(({ name }) => name === each)
  if (ref?.type !== dimension?.type)
    throw new Error(
      `${at}: ${each} (${dimension?.type}) can name no ${entityName}, whose ref ${ref?.name} is of another type (${ref?.type}).`,
    )
  const field = eventOf(model, entity).fields.find(({ name }) => name === fieldName)
  if (field?.unit == null)
    throw new Error(
      `${at}: ${fieldName} is no quantity of entity ${entityName}; declare it with int('unit') or decimal(scale, 'unit').`,
    )
  const scale = scaleOf(metric)
  if (field.unit !== metric.measure.unit || field.scale !== scale)
    throw new Error(
      `${at}: ${entityName}.${fieldName} is in ${field.unit} with ${field.scale} decimals, and ${metric.name} in ${metric.measure.unit} with ${scale}; they must be alike.`,
    )
  return { entity: entityName, field: fieldName }
}

const percentsOf = (at: string, texts: readonly string[]): number[] => {
  const percents = texts.map((text) => {
    const percent = /^([1-9]\d{0,3})%$/.exec(text)?.[1]
    if (percent === undefined || Number(percent) > maxPercent)
      throw new Error(
        `${at}: notifyAt holds '${text}'; it must be whole percents from 1% to ${maxPercent}%, such as '80%'.`,
      )
    return Number(percent)
  })
  if (percents.length === 0 || percents.length > maxThresholds || new Set(percents).size < percents.length)
    throw new Error(
      `${at}: notifyAt holds ${texts.join(', ') || 'nothing'}; it must be 1 to ${maxThresholds} different percents.`,
    )
  return percents.sort((a, b) => a - b)
}
