import { createHash } from 'node:crypto'
import { z } from 'zod'
import { buckets } from './bucket.ts'
import { contributor, liveContributor } from './contributor.ts'
import { decoder } from './decode.ts'
import { refuseColumns } from './definition/columns.ts'
import { describeWhere, refuseSecret } from './definition/conditions.ts'
import { asField, derivedFields } from './definition/derivation.ts'
import type { DerivedDefinition } from './definition/derived.ts'
import { type EventDefinition, elementsOf } from './definition/event.ts'
import { describeField, describeFields } from './definition/fields.ts'
import { isEvent, isScore } from './definition/functions.ts'
import { withKept } from './definition/keep.ts'
import type { LimitDefinition } from './definition/limit.ts'
import { refuseMeasure } from './definition/measure-limits.ts'
import type { MetricDefinition } from './definition/metric.ts'
import { isProfile } from './definition/profile.ts'
import { isSessions, isSessionsDefinition } from './definition/sessions.ts'
import { spanMs } from './definition/span.ts'
import { wordsOf } from './definition/words.ts'
import { describeDerived } from './describe-derived.ts'
import { type DeclaredEntity, describeEntities } from './describe-entity.ts'
import { describeLimit } from './describe-limit.ts'
import { type DeclaredProfile, describeProfiles } from './describe-profile.ts'
import { type DeclaredScore, describeScores } from './describe-score.ts'
import { type DeclaredMetric, type DeclaredSessions, describeSessions } from './describe-sessions.ts'
import type { SessionFold } from './folded.ts'
import type { Hash64 } from './hash.ts'
import {
  type DerivedData,
  type DimensionData,
  type EventData,
  type FieldData,
  keepers,
  type LimitData,
  type MetricData,
  type Model,
  type ModelData,
  sessionMetrics,
} from './model.ts'
import { rejectedMetric } from './rejected.ts'
import { scorer } from './score.ts'
import { sessionFold } from './session.ts'
import { refuseViewTwins } from './view-names.ts'
import type { ZoneData, ZoneTables } from './zone.ts'
import { storedDimensions } from './zoned-metric.ts'

/** Raised by hand where decode, bucketing, hashing or merging come to mean something else: every version changes with it. */
const semantics = 3

const maxDimensions = 8
/** PostgreSQL cuts names at 63 bytes; the longest made of a metric's name is `NAME_VERSION` with 12 digits of version. */
const namePattern = /^[a-z][a-z0-9_]{0,39}$/
const reservedNames = new Set(['rejected', 'bucket', 'component', 'value', 'exact', 'dataset_id', 'layer'])
const defaultEarly = '1h'
/** A window is kept in at most this many slices. */
const maxSlices = 3600
const sliceSizesMs = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((seconds) => seconds * 1000)

/**
 * Compiles what a definitions folder exports into what every layer runs.
 * @param zones the tables of all that `zonesUsed` names
 * @param code by event and score, a hash of its functions' code with all that it reaches: their part of the versions
 * @throws where a definition is one that types can't refuse: a clash of names, a bad span, a field that runs a function
 */
