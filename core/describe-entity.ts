import { describeWhere } from './definition/conditions.ts'
import type { Child, EntityDefinition } from './definition/entity.ts'
import { refuseMeasure } from './definition/measure-limits.ts'
import { nestsQuantity } from './definition/soundness.ts'
import { wordsOf } from './definition/words.ts'
import { toldFields } from './entity.ts'
import type { ChildData, DimensionData, EntityData, EventData, FieldData, MetricData, TotalData } from './model.ts'

/** An entity as its definition exports it. */
export interface DeclaredEntity {
  readonly name: string
  readonly definition: EntityDefinition
}

/** An entity's versions, all but what the compiler knows of every keeper of states. */
export type VersionsMeaning = Pick<MetricData, 'event' | 'measure' | 'where' | 'by' | 'per' | 'liveMs' | 'sliceMs'>

interface Described {
  readonly events: readonly EventData[]
  readonly metrics: readonly MetricData[]
  /** The version of what an entity keeps. */
  readonly versionOf: (event: EventData, meaning: VersionsMeaning) => string
}

/**
 * Entities as data, by name.
 * @throws where one names a field, an entity or a metric that can't stand there
 */
export const describeEntities = (declared: readonly DeclaredEntity[], described: Described): EntityData[] =>
  declared
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, definition }): EntityData => {
      const at = `Entity ${name}`
      const event = eventOf(at, definition, described.events)
      refuseUntellable(at, event, definition)
      const ref = dimensionOf(at, 'ref', definition.ref, event)
      const meaning: VersionsMeaning = {
        event: event.name,
        measure: {
          kind: 'latest',
          latest: instantOf(at, definition.latest, event),
          deleted:
            definition.deleted === null ? null : describeWhere(`${at}, deleted`, definition.deleted, event.fields),
          unit: 'versions',
        },
        where: [],
        by: [ref, ...parentRefsOf(name, declared).map((field) => dimensionOf(at, 'parent ref', field, event))],
        per: 'day',
        liveMs: null,
        sliceMs: null,
      }
      const version = described.versionOf(event, meaning)
      return {
        name,
        versions: { name, version, ...meaning, maxDrift: null, ...wordsOf(definition) },
        ref: ref.name,
        children: Object.entries(definition.children).map(([as, child]) =>
          childOf(`${at}, children ${as}`, as, ref, child, declared, described.events),
        ),
        metrics: Object.entries(definition.metrics).map(([as, metric]) =>
          metricOf(`${at}, metrics ${as}`, as, ref, metric, described.metrics),
        ),
        ...wordsOf(definition),
      }
    })

const eventOf = (at: string, { event }: Pick<EntityDefinition, 'event'>, events: readonly EventData[]): EventData => {
  const known = events.find(({ name }) => name === event.name)
  if (known === undefined) throw new Error(`${at}: its event ${event.name} is not among the definitions.`)
  return known
}

const fieldOf = (at: string, what: string, name: string, { name: event, fields }: EventData): FieldData => {
  const field = fields.find((one) => one.name === name)
  if (field === undefined)
    throw new Error(
      `${at}: its ${what} ${name} is no field of event ${event}; there are ${fields.map((one) => one.name).join(', ')}.`,
    )
  if (field.path !== undefined)
    throw new Error(`${at}: its ${what} ${name} lies inside of an object; use a field of the event's own.`)
  if (field.secret === true)
    throw new Error(`${at}: its ${what} ${name} is a secret, which no layer keeps. Use another field.`)
  return field
}

/** The fields that other entities' children name their parent by. */
const parentRefsOf = (name: string, declared: readonly DeclaredEntity[]): string[] => {
  const fields = declared.flatMap(({ definition }) =>
    Object.values(definition.children).flatMap(({ of, parentRef }) => (of === name ? [parentRef] : [])),
  )
  const { ref } = declared.find((one) => one.name === name)?.definition ?? {}
  return [...new Set(fields)].filter((field) => field !== ref).sort()
}

