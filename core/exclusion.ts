import { scaleDecimal } from './definition/quantity.ts'
import { keptText } from './kept.ts'
import type { EventData, FieldData, ModelData, Scalar } from './model.ts'
import { Problem } from './problem.ts'
import type { Decoded } from './record.ts'

/** What is left out of every answer: the events of a type for which all that is said here holds. */
export interface Exclusion {
  /** A whole number: the revision of the set that it came in at. */
  readonly id: number
  readonly eventType: string
  /** Event time, epoch ms UTC, half-open; null: unbounded. */
  readonly from: number | null
  readonly to: number | null
  /** Field to the value that it must have, as text. */
  readonly fields: Readonly<Record<string, string>>
  /** The events' ids, as decode gives them; null: of any id. */
  readonly eventIds: readonly string[] | null
}

/** `exclusions/REVISION.json`: all that a revision leaves out. Revision 0 leaves out nothing, and has none. */
export interface ExclusionSet {
  readonly revision: number
  readonly exclusions: readonly Exclusion[]
}

/** Whether an event is left out. Rejected records never are: they count as what they are. */
export type IsExcluded = (decoded: Decoded) => boolean

const nothing: IsExcluded = () => false

/** One test for a whole set. An exclusion whose type or field the model has no more leaves out nothing. */
export const excluder = (exclusions: readonly Exclusion[], model: Pick<ModelData, 'events'>): IsExcluded => {
  const byType = new Map<string, ((decoded: Decoded) => boolean)[]>()
  for (const exclusion of exclusions) {
    const event = model.events.find(({ name }) => name === exclusion.eventType)
    const test = event === undefined ? null : testOf(exclusion, event)
    if (test !== null) byType.set(exclusion.eventType, [...(byType.get(exclusion.eventType) ?? []), test])
  }
  if (byType.size === 0) return nothing
  return (decoded) =>
    decoded.rejection === null && (byType.get(decoded.type)?.some((isMeant) => isMeant(decoded)) ?? false)
}

const testOf = (
  { from, to, fields, eventIds }: Exclusion,
  event: EventData,
): ((decoded: Decoded) => boolean) | null => {
  const ids = eventIds === null ? null : new Set(eventIds)
  const wanted: { name: string; value: Scalar }[] = []
  for (const [name, text] of Object.entries(fields)) {
    const field = event.fields.find((candidate) => candidate.name === name)
    const value = field === undefined || field.secret === true ? null : valueIn(field, text)
    if (value === null) return null
    wanted.push({ name, value })
  }
  return ({ id, eventTime, row }) =>
    (from === null || eventTime >= from) &&
    (to === null || eventTime < to) &&
    (ids === null || ids.has(id)) &&
    wanted.every(({ name, value }) => comparable(row[name]) === value)
}

/** Texts as they are kept, whether a metric keeps them or not. */
const comparable = (value: unknown): unknown =>
  typeof value === 'bigint' ? Number(value) : typeof value === 'string' ? keptText(value) : value

/** A field's value of its text, as rows hold it but decimals as plain integers; null where the text is none. */
const valueIn = ({ kind, scale, values }: FieldData, text: string): Scalar => {
  switch (kind) {
    case 'string':
      return values === null || values.some((one) => keptText(one) === keptText(text)) ? keptText(text) : null
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : null
    case 'integer':
      return /^-?(0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null
    case 'number':
      return /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text)) ? Number(text) : null
    case 'decimal': {
      const scaled = scaleDecimal(text, scale)
      return scaled === null ? null : Number(scaled)
    }
    case 'instant': {
      const time = isoInstant.test(text) ? Date.parse(text) : Number.NaN
      return Number.isNaN(time) ? null : time
    }
    case 'object':
    case 'other':
      return null
  }
}

const isoInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/

/** What to exclude, before it has an id. */
export type ExclusionRequest = Omit<Exclusion, 'id'>

/** One exclusion's ids: what the batch function's request (6 MB) and a set held in memory take easily. */
export const maxEventIds = 50_000
const maxFields = 20

