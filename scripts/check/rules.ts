import { isProfile, type ProfileDefinition } from '../../core/definition/profile.ts'
import type { ScoreDefinition } from '../../core/definition/score.ts'
import { runRule } from '../../core/score.ts'
import type { FeatureValues } from '../../core/scored.ts'
import { watch } from './denied.ts'
import { givenSample } from './given.ts'
import { type Outcome, sampleText } from './outcome.ts'
import type { Sample } from './samples.ts'

/** What a rule says of one sample, beside profiles that know nothing, little or much, by turns. */
export const ruleOutcome = (
  exported: Readonly<Record<string, unknown>>,
  { event, profiles, rule }: ScoreDefinition,
  sample: Sample,
  nth: number,
): Outcome => {
  const told = Object.fromEntries(
    Object.entries(profiles).map(([as, name]) => {
      const found = Object.values(exported)
        .filter(isProfile)
        .find((one) => one.name === name)
      return [as, found === undefined ? {} : featuresOf(found.definition, nth)]
    }),
  )
  const { answer, denied } = watch(() => runRule(rule, givenSample(event, sample), told))
  const said = sampleText({ ...sample.fields, ...told })
  return answer instanceof Error
    ? { flaw: answer.message, denied, sample: said }
    : { answer: JSON.stringify(answer), denied, sample: said }
}

const amounts = [null, 0, 1, 12.5, 1000, 1e9]

/** Of nothing every third time. */
const featuresOf = ({ measures }: ProfileDefinition, nth: number): FeatureValues =>
  Object.fromEntries(
    Object.entries(measures).map(([as, { data }], place) => {
      const counts = data.kind === 'count' || data.kind === 'sum' || data.kind === 'countDistinct'
      const amount = nth % 3 === 0 ? null : (amounts[1 + ((nth + place) % (amounts.length - 1))] ?? 0)
      if (data.kind === 'histogram') return [as, [...data.edges, 0].map(() => Math.floor(amount ?? 0))]
      return [as, amount ?? (counts ? 0 : null)]
    }),
  )
