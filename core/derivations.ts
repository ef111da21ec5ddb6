import type { DerivationDefinition } from './definition/derivation.ts'
import type { DimensionType } from './model.ts'
import type { Row } from './record.ts'

/** An event's derived dimensions by name, or what makes it impossible to have them: a function that threw, or answered something else. */
export type Derived = { readonly dimensions: Row } | { readonly flaw: string }

const none: Derived = { dimensions: {} }

/**
 * Runs an event's functions. They get the fields, `id` (null where there is none) and `at`, frozen: whatever one of them
 * does, the event and the other functions don't see it.
 * @param eventTime epoch ms
 */
export const derive = (
  event: string,
  derivations: readonly DerivationDefinition[],
  fields: Row,
  eventTime: number,
): Derived => {
  if (derivations.length === 0) return none
  const given = frozen({ at: eventTime, ...fields, id: fields.id ?? null })
  const dimensions: Record<string, unknown> = {}
  for (const { name, type, of } of derivations) {
    const answer = answerOf(of, given)
    const flaw = answer instanceof Thrown ? answer.message : typeFlaw(type, answer)
    if (flaw !== null) return { flaw: `${event}, ${name}: ${flaw}` }
    dimensions[name] = answer
  }
  return { dimensions }
}

/** Apart from whatever a function may answer. */
class Thrown {
  readonly message: string

  constructor(error: unknown) {
    this.message = error instanceof Error ? `${error.message}` : `threw a ${typeof error}`
  }
}

const answerOf = (of: DerivationDefinition['of'], given: Row): unknown => {
  try {
    return of(given)
  } catch (error) {
    // The caller rejects the record with this as its detail.
    return new Thrown(error)
  }
}

const typeFlaw = (type: DimensionType, answer: unknown): string | null => {
  if (answer === null || (type === 'integer' ? Number.isSafeInteger(answer) : typeof answer === type)) return null
  const what = typeof answer === 'number' ? String(answer) : `a value of type ${typeof answer}`
  return `answered ${what}, which is no ${type === 'integer' ? 'whole number within 2^53' : type} and not null`
}

/** With all that is nested. Goes without recursion: a field that nobody reads may nest deeper than the stack. */
export const frozen = <T extends object>(value: T): T => {
  const pending: unknown[] = [value]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue
    Object.freeze(next)
    for (const nested of Object.values(next)) if (typeof nested === 'object') pending.push(nested)
  }
  return value
}
