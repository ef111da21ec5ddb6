import type { DimensionField, Event, EventDefinition, InstantField, Measure, NumericField } from './event.ts'
import type { Metric, Where } from './metric.ts'
import { type OptionNames, refuseOptions } from './options.ts'
import type { UnitOf } from './quantity.ts'

type Str<T> = Extract<keyof T, string>

/** A record of a changelog tells all of one entity: its latest version is what holds. */
export interface Entity<N extends string, R> {
  readonly name: N
  readonly row?: R
  readonly definition: EntityDefinition
  /**
   * As children of the entity that a field of theirs names.
   * @param parentRef the field that holds the parent's ref: of the latest version, so a child that moved has one parent
   */
  under<K extends DimensionField<R>>(parentRef: K, options?: ChildOptions<R>): Child<R>
  /** A quantity of its latest version, as a limit's bound: a contract's monthly calls. */
  field<K extends NumericField<R>>(field: K): FieldOf<UnitOf<R[K]>>
}

/** A quantity that an entity's latest version holds. */
export interface FieldOf<U extends string> {
  readonly unit?: U
  readonly entity: string
  readonly field: string
}

interface ChildOptions<R> {
  /** What is measured of a parent's children as they are now, deleted ones left out. */
  readonly totals?: Readonly<Record<string, Total<R>>>
}

interface Total<R> {
  readonly measure: Measure<R, string, unknown, boolean>
  readonly where?: Where<R>
}

/** The children of an entity, as `children` takes them. */
export interface Child<R> {
  readonly row?: R
  readonly of: string
  readonly parentRef: string
  readonly totals: Readonly<Record<string, TotalDefinition>>
}

export interface TotalDefinition {
  // biome-ignore lint/suspicious/noExplicitAny: a measure of any row
  readonly measure: Measure<any, string, unknown, boolean>
  readonly where: Readonly<Record<string, unknown>>
}

/** What `entity` was given: read when the definitions are compiled. */
export interface EntityDefinition {
  readonly event: EventDefinition
  readonly ref: string
  readonly latest: string
  /** A version for which this holds deletes the entity; null: nothing does. */
  readonly deleted: Readonly<Record<string, unknown>> | null
  readonly children: Readonly<Record<string, Child<unknown>>>
  /** Metrics by the names that they are answered under. */
  readonly metrics: Readonly<Record<string, string>>
  readonly describe: string | null
  readonly owner: string | null
}

// biome-ignore lint/suspicious/noExplicitAny: a metric of any row
type AnyMetric = Metric<string, any, string, unknown, string, boolean>
// biome-ignore lint/suspicious/noExplicitAny: children of any row
type AnyChildren = Readonly<Record<string, Child<any>>>

interface EntityOptions<R, C extends AnyChildren> {
  /** The field that names the entity. */
  readonly ref: DimensionField<R>
  /** The field whose greatest value wins; of equal ones the later in the stream. */
  readonly latest: InstantField<R>
  /** What a version that deletes the entity looks like. It hides every older one, in both layers. */
  readonly deleted?: Where<R>
  readonly children?: C
  /** Metrics by this entity's ref (their only dimension), read in the same answer: a guest's lifetime value. */
  readonly metrics?: Readonly<Record<string, AnyMetric>>
  readonly describe?: string
  /** Who answers for it: a team, a person. */
  readonly owner?: string
}

const optionNames: OptionNames<EntityOptions<unknown, AnyChildren>> = {
  ref: 'required',
  latest: 'required',
  deleted: 'optional',
  children: 'optional',
  metrics: 'optional',
  describe: 'optional',
  owner: 'optional',
}
const childOptionNames: OptionNames<ChildOptions<unknown>> = { totals: 'optional' }
const totalNames: OptionNames<Total<unknown>> = { measure: 'required', where: 'optional' }

/** Declares an entity: what the latest of its full changes says, with its children and its metrics. */
export const entity = <const N extends string, E extends string, R, C extends AnyChildren = Record<never, never>>(
  name: N,
  changes: Event<E, R>,
  options: EntityOptions<NoInfer<R>, C>,
): Entity<N, R> => {
  refuseOptions(`Entity ${name}`, options, optionNames)
  const definition: EntityDefinition = {
    event: changes.definition,
    ref: options.ref,
    latest: options.latest,
    deleted: (options.deleted ?? null) as EntityDefinition['deleted'],
    children: options.children ?? {},
    metrics: Object.fromEntries(Object.entries(options.metrics ?? {}).map(([as, metric]) => [as, metric.name])),
    describe: options.describe ?? null,
    owner: options.owner ?? null,
  }
  const under = (parentRef: Str<R>, childOptions: ChildOptions<R> = {}): Child<R> => {
    const at = `Entity ${name}: under ${parentRef}`
    refuseOptions(at, childOptions, childOptionNames)
    const totals = Object.entries(childOptions.totals ?? {}).map(([as, total]): [string, TotalDefinition] => {
      refuseOptions(`${at}: total ${as}`, total, totalNames)
      return [as, { measure: total.measure, where: { ...total.where } }]
    })
    return { of: name, parentRef, totals: Object.fromEntries(totals) }
  }
  return { name, definition, under, field: (field) => ({ entity: name, field }) }
}
