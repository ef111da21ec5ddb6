import {
  type DerivedData,
  type EntityData,
  type EventData,
  type FieldData,
  type LimitData,
  type MetricData,
  type ModelData,
  type ProfileData,
  type ScoreData,
  type SessionsData,
  sessionMetrics,
} from './model.ts'

/** One definition that two models don't have alike. */
export interface Difference {
  readonly kind: 'event' | 'metric' | 'derived metric' | 'entity' | 'profile' | 'sessions' | 'score' | 'limit'
  readonly name: string
  readonly change: 'added' | 'changed' | 'removed' | 'described'
  /** What changed, a line each; none where it was added or removed. */
  readonly parts: readonly string[]
}

/** What becomes of each definition of one model in another, by kind and name. `described` changes no value. */
export const differencesOf = (from: ModelData, to: ModelData): Difference[] => [
  ...compared('event', from.events.map(eventPart), to.events.map(eventPart)),
  ...compared('metric', metricsOf(from).map(metricPart), metricsOf(to).map(metricPart)),
  ...compared('derived metric', (from.derived ?? []).map(derivedPart), (to.derived ?? []).map(derivedPart)),
  ...compared('entity', (from.entities ?? []).map(entityPart), (to.entities ?? []).map(entityPart)),
  ...compared('profile', (from.profiles ?? []).map(profilePart), (to.profiles ?? []).map(profilePart)),
  ...compared('sessions', (from.sessions ?? []).map(sessionsPart), (to.sessions ?? []).map(sessionsPart)),
  ...compared('score', (from.scores ?? []).map(scorePart), (to.scores ?? []).map(scorePart)),
  ...compared('limit', (from.limits ?? []).map(limitPart), (to.limits ?? []).map(limitPart)),
]

/** Those over sessions, too. */
const metricsOf = (model: ModelData): readonly MetricData[] => [...model.metrics, ...sessionMetrics(model)]

/** What a change makes of what was sent before it, where that can be told: a line each. */
export const dangersOf = (from: ModelData, to: ModelData): string[] =>
  from.events.flatMap((old) => {
    const event = to.events.find(({ name }) => name === old.name)
    if (event === undefined)
      return [
        `Event ${old.name} is gone: its records, old ones too, are rejected as unknown_type from the next recompute on.`,
      ]
    return event.fields.filter((field) => isNewlyNeeded(field, old)).map((field) => neededLine(event, field))
  })

const isNewlyNeeded = ({ name, optional, default: standIn }: FieldData, old: EventData): boolean =>
  !optional && standIn === null && !old.fields.some((field) => field.name === name && !field.optional)

const neededLine = ({ name }: EventData, field: FieldData): string =>
  `Event ${name}: field ${field.name} is needed now, and records from before may lack it: those are rejected from the next recompute on. Make it .optional() or give it a .default(…).`

interface Comparable {
  readonly name: string
  /** Decides values. */
  readonly meaning: Readonly<Record<string, unknown>>
  /** Decides none. */
  readonly words: Readonly<Record<string, unknown>>
}

const metricPart = ({ name, version: _, description, owner, maxDrift, ...meaning }: MetricData): Comparable => ({
  name,
  meaning,
  words: { description, owner, maxDrift },
})

const eventPart = ({ name, description, owner, fields, ...rest }: EventData): Comparable => ({
  name,
  meaning: { ...rest, ...Object.fromEntries(fields.map((field) => [`field ${field.name}`, field])) },
  words: { description, owner },
})

const derivedPart = ({ name, version: _, description, owner, ...meaning }: DerivedData): Comparable => ({
  name,
  meaning,
  words: { description, owner },
})

const entityPart = ({ name, description, owner, versions, ...meaning }: EntityData): Comparable => ({
  name,
  meaning: { ...meaning, ...metricPart(versions).meaning },
  words: { description, owner },
})

const profilePart = ({ name, version: _, description, owner, measures, ...meaning }: ProfileData): Comparable => ({
  name,
  meaning: {
    ...meaning,
    // All of a profile's measures are of the same conditions.
    where: measures[0]?.metric.where,
    ...Object.fromEntries(
      measures.map(({ as, metric: { measure, each } }) => [
        `measure ${as}`,
        each === undefined ? measure : { ...measure, each },
      ]),
    ),
  },
  words: { description, owner, maxDrift: measures[0]?.metric.maxDrift },
})

const sessionsPart = ({
  name,
  description,
  owner,
  key,
  events,
  gapMs,
  longestMs,
  start,
  code,
}: SessionsData): Comparable => ({
  name,
  meaning: { key, events: events.map(({ event }) => event), gapMs, longestMs, start, code },
  words: { description, owner },
})

const scorePart = ({ name, version: _, description, owner, ...meaning }: ScoreData): Comparable => ({
  name,
  meaning: { ...meaning },
  words: { description, owner },
})

const limitPart = ({ name, description, owner, ...meaning }: LimitData): Comparable => ({
  name,
  meaning,
  words: { description, owner },
})

const compared = (kind: Difference['kind'], from: readonly Comparable[], to: readonly Comparable[]): Difference[] => {
  const names = [...new Set([...from, ...to].map(({ name }) => name))].sort()
  return names.flatMap((name): Difference[] => {
    const [old, next] = [from, to].map((all) => all.find((one) => one.name === name))
    if (old === undefined) return [{ kind, name, change: 'added', parts: [] }]
    if (next === undefined) return [{ kind, name, change: 'removed', parts: [] }]
    const parts = changesOf(old.meaning, next.meaning)
    if (parts.length > 0) return [{ kind, name, change: 'changed', parts }]
    const words = changesOf(old.words, next.words)
    return words.length > 0 ? [{ kind, name, change: 'described', parts: words }] : []
  })
}

const changesOf = (old: Comparable['meaning'], next: Comparable['meaning']): string[] =>
  [...new Set([...Object.keys(old), ...Object.keys(next)])]
    .map((key) => ({ key, was: shown(old[key]), is: shown(next[key]) }))
    .filter(({ was, is }) => was !== is)
    .map(({ key, was, is }) => `${key}: ${was} -> ${is}`)

const shown = (value: unknown): string => (value === undefined ? 'none' : JSON.stringify(value))
