import type { SessionsDefinition } from '../../core/definition/sessions.ts'
import type { Row } from '../../core/record.ts'
import { runStep } from '../../core/session.ts'
import { watch } from './denied.ts'
import { givenSample } from './given.ts'
import { type Outcome, sampleText } from './outcome.ts'
import { type Sample, samplesOf } from './samples.ts'

/** Samples of all events that sessions are made of, each with its type, by turns. */
export const stepSamples = ({ of }: SessionsDefinition, lines: readonly string[]): Sample[] => {
  const all = of.map((event) =>
    samplesOf(event, lines).map(
      (sample): Sample => ({ fields: { ...givenSample(event, sample), type: event.name }, at: sample.at }),
    ),
  )
  const longest = Math.max(0, ...all.map((samples) => samples.length))
  return Array.from({ length: longest }, (_, nth) => all.flatMap((samples) => samples[nth] ?? [])).flat()
}

/** How many samples come before one: its state depends on these alone, whichever sample was run before. */
const stepsBefore = 3

/** What a step makes of one sample, in the state that the samples before it lead to. */
export const stepOutcome = (
  { start, step }: NonNullable<SessionsDefinition['state']>,
  samples: readonly Sample[],
  nth: number,
): Outcome => {
  const before = samples.slice(Math.max(0, nth - stepsBefore), nth)
  const given: Row = samples[nth]?.fields ?? {}
  const { answer, denied } = watch(() => {
    const from = before.reduce((held, sample) => {
      const next = runStep(step, held, sample.fields)
      return next instanceof Error ? held : next
    }, start)
    return runStep(step, from, given)
  })
  const sample = sampleText(given)
  return answer instanceof Error ? { flaw: answer.message, denied, sample } : { answer, denied, sample }
}
