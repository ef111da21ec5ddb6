import type { Metric } from './metric.ts'
import { type OptionNames, refuseOptions } from './options.ts'

/** What `ratio` or `minus` was given: read when the definitions are compiled. */
export interface DerivedDefinition {
  readonly derives: 'ratio' | 'minus'
  readonly of: readonly [OfMetric, OfMetric]
  readonly describe: string | null
  readonly owner: string | null
}

type OfMetric = Pick<AnyMetric, 'name' | 'unit'>
// biome-ignore lint/suspicious/noExplicitAny: a metric of any row, whose value is one number
type AnyMetric<U extends string = string> = Metric<string, any, U, number | bigint, string, boolean>
type DimensionsOf<M> = M extends Metric<string, infer _R, string, infer _V, infer D, boolean> ? D : never

/** A metric made of two others' merged answers. It keeps no states of its own. */
export interface Derived<N extends string, U extends string, D extends string> {
  readonly name: N
  readonly unit: U
  readonly dimensions?: D
  readonly definition: DerivedDefinition
}

interface DerivedOptions {
  readonly describe?: string
  /** Who answers for it: a team, a person. */
  readonly owner?: string
}

const optionNames: OptionNames<DerivedOptions> = { describe: 'optional', owner: 'optional' }

const derivedFrom = (
  name: string,
  derives: DerivedDefinition['derives'],
  of: DerivedDefinition['of'],
  options: DerivedOptions,
): DerivedDefinition => {
  refuseOptions(`Metric ${name}`, options, optionNames)
  return { derives, of, describe: options.describe ?? null, owner: options.owner ?? null }
}

/**
 * One metric over another, divided after both were merged: never a mean of ratios. By the dimensions that both have;
 * null where the bottom is 0.
 */
export const ratio = <const N extends string, A extends AnyMetric, B extends AnyMetric>(
  name: N,
  top: A,
  bottom: B,
  options: DerivedOptions = {},
): Derived<N, `${A['unit']} per ${B['unit']}`, DimensionsOf<A> & DimensionsOf<B>> => ({
  name,
  unit: `${top.unit} per ${bottom.unit}`,
  definition: derivedFrom(name, 'ratio', [top, bottom], options),
})

/** One metric less another of the same unit, by the dimensions that both have. */
export const minus = <const N extends string, A extends AnyMetric, B extends AnyMetric<A['unit']>>(
  name: N,
  a: A,
  b: B,
  options: DerivedOptions = {},
): Derived<N, A['unit'], DimensionsOf<A> & DimensionsOf<B>> => ({
  name,
  unit: a.unit,
  definition: derivedFrom(name, 'minus', [a, b], options),
})
