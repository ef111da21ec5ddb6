import type { AnsweredValue } from './answer.ts'
import type { ScoreDefinition } from './definition/score.ts'
import { frozen } from './derivations.ts'
import type { FieldData, ModelData } from './model.ts'
import type { Decoded, Row } from './record.ts'
import type { FeatureValues, Scored } from './scored.ts'

/** A measure's value as a rule gets it: the double that is nearest to what is answered. */
export const featureOf = (value: AnsweredValue): FeatureValues[string] => {
  if (value === null) return null
  return typeof value === 'object' ? value.map(Number) : Number(value)
}

/**
 * An event as rules get it, frozen: decimals in their unit, instants epoch ms, `id` null where there is none, and `at`
 * the event's time where no field has that name.
 * @param fields of the event, those inside of objects too
 */
export const givenOf = (fields: readonly FieldData[], row: Row, eventTime: number): Row => {
  const plain: Record<string, unknown> = { at: eventTime, ...row, id: row.id ?? null }
  for (const { name, kind, scale } of fields)
    if (kind === 'decimal' && typeof row[name] === 'bigint') plain[name] = Number(row[name]) / 10 ** scale
  return frozen(plain)
}

/** What a rule says. An error says why it says nothing: it threw, or answered something else than a score. */
export const runRule = (
  rule: ScoreDefinition['rule'],
  given: Row,
  profiles: Readonly<Record<string, FeatureValues>>,
): Scored | Error => {
  try {
    return scoredOf(rule(given, frozen({ ...profiles })))
  } catch (error) {
    // The caller reports it, as the rule's flaw.
    return new Error(error instanceof Error ? `threw: ${error.message}` : `threw a ${typeof error}`)
  }
}

const scoredOf = (answer: unknown): Scored | Error => {
  const { score, because } = typeof answer === 'object' && answer !== null ? (answer as Partial<Scored>) : {}
  if (typeof score !== 'number' || !Number.isFinite(score))
    return new Error(`answered a score of ${String(score)}, which is no number`)
  if (!Array.isArray(because) || !because.every((reason) => typeof reason === 'string'))
    return new Error('answered no list of texts as because')
  return { score, because: [...because] }
}

/** Runs scores by name. @throws where there is no such score */
export const scorer =
  (data: ModelData, rules: ReadonlyMap<string, ScoreDefinition['rule']>) =>
  (
    name: string,
    { row, eventTime }: Pick<Decoded, 'row' | 'eventTime'>,
    profiles: Readonly<Record<string, FeatureValues>>,
  ): Scored | Error => {
    const rule = rules.get(name)
    const score = data.scores?.find((one) => one.name === name)
    const event = data.events.find((one) => one.name === score?.event)
    if (rule === undefined || event === undefined) throw new Error(`The model has no score ${name}.`)
    return runRule(rule, givenOf(event.fields, row, eventTime), profiles)
  }
