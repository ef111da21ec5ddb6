import { describeDerivations } from '../../core/definition/derivation.ts'
import { isEvent, isScore } from '../../core/definition/functions.ts'
import { derive } from '../../core/derivations.ts'
import { watch } from './denied.ts'
import { type Outcome, sampleText } from './outcome.ts'
import { ruleOutcome } from './rules.ts'
import { type Sample, samplesOf } from './samples.ts'

/** A function of the definitions: what an event derives, or a score's rule. */
export interface Place {
  readonly event: string
  readonly name: string
  readonly isRule?: true
}

/** Answers as JSON text: objects of one context are none of another's. */
export interface Probe {
  readonly functions: () => string
  /** @param isReversed whether the last sample goes first; outcomes are in the samples' order all the same */
  readonly run: (place: string, lines: string, isReversed: boolean) => string
}

export const probeOf = (exported: Readonly<Record<string, unknown>>): Probe => {
  const events = Object.values(exported)
    .filter(isEvent)
    .map(({ definition }) => definition)
  const scores = Object.values(exported).filter(isScore)
  return {
    functions: () =>
      JSON.stringify([
        ...events.flatMap(({ name: event, derive }) =>
          isDescribed(event, derive) ? Object.keys(derive).map((name): Place => ({ event, name })) : [],
        ),
        ...scores.map(({ name, definition }): Place => ({ event: definition.event.name, name, isRule: true })),
      ]),
    run: (place, lines, isReversed) => {
      const { event, name, isRule } = JSON.parse(place) as Place
      const score = scores.find((one) => isRule === true && one.name === name)
      const definition = score?.definition.event ?? events.find((one) => one.name === event)
      const derivations = describeDerivations(event, definition?.derive ?? {}, []).filter((one) => one.name === name)
      const samples = definition === undefined ? [] : samplesOf(definition, JSON.parse(lines) as string[])
      const outcomeOf = ({ fields, at }: Sample, nth: number): Outcome => {
        if (score !== undefined) return ruleOutcome(exported, score.definition, { fields, at }, nth)
        const { answer, denied } = watch(() => derive(event, derivations, fields, at))
        const sample = sampleText(fields)
        return 'flaw' in answer
          ? { flaw: answer.flaw, denied, sample }
          : { answer: JSON.stringify(answer.dimensions[name]), denied, sample }
      }
      const numbered = samples.map((sample, nth) => ({ sample, nth }))
      const outcomes = (isReversed ? numbered.reverse() : numbered).map(({ sample, nth }) => outcomeOf(sample, nth))
      return JSON.stringify(isReversed ? outcomes.reverse() : outcomes)
    },
  }
}

/** Whether all that stands there are functions. What is none compiling refuses, with what is wrong besides. */
const isDescribed = (event: string, derive: Readonly<Record<string, unknown>>): boolean => {
  try {
    return describeDerivations(event, derive, []).length > 0
  } catch {
    // swallowed: compiling the same definitions reports it
    return false
  }
}
