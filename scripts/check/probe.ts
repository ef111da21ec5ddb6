import { describeDerivations } from '../../core/definition/derivation.ts'
import { isEvent } from '../../core/definition/functions.ts'
import { derive } from '../../core/derivations.ts'
import { watch } from './denied.ts'
import { type Sample, samplesOf } from './samples.ts'

/** A function of the definitions. */
export interface Place {
  readonly event: string
  readonly name: string
}

/** What a function made of one sample: its answer as JSON, or why it has none. */
export interface Outcome {
  readonly answer?: string
  readonly flaw?: string
  readonly denied: readonly string[]
  /** The sample as JSON. */
  readonly sample: string
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
  return {
    functions: () =>
      JSON.stringify(
        events.flatMap(({ name: event, derive }) =>
          isDescribed(event, derive) ? Object.keys(derive).map((name): Place => ({ event, name })) : [],
        ),
      ),
    run: (place, lines, isReversed) => {
      const { event, name } = JSON.parse(place) as Place
      const definition = events.find((one) => one.name === event)
      const derivations = describeDerivations(event, definition?.derive ?? {}, []).filter((one) => one.name === name)
      const samples = definition === undefined ? [] : samplesOf(definition, JSON.parse(lines) as string[])
      const outcomeOf = ({ fields, at }: Sample): Outcome => {
        const { answer, denied } = watch(() => derive(event, derivations, fields, at))
        const sample = textOf(fields)
        return 'flaw' in answer
          ? { flaw: answer.flaw, denied, sample }
          : { answer: JSON.stringify(answer.dimensions[name]), denied, sample }
      }
      const outcomes = (isReversed ? [...samples].reverse() : samples).map(outcomeOf)
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

const textOf = (fields: Sample['fields']): string =>
  JSON.stringify(fields, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
