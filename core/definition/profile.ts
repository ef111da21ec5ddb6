import type { DimensionField, Measure } from './event.ts'
import type { Where } from './metric.ts'
import { type OptionNames, refuseOptions } from './options.ts'
import type { Span } from './span.ts'

// biome-ignore lint/suspicious/noExplicitAny: a measure of any unit and value
type AnyMeasure<R> = Measure<R, any, any, any>
// biome-ignore lint/suspicious/noExplicitAny: measures of any row
type AnyMeasures = Readonly<Record<string, AnyMeasure<any>>>

/** What a measure says of a key, as a plain number in its unit. What only ever grows is 0 of nothing, all else null. */
type FeatureOf<M> =
  M extends Measure<infer _R, string, infer V, infer Grows>
    ? V extends readonly number[]
      ? readonly number[]
      : Grows extends true
        ? number
        : number | null
    : never

/** What a profile says of one key, by its measures' names. */
export type Features<M extends AnyMeasures> = { readonly [K in keyof M]: FeatureOf<M[K]> }

interface ProfileOptions<R, By extends readonly string[]> {
  /** The key: from one dimension to eight. */
  readonly by: By
  /** How far back it reaches. What it is kept by follows from this: the coarsest of day, hour, minute and second of which it holds at least a thousand. */
  readonly over: Span
  readonly where?: Where<R>
  /** As a metric's: of each measure's rows the part in which a recompute may differ unasked. */
  readonly maxDrift?: number
  readonly describe?: string
  /** Who answers for it: a team, a person. */
  readonly owner?: string
}

/** What `profile` was given: read when the definitions are compiled. */
export interface ProfileDefinition {
  readonly measures: AnyMeasures
  readonly by: readonly string[]
  readonly over: string
  readonly where: Readonly<Record<string, unknown>>
  readonly maxDrift: number | null
  readonly describe: string | null
  readonly owner: string | null
}

/** A profile as other definitions refer to it. */
export interface Profile<N extends string, V, D extends string> {
  readonly name: N
  readonly features?: V
  readonly dimensions?: D
  readonly definition: ProfileDefinition
}

const optionNames: OptionNames<ProfileOptions<unknown, readonly string[]>> = {
  by: 'required',
  over: 'required',
  where: 'optional',
  maxDrift: 'optional',
  describe: 'optional',
  owner: 'optional',
}

/** Declares several measures of one key, over a span that ends at any moment, read together: the features of a rule. */
export const profile = <
  const N extends string,
  R,
  M extends Readonly<Record<string, AnyMeasure<R>>>,
  const By extends readonly [DimensionField<R>, ...DimensionField<R>[]],
>(
  name: N,
  measures: M & Readonly<Record<string, AnyMeasure<R>>>,
  options: ProfileOptions<R, By>,
): Profile<N, Features<M>, By[number]> => {
  refuseOptions(`Profile ${name}`, options, optionNames)
  return {
    name,
    definition: {
      measures: { ...measures },
      by: options.by,
      over: options.over,
      where: (options.where ?? {}) as ProfileDefinition['where'],
      maxDrift: options.maxDrift ?? null,
      describe: options.describe ?? null,
      owner: options.owner ?? null,
    },
  }
}

export const isProfile = (
  value: unknown,
): value is { readonly name: string; readonly definition: ProfileDefinition } => {
  const definition = typeof value === 'object' && value !== null && 'definition' in value ? value.definition : null
  return typeof definition === 'object' && definition !== null && 'over' in definition
}
