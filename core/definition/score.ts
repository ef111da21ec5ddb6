import type { Scored } from '../scored.ts'
import type { DimensionField, Event, EventDefinition } from './event.ts'
import { type OptionNames, refuseOptions } from './options.ts'
import type { Profile } from './profile.ts'
import type { Visible } from './secret.ts'

/** An event as functions get it that answer figures: quantities as plain numbers in their unit, instants as epoch ms, no secrets. */
export type Plain<R> = {
  readonly [K in keyof R]: K extends 'id'
    ? R[K] | null
    : NonNullable<R[K]> extends number | bigint
      ? number | Extract<R[K], null | undefined>
      : R[K]
}

// biome-ignore lint/suspicious/noExplicitAny: profiles of any features
type ProfilesOf<R> = Readonly<Record<string, Profile<string, any, DimensionField<R>>>>
type FeaturesOf<P> = P extends Profile<string, infer V, string> ? V : never

interface ScoreOptions<R, P extends ProfilesOf<R>> {
  /** By the names that the rule gets them under. Their keys are the event's fields of the same names. */
  readonly profiles: P
  /**
   * One event and its profiles in, a score out, by a pure function: no clock, no chance, nothing outside. What a profile
   * says is of before the event's time.
   */
  readonly rule: (event: Plain<Visible<R>>, profiles: { readonly [K in keyof P]: FeaturesOf<P[K]> }) => Scored
  readonly describe?: string
  /** Who answers for it: a team, a person. */
  readonly owner?: string
}

/** What `score` was given: read when the definitions are compiled. */
export interface ScoreDefinition {
  readonly event: EventDefinition
  /** Profiles by the names that the rule gets them under. */
  readonly profiles: Readonly<Record<string, string>>
  readonly rule: (event: unknown, profiles: unknown) => unknown
  readonly describe: string | null
  readonly owner: string | null
}

/** A score as a definitions folder exports it. */
export interface Score<N extends string> {
  readonly name: N
  readonly definition: ScoreDefinition
}

const optionNames: OptionNames<ScoreOptions<unknown, ProfilesOf<unknown>>> = {
  profiles: 'required',
  rule: 'required',
  describe: 'optional',
  owner: 'optional',
}

/** Declares a score: a rule over one event and what profiles say of its keys. */
export const score = <const N extends string, E extends string, R, const P extends ProfilesOf<NoInfer<R>>>(
  name: N,
  on: Event<E, R>,
  options: ScoreOptions<NoInfer<R>, P>,
): Score<N> => {
  refuseOptions(`Score ${name}`, options, optionNames)
  return {
    name,
    definition: {
      event: on.definition,
      profiles: Object.fromEntries(Object.entries(options.profiles).map(([as, profile]) => [as, profile.name])),
      rule: options.rule as ScoreDefinition['rule'],
      describe: options.describe ?? null,
      owner: options.owner ?? null,
    },
  }
}
