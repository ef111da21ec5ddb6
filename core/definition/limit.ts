import type { Bucket } from '../bucket.ts'
import type { FieldOf } from './entity.ts'
import type { Metric } from './metric.ts'
import { type OptionNames, refuseOptions } from './options.ts'

type Percent = `${number}%`

// biome-ignore lint/suspicious/noExplicitAny: a metric of any row, of which more events never make less
type Growing<U extends string> = Metric<string, any, U, unknown, string, true>
type UnitOfMetric<M> = M extends Growing<infer U> ? U : never
type DimensionOf<M> = M extends Metric<string, infer _R, string, infer _V, infer D, boolean> ? D : never

/** What `limit` was given: read when the definitions are compiled. */
export interface LimitDefinition {
  readonly limits: string
  readonly each: string
  readonly per: Bucket
  /** An amount with its unit, or a field of an entity whose ref is what `each` holds. */
  readonly atMost: string | FieldOf<string>
  readonly notifyAt: readonly string[]
  readonly describe: string | null
  readonly owner: string | null
}

/** A limit of a metric, watched by the stage. It keeps no states, and refuses no event. */
export interface Limit<N extends string> {
  readonly name: N
  readonly definition: LimitDefinition
}

interface LimitOptions<M> {
  /** The dimension that holds whom the limit is for: each of its values has the limit to itself. */
  readonly each: NoInfer<DimensionOf<M>>
  /** The period that the limit is for; the metric's own bucket or one that it divides, in the metric's zone. */
  readonly per: Bucket
  /** How much in a period: an amount in the metric's unit, or a field of the entity that `each` names. */
  readonly atMost: `${number} ${UnitOfMetric<M>}` | FieldOf<UnitOfMetric<M>>
  /** The parts of the limit that are told, once each in a period, when they are reached: whole percents, at most ten. */
  readonly notifyAt: readonly [Percent, ...Percent[]]
  readonly describe?: string
  /** Who answers for it: a team, a person. */
  readonly owner?: string
}

const optionNames: OptionNames<LimitOptions<Growing<string>>> = {
  each: 'required',
  per: 'required',
  atMost: 'required',
  notifyAt: 'required',
  describe: 'optional',
  owner: 'optional',
}

/**
 * Declares a limit: when one of its parts is reached in a period, an event tells it, once. Where a correction takes the
 * value back below, that is an event of its own.
 */
export const limit = <const N extends string, M extends Growing<string>>(
  name: N,
  metric: M,
  options: LimitOptions<M>,
): Limit<N> => {
  refuseOptions(`Limit ${name}`, options, optionNames)
  return {
    name,
    definition: {
      limits: metric.name,
      each: options.each,
      per: options.per,
      atMost: options.atMost,
      notifyAt: options.notifyAt,
      describe: options.describe ?? null,
      owner: options.owner ?? null,
    },
  }
}