export const compileDefinitions = (
  exported: Readonly<Record<string, unknown>>,
  hash: Hash64,
  zones: ZoneTables = {},
  code: Readonly<Record<string, string>> = {},
): Model => {
  const [metrics, overSessions] = metricsOf(exported)
  const declaredSessions = sessionsOf(exported, overSessions)
  const definitions = uniqueByName([
    ...Object.values(exported)
      .filter(isEvent)
      .map((event) => event.definition),
    ...metrics.map((metric) => metric.definition.event.definition),
    ...entitiesOf(exported).map((entity) => entity.definition.event),
    ...profilesOf(exported).flatMap(({ definition }) =>
      Object.values(definition.measures).map((measure) => measure.event.definition),
    ),
    ...scoresOf(exported).map((score) => score.definition.event),
    ...declaredSessions.flatMap(({ definition }) => definition.of),
  ])
  const eventData = definitions.map((definition) => describeEvent(definition, code[definition.name]))
  const surroundings = { events: eventData, definitions, zones }
  const metricData = [
    ...metrics.map(({ name, definition }) => {
      refuseName(`Metric ${name}`, name)
      return describeMetric(`Metric ${name}`, name, definition, surroundings)
    }),
    rejectedMetric(digest([semantics, eventData.map(meaningOf), definitions.map(schemasOf)])),
  ]
  // By name: the order of a module's exports is the bundler's.
  metricData.sort((a, b) => (a.name < b.name ? -1 : 1))
  refuseOverSessions(exported, overSessions)
  const derived = derivedOf(exported, metricData)
  const versionOf = (event: EventData, meaning: unknown): string =>
    digest([semantics, meaningOf(event), definitions.filter(({ name }) => name === event.name).map(schemasOf), meaning])
  const entities = describeEntities(entitiesOf(exported), {
    events: eventData,
    metrics: metricData,
    versionOf,
  })
  const profiles = describeProfiles(profilesOf(exported), {
    memberOf: (at, name, definition) => describeMetric(at, name, definition, surroundings),
    versionOf: (meaning) => digest([semantics, meaning]),
  })
  const declaredScores = scoresOf(exported)
  const scores = describeScores(declaredScores, {
    events: eventData,
    profiles,
    code,
    versionOf,
  })
  const sessions = describeSessions(declaredSessions, {
    events: eventData,
    metrics: overSessions,
    code,
    keptVersionOf: versionOf,
    versionOf: (meaning) => digest([semantics, meaning]),
    metricOf: (at, { name, definition }, session, version) => {
      refuseName(at, name)
      const described = describeMetric(at, name, definition, {
        events: [session],
        definitions: [definition.event.definition],
        zones,
      })
      return { ...described, version: digest([described.version, version]) }
    },
  })
  refuseTwins([
    ...metricData,
    ...derived,
    ...entities,
    ...profiles,
    ...scores,
    ...sessions,
    ...sessionMetrics({ sessions }),
  ])
  for (const keeper of [
    ...keepers({ metrics: metricData, entities, profiles, sessions }),
    ...sessionMetrics({ sessions }),
  ])
    refuseColumns(keeper)
  refuseViewTwins({ metrics: metricData, derived, entities })
  const limits = limitsOf(exported, { events: eventData, metrics: metricData, entities })
  const used = [...zonesUsed(exported).keys()].sort().map((name) => tableOf(name, zones))
  const data: ModelData = {
    // What is not there is left out: a model's version is what it was before there was such a thing.
    version: digest([
      semantics,
      eventData.map(meaningOf),
      metricData.map(meaningOf),
      ...(derived.length === 0 ? [] : [derived.map(meaningOf)]),
      ...(entities.length === 0
        ? []
        : [{ entities: entities.map((one) => ({ ...meaningOf(one), versions: meaningOf(one.versions) })) }]),
      ...(profiles.length === 0 ? [] : [{ profiles: profiles.map(({ name, version }) => [name, version]) }]),
      ...(scores.length === 0 ? [] : [{ scores: scores.map(({ name, version }) => [name, version]) }]),
      ...(sessions.length === 0
        ? []
        : [{ sessions: [...sessions, ...sessionMetrics({ sessions })].map(({ name, version }) => [name, version]) }]),
    ]),
    events: eventData,
    metrics: metricData,
    ...(derived.length === 0 ? {} : { derived }),
    // In no version here: each metric's has its own zone's table in it.
    ...(used.length === 0 ? {} : { zones: used }),
    ...(entities.length === 0 ? {} : { entities }),
    ...(profiles.length === 0 ? {} : { profiles }),
    ...(scores.length === 0 ? {} : { scores }),
    ...(sessions.length === 0 ? {} : { sessions }),
    ...(limits.length === 0 ? {} : { limits }),
  }
  return {
    data,
    decode: decoder(data, definitions),
    contributions: contributor(data, hash),
    liveContributions: liveContributor(data, hash),
    sessions: (name) => foldOf(data, declaredSessions, name),
    score: scorer(data, new Map(declaredScores.map(({ name, definition }) => [name, definition.rule]))),
  }
}

