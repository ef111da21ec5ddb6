import { describeDerivations } from '../../core/definition/derivation.ts'
import { describeFields } from '../../core/definition/fields.ts'
import { valueAt } from '../../core/definition/nested.ts'
import { isProfile, type ProfileDefinition } from '../../core/definition/profile.ts'
import type { ScoreDefinition } from '../../core/definition/score.ts'
import { derive } from '../../core/derivations.ts'
import { givenOf, runRule } from '../../core/score.ts'
import type { FeatureValues } from '../../core/scored.ts'
import { watch } from './denied.ts'
import { type Outcome, sampleText } from './outcome.ts'
import type { Sample } from './samples.ts'

/** What a rule says of one sample, beside profiles that know nothing, little or much, by turns. */
export const ruleOutcome = (
  exported: Readonly<Record<string, unknown>>,
  { event, profiles, rule }: ScoreDefinition,
  { fields, at }: Sample,
  nth: number,
): Outcome => {
  const described = Object.entries(event.fields).flatMap(([name, schema]) => describeFields(event.name, name, schema))
  const nested = described.flatMap(({ name, path }) => (path === undefined ? [] : [[name, valueAt(fields, path)]]))
  const derived = derive(event.name, describeDerivations(event.name, event.derive, []), fields, at)
  const row = { ...fields, ...Object.fromEntries(nested), ...('dimensions' in derived ? derived.dimensions : {}) }
  const told = Object.fromEntries(
    Object.entries(profiles).map(([as, name]) => {
      const found = Object.values(exported)
        .filter(isProfile)
        .find((one) => one.name === name)
      return [as, found === undefined ? {} : featuresOf(found.definition, nth)]
    }),
  )
  const { answer, denied } = watch(() => runRule(rule, givenOf(described, row, at), told))
  const sample = sampleText({ ...fields, ...told })
  return answer instanceof Error
    ? { flaw: answer.message, denied, sample }
    : { answer: JSON.stringify(answer), denied, sample }
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
