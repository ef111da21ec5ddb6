import { describeField } from './definition/fields.ts'
import { sessionsCode } from './definition/functions.ts'
import type { MetricDefinition } from './definition/metric.ts'
import { type SessionsDefinition, sessionFields } from './definition/sessions.ts'
import { nestsQuantity } from './definition/soundness.ts'
import { spanMs } from './definition/span.ts'
import { wordsOf } from './definition/words.ts'
import type { DimensionData, EventData, FieldData, MetricData, SessionsData } from './model.ts'

/** Sessions as their definition exports them. */
export interface DeclaredSessions {
  readonly name: string
  readonly definition: SessionsDefinition
}

/** A metric over sessions as its definition exports it. */
export interface DeclaredMetric {
  readonly name: string
  readonly definition: MetricDefinition
}

/** What is kept of one event, all but what the compiler knows of every keeper of states. */
type KeptMeaning = Pick<MetricData, 'event' | 'measure' | 'where' | 'by' | 'per' | 'liveMs' | 'sliceMs'>

interface Described {
  readonly events: readonly EventData[]
  readonly metrics: readonly DeclaredMetric[]
  /** By what has functions, a hash of their code. */
  readonly code: Readonly<Record<string, string>>
  readonly keptVersionOf: (event: EventData, meaning: KeptMeaning) => string
  readonly versionOf: (meaning: unknown) => string
  /** A metric as if the session were its event. @param at where it stands, for errors */
  readonly metricOf: (at: string, metric: DeclaredMetric, session: EventData, version: string) => MetricData
}

/** Of `speed.rows.metric`. */
const maxKeeperName = 40
/** One answer is one transaction, which takes 40 statements. */
const maxEvents = 8
const maxLongestMs = 366 * 86_400_000

/**
 * Sessions as data, by name, with the metrics over them.
 * @throws where an event, the key or a span is none, or a metric asks for what sessions don't have
 */
export const describeSessions = (declared: readonly DeclaredSessions[], described: Described): SessionsData[] =>
  declared
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, definition }): SessionsData => {
      const at = `Sessions ${name}`
      const events = eventsOf(at, definition, described.events)
      const key = keyOf(at, definition.key, events)
      const kept = events.map((event) => ({ event: event.name, kept: keeperOf(at, name, key, event, described) }))
      const spans = spansOf(at, definition)
      const start = definition.state?.start ?? null
      const code = start === null ? {} : { code: codeOf(at, name, described.code) }
      const fields = Object.entries(definition.fields).map(([field, schema]) => describeField(name, field, schema))
      const version = described.versionOf({ kept: kept.map((one) => one.kept.version), ...spans, start, ...code })
      const own = { name, version, key, events: kept, ...spans, fields, start, ...code, ...wordsOf(definition) }
      return { ...own, metrics: metricsOf(own, definition, described) }
    })

const eventsOf = (at: string, { of }: SessionsDefinition, known: readonly EventData[]): EventData[] => {
  const events = of.map((definition) => {
    const event = known.find(({ name }) => name === definition.name)
    if (event === undefined) throw new Error(`${at}: event ${definition.name} is not among the definitions.`)
    for (const [name, schema] of Object.entries(definition.fields)) {
      const kind = event.fields.find((field) => field.name === name)?.kind
      if ((kind === 'other' || kind === 'object') && nestsQuantity(schema))
        throw new Error(
          `${at}: field ${name} of event ${event.name} holds decimals, instants or amounts inside of a list or an object; sessions keep those of an event's own fields only.`,
        )
    }
    return event
  })
  const twin = events.find((event, place) => events.findIndex((one) => isSameName(one, event)) < place)
  if (twin !== undefined)
    throw new Error(`${at}: event ${twin.name} is named twice, or two differ only in case; name each once.`)
  if (events.length > maxEvents)
    throw new Error(`${at}: it is made of ${events.length} events; there can be ${maxEvents}, which are read together.`)
  return events
}

const isSameName = (a: EventData, b: EventData): boolean => a.name.toLowerCase() === b.name.toLowerCase()

const keyOf = (at: string, name: string, events: readonly EventData[]): DimensionData => {
  if ((sessionFields as readonly string[]).includes(name))
    throw new Error(`${at}: it can't be by ${name}, which a session says of itself; rename the events' field.`)
  const keys = events.map((event) => keyIn(at, name, event))
  const [key] = keys
  const other = keys.findIndex(({ type }) => type !== key?.type)
  if (key === undefined) throw new Error(`${at}: it is made of no event; name at least one.`)
  if (other < 0) return key
  throw new Error(
    `${at}: ${name} is a ${key.type} in ${events[0]?.name}, and a ${keys[other]?.type} in ${events[other]?.name}; declare both alike.`,
  )
}