const foldOf = (data: ModelData, declared: readonly DeclaredSessions[], name: string): SessionFold => {
  const sessions = data.sessions?.find((one) => one.name === name)
  const definition = declared.find((one) => one.name === name)?.definition
  if (sessions === undefined || definition === undefined) throw new Error(`The model has no sessions ${name}.`)
  return sessionFold(data, sessions, definition.state?.step ?? null)
}

/** Those over events, and those over sessions. */
const metricsOf = (exported: Readonly<Record<string, unknown>>) => {
  const metrics = Object.values(exported).filter(isMetric)
  const isOverSessions = ({ definition }: DeclaredMetric) => isSessionsDefinition(definition.event.definition)
  return [metrics.filter((one) => !isOverSessions(one)), metrics.filter(isOverSessions)] as const
}

/** @throws where a name is none, or a metric is over sessions that are not there */
const sessionsOf = (
  exported: Readonly<Record<string, unknown>>,
  metrics: readonly DeclaredMetric[],
): DeclaredSessions[] => {
  const declared = Object.values(exported).filter(isSessions)
  for (const { name } of declared) refuseName(`Sessions ${name}`, name)
  for (const { name, definition } of metrics)
    if (!declared.some((one) => one.definition === definition.event.definition))
      throw new Error(
        `Metric ${name}: sessions ${definition.event.name} are not among the definitions; export them beside it.`,
      )
  return declared
}

/** What looks at metrics' states can't look at those over sessions, which keep none. */
const refuseOverSessions = (
  exported: Readonly<Record<string, unknown>>,
  overSessions: readonly DeclaredMetric[],
): void => {
  const all = Object.values(exported)
  const uses = [
    ...all
      .filter(isDerived)
      .map(({ name, definition }) => ({ at: `Metric ${name}`, of: definition.of.map((one) => one.name) })),
    ...all
      .filter(isEntity)
      .map(({ name, definition }) => ({ at: `Entity ${name}`, of: Object.values(definition.metrics) })),
    ...all.filter(isLimit).map(({ name, definition }) => ({ at: `Limit ${name}`, of: [definition.limits] })),
  ]
  for (const { at, of } of uses) {
    const named = overSessions.find(({ name }) => of.includes(name))
    if (named !== undefined)
      throw new Error(
        `${at}: metric ${named.name} is over sessions, which are folded when they are asked for; use a metric over events.`,
      )
  }
}

/** The time zones that metrics are in, but UTC, and the names of these metrics. */
export const zonesUsed = (exported: Readonly<Record<string, unknown>>): Map<string, string[]> => {
  const used = new Map<string, string[]>()
  for (const { name, definition } of Object.values(exported).filter(isMetric))
    if (definition.zone !== 'UTC') used.set(definition.zone, [...(used.get(definition.zone) ?? []), name])
  return used
}

