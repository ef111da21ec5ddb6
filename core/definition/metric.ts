import type { Bucket } from '../bucket.ts'
import type { AnyEvent, DimensionField, Measure } from './event.ts'
import type { Keep } from './keep.ts'
import { type OptionNames, refuseOptions } from './options.ts'
import type { UnitOf } from './quantity.ts'
import type { Span } from './span.ts'
import type { Zone } from './zone.ts'

type Str<T> = Extract<keyof T, string>
type Amount<T> =
  UnitOf<T> extends 'instant' ? `${number}-${string}` : UnitOf<T> extends 'one' ? T : `${number} ${UnitOf<T>}`

type Condition<T> =
  UnitOf<T> extends 'one'
    ? T | { not: T } | { in: readonly T[] } | { gte: T } | { lt: T } | { gte: T; lt: T }
    : null | { not: null } | { gte: Amount<T> } | { lt: Amount<T> } | { gte: Amount<T>; lt: Amount<T> }

/**
 * Conditions are data, ANDed: a value, or one of `not`, `in`, `gte`, `lt`. A missing field is null. `not` holds for
 * null (as SQL's IS DISTINCT FROM); `gte` and `lt` never do.
 */
export type Where<R> = { [K in Str<R>]?: Condition<R[K]> }

interface MetricOptions<R, By extends readonly string[]> {
  readonly where?: Where<R>
  /** Dimensions, at most eight. */
  readonly by?: By
  /**
   * Values of a text dimension that are counted by themselves, all others being counted as one, `other`, or as you call
   * it: `{ country: ['DE', 'FR'], model: { values: ['A320'], other: 'rest' } }`. Null stays null. Left out: all values are kept.
   */
  readonly keep?: Keep<R, NoInfer<By>>
  /** The finest bucket kept; any coarser one that it divides can be asked for (a week divides none). */
  readonly per: Bucket
  /** Whose days, weeks, months and years they are; finer buckets are of UTC always. Left out: UTC. */
  readonly zone?: Zone
  /** How far back a sliding window may reach. Left out: no window is kept. */
  readonly live?: Span
  /**
   * The part of the metric's rows, 0 to 1, in which a recompute may differ from what is served before it is held back.
   * Left out: the stage's. Decides no value, so changing it makes no new version.
   */
  readonly maxDrift?: number
  /** How many values each dimension may have in a sample that `tidemark check` reads. Left out: 10,000. Decides no value. */
  readonly values?: number
  readonly describe?: string
  /** Who answers for it: a team, a person. */
  readonly owner?: string
}

/** What `metric` was given: read when the definitions are compiled. */
export interface MetricDefinition {
  readonly event: Pick<AnyEvent, 'name' | 'definition'>
  // biome-ignore lint/suspicious/noExplicitAny: a measure of any row
  readonly measure: Measure<any, string, unknown, boolean>
  readonly where: Readonly<Record<string, unknown>>
  readonly by: readonly string[]
  readonly keep: Readonly<Record<string, unknown>>
  readonly per: Bucket
  readonly zone: string
  readonly live: string | null
  readonly maxDrift: number | null
  readonly values: number | null
  readonly describe: string | null
  readonly owner: string | null
}

/** A metric as other definitions refer to it. */
export interface Metric<N extends string, R, U extends string, V, D extends string, Grows extends boolean> {
  readonly name: N
  readonly unit: U
  readonly value?: V
  readonly grows?: Grows
  readonly dimensions?: D
  readonly row?: R
  readonly definition: MetricDefinition
}

const optionNames: OptionNames<MetricOptions<unknown, readonly string[]>> = {
  where: 'optional',
  by: 'optional',
  keep: 'optional',
  per: 'required',
  zone: 'optional',
  live: 'optional',
  maxDrift: 'optional',
  values: 'optional',
  describe: 'optional',
  owner: 'optional',
}

/** Declares a metric: a measure of one event, where conditions hold, by dimensions, per bucket. */
export const metric = <
  const N extends string,
  R,
  U extends string,
  V,
  G extends boolean,
  const By extends readonly DimensionField<R>[] = [],
>(
  name: N,
  measure: Measure<R, U, V, G>,
  options: MetricOptions<R, By>,
): Metric<N, R, U, V, By[number], G> => {
  refuseOptions(`Metric ${name}`, options, optionNames)
  return {
    name,
    unit: measure.unit,
    definition: {
      event: measure.event,
      measure,
      where: (options.where ?? {}) as Readonly<Record<string, unknown>>,
      by: options.by ?? [],
      keep: options.keep ?? {},
      per: options.per,
      zone: options.zone ?? 'UTC',
      live: options.live ?? null,
      maxDrift: options.maxDrift ?? null,
      values: options.values ?? null,
      describe: options.describe ?? null,
      owner: options.owner ?? null,
    },
  }
}