const keyIn = (at: string, name: string, { name: event, fields }: EventData): DimensionData => {
  const field = fields.find((one) => one.name === name && one.path === undefined)
  if (field === undefined)
    throw new Error(`${at}: its key ${name} is no field of event ${event}'s own; there are ${namesOf(fields)}.`)
  const { kind, unit, nullable, optional, secret } = field
  if (secret === true) throw new Error(`${at}: its key ${name} is a secret, which no layer keeps. Use another field.`)
  if ((kind !== 'string' && kind !== 'boolean' && kind !== 'integer') || unit !== null)
    throw new Error(
      `${at}: its key ${name} is of kind ${kind} in ${event}; a key is a string or a whole number (z.int()).`,
    )
  if (nullable || optional)
    throw new Error(`${at}: its key ${name} may be missing in ${event}; every event must say whose it is.`)
  return { name, type: kind }
}

const namesOf = (fields: readonly FieldData[]): string =>
  fields
    .filter(({ path }) => path === undefined)
    .map(({ name }) => name)
    .join(', ')

/** No metric can be called so. */
const keeperName = (sessions: string, event: string): string => `${sessions}.${event.toLowerCase()}`

const keeperOf = (
  at: string,
  sessions: string,
  key: DimensionData,
  event: EventData,
  described: Described,
): MetricData => {
  const name = keeperName(sessions, event.name)
  if (name.length > maxKeeperName)
    throw new Error(
      `${at}: ${name}, which keeps its events, is a name of ${name.length} characters; there can be ${maxKeeperName}. Shorten the sessions' name or the event's.`,
    )
  const meaning: KeptMeaning = {
    event: event.name,
    measure: { kind: 'kept', unit: 'events' },
    where: [],
    by: [key],
    per: 'hour',
    liveMs: null,
    sliceMs: null,
  }
  return { name, version: described.keptVersionOf(event, meaning), ...meaning, maxDrift: null, description: null }
}

const spansOf = (at: string, definition: SessionsDefinition): Pick<SessionsData, 'gapMs' | 'longestMs'> => {
  const [gapMs, longestMs] = [spanOf(at, 'gap', definition.gap), spanOf(at, 'longest', definition.longest)]
  if (gapMs > longestMs)
    throw new Error(
      `${at}: its gap is ${definition.gap}, and the longest of them ${definition.longest}; a gap must fit in.`,
    )
  return { gapMs, longestMs }
}

const spanOf = (at: string, what: string, text: string): number => {
  const ms = spanMs(text)
  if (ms === null || ms > maxLongestMs)
    throw new Error(
      `${at}: ${what} is '${text}'; write a positive whole number and s, m, h or d, such as '30m', of at most ${maxLongestMs / 86_400_000} days.`,
    )
  return ms
}

const codeOf = (at: string, name: string, codes: Described['code']): string => {
  const code = codes[sessionsCode(name)]
  if (code !== undefined) return code
  throw new Error(
    `${at} have a step, and nothing stands for its code. The build hashes that of all sessions that index.ts exports: export ${name} there.`,
  )
}

const metricsOf = (
  sessions: Omit<SessionsData, 'metrics'>,
  definition: SessionsDefinition,
  { metrics, metricOf }: Described,
): MetricData[] =>
  metrics
    .filter((metric) => metric.definition.event.definition === definition)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((metric) => {
      const at = `Metric ${metric.name}`
      const { live, maxDrift } = metric.definition
      if (live !== null)
        throw new Error(
          `${at}: it is over sessions, which keep no window: they are folded when they are asked for, and as fresh. Leave live out.`,
        )
      if (maxDrift !== null)
        throw new Error(`${at}: it is over sessions, of which a recompute changes no row. Leave maxDrift out.`)
      return metricOf(at, metric, asEvent(sessions, definition), sessions.version)
    })

/** A session as if it were an event, for whoever describes a metric. */
const asEvent = ({ name, fields }: Omit<SessionsData, 'metrics'>, { id, at }: SessionsDefinition): EventData => ({
  name,
  fields,
  id: id ?? [],
  at,
  acceptLateMs: null,
  acceptEarlyMs: 0,
  derived: [],
  description: null,
})