const tableOf = (name: string, zones: ZoneTables): ZoneData => {
  const table = zones[name]
  if (table === undefined) throw new Error(`No table of the time zone ${name} was handed in; the build resolves it.`)
  return table
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
const isMetric = (value: unknown): value is DeclaredMetric =>
  isObject(value) && isObject(value.definition) && 'measure' in value.definition

const isDerived = (value: unknown): value is { name: string; definition: DerivedDefinition } =>
  isObject(value) && isObject(value.definition) && 'derives' in value.definition

const isEntity = (value: unknown): value is DeclaredEntity =>
  isObject(value) && isObject(value.definition) && 'latest' in value.definition

/** @throws where a name is none */
const entitiesOf = (exported: Readonly<Record<string, unknown>>): DeclaredEntity[] => {
  const entities = Object.values(exported).filter(isEntity)
  for (const { name } of entities) refuseName(`Entity ${name}`, name)
  return entities
}

/** @throws where a name is none */
const profilesOf = (exported: Readonly<Record<string, unknown>>): DeclaredProfile[] => {
  const profiles = Object.values(exported).filter(isProfile)
  for (const { name } of profiles) refuseName(`Profile ${name}`, name)
  return profiles
}

/** @throws where a name is none */
const scoresOf = (exported: Readonly<Record<string, unknown>>): DeclaredScore[] => {
  const scores = Object.values(exported).filter(isScore)
  for (const { name } of scores) refuseName(`Score ${name}`, name)
  return scores
}

/** By name. */
const derivedOf = (exported: Readonly<Record<string, unknown>>, metrics: readonly MetricData[]): DerivedData[] => {
  return Object.values(exported)
    .filter(isDerived)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, definition }) => {
      refuseName(`Metric ${name}`, name)
      const { description: _, owner: __, ...meaning } = describeDerived(name, definition, metrics)
      const versions = meaning.of.map((of) => metrics.find((metric) => metric.name === of)?.version)
      return { ...meaning, version: digest([semantics, versions, meaning]), ...wordsOf(definition) }
    })
}

const isLimit = (value: unknown): value is { name: string; definition: LimitDefinition } =>
  isObject(value) && isObject(value.definition) && 'limits' in value.definition

/** By name: they have names of their own, so that one may be called what its metric is. */
const limitsOf = (
  exported: Readonly<Record<string, unknown>>,
  model: Pick<ModelData, 'events' | 'metrics' | 'entities'>,
): LimitData[] => {
  const declared = Object.values(exported)
    .filter(isLimit)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
  const twice = declared.find(({ name }, place) => declared[place - 1]?.name === name)
  if (twice !== undefined) throw new Error(`Two limits are called ${twice.name}; rename one.`)
  return declared.map(({ name, definition }) => {
    refuseName(`Limit ${name}`, name)
    return describeLimit(name, definition, model)
  })
}

const refuseName = (at: string, name: string): void => {
  if (namePattern.test(name) && !reservedNames.has(name)) return
  throw new Error(
    `${at}: a name is a letter in lower case and up to 39 of a-z, 0-9 and _, and none of ${[...reservedNames].join(', ')}.`,
  )
}

