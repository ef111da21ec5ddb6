import { divides } from './bucket.ts'
import type { DerivedDefinition } from './definition/derived.ts'
import { derivable } from './derived.ts'
import { keepsAlike } from './kept.ts'
import type { DerivedData, MetricData } from './model.ts'

/**
 * A derived metric as data, without its version.
 * @throws where a metric that it is made of is not among the definitions, or the two can't be put side by side
 */
export const describeDerived = (
  name: string,
  { derives, of, describe }: DerivedDefinition,
  metrics: readonly MetricData[],
): Omit<DerivedData, 'version'> => {
  const at = `Metric ${name}, ${derives} of ${of[0].name} and ${of[1].name}`
  const [left, right] = [operand(at, of[0].name, metrics), operand(at, of[1].name, metrics)]
  if (derives === 'minus' && left.measure.unit !== right.measure.unit)
    throw new Error(`${at}: ${left.measure.unit} and ${right.measure.unit} have no difference; give two of one unit.`)
  const per = [left.per, right.per].find((bucket) => divides(left.per, bucket) && divides(right.per, bucket))
  if (per === undefined)
    throw new Error(
      `${at}: no ${left.per} is made of ${right.per}s, nor the other way; define both per the same bucket.`,
    )
  if (left.zone !== right.zone)
    throw new Error(
      `${at}: the days of ${left.name} are ${left.zone ?? 'UTC'}'s and those of ${right.name} ${right.zone ?? 'UTC'}'s; give both the same zone.`,
    )
  const live = left.sliceMs === right.sliceMs && left.liveMs !== null && right.liveMs !== null
  return {
    name,
    kind: derives,
    of: [left.name, right.name],
    unit: derives === 'ratio' ? `${left.measure.unit} per ${right.measure.unit}` : left.measure.unit,
    by: left.by.filter((one) =>
      right.by.some((other) => other.name === one.name && other.type === one.type && keepsAlike(one, other)),
    ),
    per,
    ...(left.zone === undefined ? {} : { zone: left.zone }),
    liveMs: live ? Math.min(Number(left.liveMs), Number(right.liveMs)) : null,
    description: describe,
  }
}

const operand = (at: string, name: string, metrics: readonly MetricData[]): MetricData => {
  const metric = metrics.find((one) => one.name === name)
  if (metric === undefined) throw new Error(`${at}: ${name} is not among the definitions; export it beside this one.`)
  if (!derivable.has(metric.measure.kind))
    throw new Error(
      `${at}: ${name} is a ${metric.measure.kind}; there are ${[...derivable].join(', ')} to derive something of.`,
    )
  return metric
}
