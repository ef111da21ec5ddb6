import { describeDerivations } from '../../core/definition/derivation.ts'
import { isEvent, isScore } from '../../core/definition/functions.ts'
import { isSessions } from '../../core/definition/sessions.ts'
import { derive } from '../../core/derivations.ts'
import { watch } from './denied.ts'
import { type Outcome, sampleText } from './outcome.ts'
import { ruleOutcome } from './rules.ts'
import { type Sample, samplesOf } from './samples.ts'
import { stepOutcome, stepSamples } from './steps.ts'

/** A function of the definitions: what an event derives, a score's rule, or a step of sessions. */
export interface Place {
  /** Of sessions the first of their events. */
  readonly event: string
  readonly name: string
  readonly isRule?: true
  readonly isStep?: true
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
  const stepped = Object.values(exported)
    .filter(isSessions)
    .flatMap(({ name, definition }) =>
      definition.state === null ? [] : [{ name, definition, state: definition.state }],
    )
  return {
    functions: () =>
      JSON.stringify([
        ...events.flatMap(({ name: event, derive }) =>
          isDescribed(event, derive) ? Object.keys(derive).map((name): Place => ({ event, name })) : [],
        ),
        ...scores.map(({ name, definition }): Place => ({ event: definition.event.name, name, isRule: true })),
        ...stepped.map(({ name, definition }): Place => ({ event: definition.of[0]?.name ?? '', name, isStep: true })),
      ]),
    run: (place, lines, isReversed) => {
      const { event, name, isRule, isStep } = JSON.parse(place) as Place
      const sessions = stepped.find((one) => isStep === true && one.name === name)
      if (sessions !== undefined) {
        const samples = stepSamples(sessions.definition, JSON.parse(lines) as string[])
        return outcomes(samples, isReversed, (_, nth) => stepOutcome(sessions.state, samples, nth))
      }
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
      return outcomes(samples, isReversed, outcomeOf)
    },
  }
}

/** As JSON, in the samples' order. */
const outcomes = (
  samples: readonly Sample[],
  isReversed: boolean,
  outcomeOf: (sample: Sample, nth: number) => Outcome,
): string => {
  const numbered = samples.map((sample, nth) => ({ sample, nth }))
  const found = (isReversed ? numbered.reverse() : numbered).map(({ sample, nth }) => outcomeOf(sample, nth))
  return JSON.stringify(isReversed ? found.reverse() : found)
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