const uniqueByName = (definitions: readonly EventDefinition[]): EventDefinition[] => {
  const byName = new Map<string, EventDefinition>()
  for (const definition of definitions) {
    const known = byName.get(definition.name)
    if (known !== undefined && known !== definition)
      throw new Error(
        `Two events are called ${definition.name}; a record's type must name one. Rename the other, or export one event alone.`,
      )
    byName.set(definition.name, definition)
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

const describeEvent = (definition: EventDefinition, code: string | undefined): EventData => {
  const { name, accept } = definition
  if (!/^[a-z][A-Za-z0-9_]{0,62}$/.test(name))
    throw new Error(`Event '${name}': a name is a letter in lower case and up to 62 letters, digits or _.`)
  const fields = Object.entries(definition.fields).flatMap(([field, schema]) => describeFields(name, field, schema))
  const twin = fields.find((field, place) => fields.findIndex((other) => other.name === field.name) < place)
  if (twin !== undefined)
    throw new Error(`Event ${name}: ${twin.name} is a field and the path of a nested one; rename one.`)
  for (const field of [...(definition.id ?? ['id']), definition.at]) {
    const known = fields.find((candidate) => candidate.name === field)
    if (known === undefined)
      throw new Error(
        `Event ${name}: ${field} identifies or dates it, but is no field; declare it, or name one of ${namesOf(fields)}.`,
      )
    // Texts of what is nested would be alike for events that are not.
    if (known.kind === 'object' || known.kind === 'other')
      throw new Error(
        `Event ${name}: ${field} identifies or dates it, but holds no single value; name a field that is a string, an enum, a boolean, a number, a decimal or an instant.`,
      )
    refuseSecret(`Event ${name}`, known)
  }
  return {
    name,
    fields,
    id: definition.id ?? ['id'],
    at: definition.at,
    acceptLateMs: accept.late === undefined ? null : span(`Event ${name}, accept late`, accept.late),
    acceptEarlyMs: span(`Event ${name}, accept early`, accept.early ?? defaultEarly),
    ...derivedFields(name, definition.derive, Object.keys(definition.fields), code),
    ...wordsOf(definition),
  }
}

interface Surroundings {
  readonly events: readonly EventData[]
  readonly definitions: readonly EventDefinition[]
  readonly zones: ZoneTables
}

/** @param at where it stands, for errors */
const describeMetric = (
  at: string,
  name: string,
  definition: MetricDefinition,
  { events, definitions, zones }: Surroundings,
): MetricData => {
  const event = events.find((candidate) => candidate.name === definition.event.name)
  const schema = definitions.find((candidate) => candidate.name === definition.event.name)
  if (event === undefined || schema === undefined)
    throw new Error(`${at}: its event ${definition.event.name} is not among the definitions.`)
  if (!buckets.includes(definition.per))
    throw new Error(`${at}: per is '${definition.per}'; there are ${buckets.join(', ')}.`)
  const each = eachOf(at, definition)
  const fields = [
    ...event.fields.map((field) => (field.name === each?.field ? each.element : field)),
    ...event.derived.map(asField),
  ]
  const liveMs = definition.live === null ? null : span(`${at}, live`, definition.live)
  const meaning = {
    event: event.name,
    measure: definition.measure.data,
    // Left out where events are measured: versions stay what they were.
    ...(each === null ? {} : { each }),
    where: describeWhere(at, definition.where, fields),
    by: withKept(at, describeDimensions(at, definition.by, fields), definition.keep, fields),
    per: definition.per,
    ...(definition.zone === 'UTC' ? {} : { zone: definition.zone }),
    liveMs,
    sliceMs: liveMs === null ? null : sliceFor(at, liveMs),
  }
  refuseMeasure(at, definition.measure.data)
  for (const field of event.fields) if (measuredFields(definition.measure).includes(field.name)) refuseSecret(at, field)
  refuseTooMany(at, meaning)
  refuseValues(at, definition.values)
  if (definition.measure.data.kind === 'countDistinct') describeDimensions(at, definition.measure.data.fields, fields)
  refuseLength(at, meaning)
  return {
    name,
    version: digest([semantics, meaningOf(event), schemasOf(schema), meaning, ...zoneMeaning(definition.zone, zones)]),
    ...meaning,
    maxDrift: driftLimit(at, definition.maxDrift),
    ...wordsOf(definition),
  }
}

/** The ledger keeps each definition as one text, with its words; Redshift's longest is 65,535 bytes. */
const maxMeaningBytes = 60_000

const refuseLength = (at: string, meaning: object): void => {
  const bytes = Buffer.byteLength(JSON.stringify(meaning))
  if (bytes > maxMeaningBytes)
    throw new Error(
      `${at}: as JSON it is ${bytes} bytes, and ${maxMeaningBytes} can be kept of a metric; name fewer or shorter values in keep and where.`,
    )
}

/** What a zone's name stands for. Nothing for UTC: versions stay what they were. */
const zoneMeaning = (name: string, zones: ZoneTables): readonly unknown[] => {
  if (name === 'UTC') return []
  const { first, transitions } = tableOf(name, zones)
  return [{ first, transitions }]
}

/** The local date takes one of the eight places. */
const refuseTooMany = (at: string, metric: Pick<MetricData, 'per' | 'zone' | 'by'>): void => {
  if (storedDimensions(metric).length > maxDimensions)
    throw new Error(
      `${at}: ${metric.by.length} dimensions; there can be ${maxDimensions - 1} per ${metric.per} in a zone, for the local date is kept beside them.`,
    )
}

const measuredFields = ({ data, each }: MetricDefinition['measure']): readonly string[] => [
  ...('field' in data ? [data.field] : []),
  ...(each === null ? [] : [each]),
]

const eachOf = (at: string, { event, measure }: MetricDefinition): NonNullable<MetricData['each']> | null => {
  const { each: field } = measure
  if (field === null) return null
  const element = elementsOf(event.definition, field).fields[field]
  if (element === undefined) throw new Error(`${at}: ${field} is no field of its event.`)
  return { field, element: describeField(event.name, field, element) }
}

/** All of a definition but what decides no value: the words about it, and what a recompute is held to. */
const meaningOf = <Defined extends object>(defined: Defined): Omit<Defined, 'description' | 'owner' | 'maxDrift'> => {
  const { description: _, owner: __, maxDrift: ___, ...meaning } = defined as Defined & Partial<MetricData>
  return meaning as Omit<Defined, 'description' | 'owner' | 'maxDrift'>
}

/** The fields' schemas in full (lengths, patterns, formats): they decide which records are accepted. */
const schemasOf = (definition: EventDefinition): unknown =>
  z.toJSONSchema(z.object(definition.fields), { io: 'input', unrepresentable: 'any' })

const describeDimensions = (at: string, names: readonly string[], fields: readonly FieldData[]): DimensionData[] => {
  if (names.length > maxDimensions)
    throw new Error(
      `${at}: ${names.length} dimensions; there can be ${maxDimensions}. Leave some out, or make two metrics.`,
    )
  return names.map((name) => {
    const field = fields.find((candidate) => candidate.name === name)
    if (field === undefined) throw new Error(`${at}: ${name} is no field of its event; there are ${namesOf(fields)}.`)
    refuseSecret(at, field)
    if (field.kind !== 'string' && field.kind !== 'boolean' && field.kind !== 'integer')
      throw new Error(
        `${at}: ${name} is ${field.kind === 'object' || field.kind === 'other' ? 'no single value' : `of kind ${field.kind}`}; a dimension is a string, a boolean or a whole number (z.int()).`,
      )
    if (field.unit !== null)
      throw new Error(
        `${at}: ${name} is a quantity in ${field.unit}; a dimension has no unit. Count by ranges of it: a histogram, or a dimension that derive makes of it.`,
      )
    // A dot in a column would have to be quoted in every query.
    return field.path === undefined
      ? { name, type: field.kind }
      : { name: field.path.join('_'), type: field.kind, field: name }
  })
}

const refuseValues = (at: string, values: number | null): void => {
  if (values !== null && !(Number.isSafeInteger(values) && values > 0))
    throw new Error(`${at}: values is ${values}; it is how many a dimension may have, such as 100_000.`)
}

const namesOf = (fields: readonly FieldData[]): string => fields.map(({ name }) => name).join(', ')

const driftLimit = (at: string, limit: number | null): number | null => {
  if (limit === null || (limit >= 0 && limit <= 1)) return limit
  throw new Error(`${at}: maxDrift is ${limit}; it is a part of the metric's rows, from 0 to 1 (0.001 is 0.1%).`)
}

const sliceFor = (at: string, liveMs: number): number => {
  const slice = sliceSizesMs.find((size) => liveMs / size <= maxSlices)
  if (slice === undefined)
    throw new Error(
      `${at}: live is longer than ${(maxSlices * 3600) / 86_400} days, the most a window keeps; shorten it, and ask the metric itself for what lies further back.`,
    )
  return slice
}

const span = (at: string, text: string): number => {
  const ms = spanMs(text)
  if (ms === null)
    throw new Error(
      `${at}: '${text}' is no span; write a positive whole number and s, m, h or d, such as '90s' or '7d'.`,
    )
  return ms
}

/** What is asked for by name has one of its own. */
const refuseTwins = (named: readonly { readonly name: string }[]): void => {
  const seen = new Set<string>()
  for (const { name } of named) {
    if (seen.has(name))
      throw new Error(`Two metrics, entities, profiles, scores or sessions are called ${name}; rename one.`)
    seen.add(name)
  }
}

/** 12 hex digits of a SHA-256 over the JSON text, whose keys stand in the order they were written. */
const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 12)