const dimensionOf = (at: string, what: string, name: string, event: EventData): DimensionData => {
  const { kind, unit, nullable, optional } = fieldOf(at, what, name, event)
  if ((kind !== 'string' && kind !== 'boolean' && kind !== 'integer') || unit !== null)
    throw new Error(`${at}: its ${what} ${name} is of kind ${kind}; a ref is a string or a whole number (z.int()).`)
  if (what === 'ref' && (nullable || optional))
    throw new Error(`${at}: its ref ${name} may be missing; every change must name its entity.`)
  return { name, type: kind }
}

const instantOf = (at: string, name: string, event: EventData): string => {
  const { kind, nullable, optional } = fieldOf(at, 'latest', name, event)
  if (kind !== 'instant' || nullable || optional)
    throw new Error(`${at}: latest is ${name}, which is no instant of every change; declare it with instant().`)
  return name
}

/** Columns of a view, which SQL tells apart without regard to case; and values that JSON can tell as they are. */
const refuseUntellable = (at: string, event: EventData, { event: { fields } }: EntityDefinition): void => {
  const seen = new Set<string>()
  for (const { name, kind } of toldFields(event)) {
    if (!/^[A-Za-z_]\w{0,62}$/.test(name))
      throw new Error(`${at}: field ${name} of event ${event.name} can be no column; use letters, digits and _.`)
    if (seen.has(name.toLowerCase()))
      throw new Error(
        `${at}: two fields of event ${event.name} differ only in case (${name}); SQL can't tell them apart. Rename one.`,
      )
    seen.add(name.toLowerCase())
    const schema = fields[name]
    if ((kind === 'other' || kind === 'object') && schema !== undefined && nestsQuantity(schema))
      throw new Error(
        `${at}: field ${name} of event ${event.name} holds decimals, instants or amounts inside of a list or an object; an entity tells those of its own fields only.`,
      )
  }
}

const childOf = (
  at: string,
  name: string,
  ref: DimensionData,
  child: Child<unknown>,
  declared: readonly DeclaredEntity[],
  events: readonly EventData[],
): ChildData => {
  const definition = declared.find((one) => one.name === child.of)?.definition
  if (definition === undefined)
    throw new Error(`${at}: entity ${child.of} is not among the definitions; export it beside this one.`)
  const event = eventOf(at, definition, events)
  const parentRef = dimensionOf(at, 'parent ref', child.parentRef, event)
  if (parentRef.type !== ref.type)
    throw new Error(
      `${at}: ${child.parentRef} is of kind ${parentRef.type}, and the parent's ${ref.name} of kind ${ref.type}; declare both alike.`,
    )
  const totals = Object.entries(child.totals).map(([as, { measure, where }]): TotalData => {
    const place = `${at}, totals ${as}`
    if (measure.event.name !== event.name)
      throw new Error(
        `${place}: it measures event ${measure.event.name}, and ${child.of} is made of ${event.name}; measure that one.`,
      )
    if (measure.each !== null) throw new Error(`${place}: each can't be used here; a total measures whole children.`)
    refuseMeasure(place, measure.data)
    return { name: as, measure: measure.data, where: describeWhere(`${place}, where`, where, event.fields) }
  })
  return { name, entity: child.of, parentRef: child.parentRef, totals }
}

const metricOf = (
  at: string,
  as: string,
  ref: DimensionData,
  name: string,
  metrics: readonly MetricData[],
): EntityData['metrics'][number] => {
  const metric = metrics.find((one) => one.name === name)
  if (metric === undefined)
    throw new Error(`${at}: metric ${name} is not among the definitions; export it beside this one.`)
  const [dimension, ...others] = metric.by
  if (dimension === undefined || others.length > 0 || dimension.type !== ref.type)
    throw new Error(
      `${at}: metric ${name} is by ${metric.by.map((one) => one.name).join(', ') || 'nothing'}; it must be by one dimension alone, which holds the entity's ref (a ${ref.type}).`,
    )
  if (dimension.keep !== undefined)
    throw new Error(
      `${at}: metric ${name} keeps only some values of ${dimension.name} and counts all others as one; give one that keeps all refs.`,
    )
  return { as, metric: name, dimension: dimension.name }
}