/**
 * Checks what comes from outside.
 * @param everything whether all events of the type may be meant
 * @throws Problem invalid_exclusion, excludes_everything
 */
export const readExclusion = (
  input: unknown,
  model: Pick<ModelData, 'events'>,
  everything: boolean,
): ExclusionRequest => {
  const { eventType, from, to, fields, eventIds } = (input ?? {}) as Partial<Record<keyof ExclusionRequest, unknown>>
  const event = model.events.find(({ name }) => name === eventType)
  if (event === undefined)
    throw invalid(`There is no event type ${show(eventType)}.`, { allowed: model.events.map(({ name }) => name) })
  const request = {
    eventType: event.name,
    from: readBound('from', from),
    to: readBound('to', to),
    fields: readFields(event, fields ?? {}),
    eventIds: readIds(eventIds ?? null),
  }
  if (request.from !== null && request.to !== null && request.from >= request.to)
    throw invalid(`Nothing lies between ${iso(request.from)} and ${iso(request.to)}: from must be before to.`)
  refuseEverything(request, everything)
  return request
}

const invalid = (detail: string, facts: Readonly<Record<string, unknown>> = {}): Problem =>
  new Problem('invalid_exclusion', 400, detail, facts)

const show = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined'))
const iso = (time: number): string => new Date(time).toISOString()

const readBound = (name: string, value: unknown): number | null => {
  if (value === null || value === undefined) return null
  if (typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) <= 8.64e15) return value
  throw invalid(`${name} is ${show(value)}; it must be an event time in epoch ms, or null.`)
}

const readFields = (event: EventData, value: unknown): Record<string, string> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`fields is ${show(value)}; it must be an object of fields and their values.`)
  const entries = Object.entries(value)
  if (entries.length > maxFields) throw invalid(`${entries.length} fields are named; there can be ${maxFields}.`)
  return Object.fromEntries(
    entries.map(([name, text]): [string, string] => {
      const field = event.fields.find((candidate) => candidate.name === name)
      if (field === undefined)
        throw invalid(`Event ${event.name} has no field ${name}.`, { allowed: event.fields.map((each) => each.name) })
      if (field.secret === true)
        throw invalid(`${event.name}.${name} is a secret: an exclusion would tell whether an event has a value.`)
      if (field.kind === 'object' || field.kind === 'other')
        throw invalid(`${event.name}.${name} holds no single value, so events can't be excluded by it.`)
      if (typeof text !== 'string' || valueIn(field, text) === null)
        throw invalid(`${event.name}.${name} can't be ${show(text)}; it is ${describe(field)}.`)
      return [name, text]
    }),
  )
}

const describe = ({ kind, scale, values }: FieldData): string => {
  if (values !== null) return `one of ${values.join(', ')}`
  switch (kind) {
    case 'boolean':
      return 'true or false'
    case 'integer':
      return 'a whole number'
    case 'decimal':
      return `a number of at most ${scale} decimals`
    case 'instant':
      return 'an ISO 8601 time with its zone, such as 2026-01-31T12:00:00Z'
    default:
      return `a ${kind}`
  }
}

const readIds = (value: unknown): string[] | null => {
  if (value === null) return null
  if (!Array.isArray(value) || !value.every((id): id is string => typeof id === 'string' && id !== ''))
    throw invalid('eventIds must be a list of ids, each a text, or null.')
  const ids = [...new Set(value)].sort()
  if (ids.length === 0) throw invalid('The list of ids is empty: it would exclude nothing.')
  if (ids.length > maxEventIds)
    throw invalid(`${ids.length} ids are listed; one exclusion takes ${maxEventIds}. Make several of them.`)
  return ids
}

const refuseEverything = ({ eventType, from, to, fields, eventIds }: ExclusionRequest, everything: boolean): void => {
  const isBounded = from !== null || to !== null || eventIds !== null || Object.keys(fields).length > 0
  if (!isBounded && !everything)
    throw new Problem(
      'excludes_everything',
      400,
      `This would exclude every event of type ${eventType}, those to come included. Say which (from, to, fields, ids), or that all are meant (--all).`,
    )
}
