/** What a rule answers: how much it is, and why, as texts for people. */
export interface Scored {
  readonly score: number
  readonly because: readonly string[]
}

/** What a profile says to a rule, by its measures' names: plain numbers, lists of them, or null. */
export type FeatureValues = Readonly<Record<string, number | readonly number[] | null>>
