import { z } from 'zod'
import type { MeasureData, QuantityMeasure } from '../model.ts'
import type { Answer, Derivation } from './derivation.ts'
import { type Flat, schemaAt } from './nested.ts'
import { type OptionNames, refuseOptions } from './options.ts'
import { type Instant, instant, quantities, scaleDecimal, type UnitOf } from './quantity.ts'
import type { Visible } from './secret.ts'
import type { Span } from './span.ts'

type Str<T> = Extract<keyof T, string>

export type NumericField<R> = {
  [K in Str<R>]: NonNullable<R[K]> extends number | bigint
    ? UnitOf<R[K]> extends 'instant' | 'one'
      ? never
      : K
    : never
}[Str<R>]

export type DimensionField<R> = {
  [K in Exclude<Str<R>, 'id'>]: NonNullable<R[K]> extends string | boolean
    ? K
    : NonNullable<R[K]> extends number
      ? UnitOf<R[K]> extends 'one'
        ? K
        : never
      : never
}[Exclude<Str<R>, 'id'>]

type ListField<R> = { [K in Str<R>]: NonNullable<R[K]> extends readonly unknown[] ? K : never }[Str<R>]
type ElementOf<T> = NonNullable<T> extends readonly (infer E)[] ? E : never

export type InstantField<R> = { [K in Str<R>]: UnitOf<R[K]> extends 'instant' ? K : never }[Str<R>]

/** A whole number, or a decimal as text. */
type Edge = number | `${number}`

/** What a metric measures of one event's rows: its unit, its value's type, and whether it only ever grows. */
export interface Measure<in out R, U extends string, V, Grows extends boolean> {
  readonly row?: (row: R) => R
  readonly unit: U
  readonly value?: V
  readonly grows?: Grows
  readonly event: Pick<AnyEvent, 'name' | 'definition'>
  /** The list field whose elements are measured; null: events are. */
  readonly each: string | null
  readonly data: MeasureData
}

/** An event as metrics refer to it. Its rows have the fields declared (nested ones by dotted paths), and `id` and `at`. */
export interface Event<N extends string, in out R> {
  readonly name: N
  readonly row?: (row: R) => R
  readonly definition: EventDefinition
  /** How many. Nothing is skipped. */
  count<const U extends string = 'events'>(unit?: U): Measure<R, U, number, true>
  /** The exact sum of a quantity. Nulls are skipped. */
  sum<K extends NumericField<R>>(field: K): Measure<R, UnitOf<R[K]>, NonNullable<R[K]>, true>
  min<K extends NumericField<R>>(field: K): Measure<R, UnitOf<R[K]>, NonNullable<R[K]>, false>
  max<K extends NumericField<R>>(field: K): Measure<R, UnitOf<R[K]>, NonNullable<R[K]>, false>
  /** The mean, to six decimals more than the field's. Nulls are skipped. */
  mean<K extends NumericField<R>>(field: K): Measure<R, UnitOf<R[K]>, number, false>
  /** The standard deviation of the values as a whole population (divided by n, not n - 1), as exact as the mean. */
  stddev<K extends NumericField<R>>(field: K): Measure<R, UnitOf<R[K]>, number, false>
  /**
   * The value that the part `q` of all values lies below (0.5: the median), within 1% of one that occurred. `q` lies
   * between 0 and 1 and has at most six decimals. Nulls are skipped.
   */
  quantile<K extends NumericField<R>>(field: K, q: number): Measure<R, UnitOf<R[K]>, number, false>
  /**
   * How many values lie below the first edge, from each edge up to the next, and from the last on: a list of one more
   * than there are edges. Edges ascend, in the field's unit, as text where they have decimals: `['0.5', '10']`.
   */
  histogram<K extends NumericField<R>>(
    field: K,
    edges: readonly [Edge, ...Edge[]],
  ): Measure<R, 'values', readonly number[], false>
  /** How many different values, or combinations of values. A row with a null among them is skipped. */
  countDistinct<K extends DimensionField<R>>(...fields: [K, ...K[]]): Measure<R, 'distinct', number, true>
  /**
   * One row for each element of a list: what is measured of it counts elements, not events, and the element stands
   * where the list did, for measures, dimensions and conditions. A missing or empty list has none.
   */
  each<K extends ListField<R>>(field: K): Event<N, { [P in keyof R]: P extends K ? ElementOf<R[P]> : R[P] }>
}

// biome-ignore lint/suspicious/noExplicitAny: an event of any row; rows are invariant, so `unknown` would not do
export type AnyEvent = Event<string, any>

interface EventOptions<R, E, D> {
  /** The fields that make two records the same event; default the record's `id`, and without one its place in the stream. */
  readonly id?: readonly (keyof Flat<R> & string)[]
  /** The field that holds event time; default the record's `at`. */
  readonly at?: InstantField<Flat<R>>
  /**
   * Dimensions made of the event by pure functions, used as fields are: `band: (e) => (e.size > 9 ? 'large' : 'small')`,
   * `own: { boolean: (e) => e.viewer === e.profile }`, `year: { integer: (e) => … }`. A function that throws, or answers
   * anything else than its type or null, rejects that event. No function but these stands in a definition.
   */
  readonly derive?: { readonly [K in keyof D]: Derivation<E, D[K]> }
  /** How long before its arrival an event may have happened (default: any time), and how long after (default `1h`). */
  readonly accept?: { readonly late?: Span; readonly early?: Span }
  readonly describe?: string
  /** Who answers for it: a team, a person. */
  readonly owner?: string
}

/** What `event` was given: read when the definitions are compiled. */
export interface EventDefinition {
  readonly name: string
  readonly fields: z.ZodRawShape
  readonly id: readonly string[] | null
  readonly at: string
  readonly derive: Readonly<Record<string, unknown>>
  readonly accept: { readonly late?: string; readonly early?: string }
  readonly describe: string | null
  readonly owner: string | null
}

interface Envelope {
  readonly id: string
  readonly at: Instant
}

type RowOf<F extends z.ZodRawShape> = z.output<z.ZodObject<F>>

/** What functions get: all fields but secrets; `at` is the event's time wherever no field has that name. */
type Given<F extends z.ZodRawShape> = Readonly<
  Visible<RowOf<F>> & Omit<{ readonly id: string | null; readonly at: Instant }, keyof F>
>

const optionNames: OptionNames<EventOptions<unknown, unknown, unknown>> = {
  id: 'optional',
  at: 'optional',
  derive: 'optional',
  accept: 'optional',
  describe: 'optional',
  owner: 'optional',
}
const acceptNames: OptionNames<EventDefinition['accept']> = { late: 'optional', early: 'optional' }

/** Declares a type of event: its name (the record's `type`) and its fields as zod schemas. */
export const event = <
  const N extends string,
  F extends z.ZodRawShape,
  // biome-ignore lint/complexity/noBannedTypes: no derived dimensions; a Record of never would make every name one
  D extends Record<string, Answer> = {},
>(
  name: N,
  fields: F,
  options: EventOptions<NoInfer<RowOf<F>>, NoInfer<Given<F>>, D> = {},
): Event<N, Flat<RowOf<F> & Envelope> & D> => {
  refuseOptions(`Event ${name}`, options, optionNames)
  refuseOptions(`Event ${name}: accept`, options.accept ?? {}, acceptNames)
  const definition: EventDefinition = {
    name,
    fields: { id: z.string().optional(), ...(options.at === undefined ? { at: instant() } : {}), ...fields },
    id: options.id ?? null,
    at: options.at ?? 'at',
    derive: options.derive ?? {},
    accept: options.accept ?? {},
    describe: options.describe ?? null,
    owner: options.owner ?? null,
  }
  return eventOf(definition, null) as unknown as Event<N, Flat<RowOf<F> & Envelope> & D>
}

/** @param each the list whose elements are measured; null: the events themselves */
const eventOf = (definition: EventDefinition, each: string | null): object => ({
  ...measuresOf(definition, each),
  name: definition.name,
  definition,
  each: (field: string) => {
    if (each !== null)
      throw new Error(
        `Event ${definition.name}: each(${field}) of each(${each}); one list can be gone through. Measure each of one alone.`,
      )
    elementSchema(definition, field)
    return eventOf(definition, field)
  },
})

/** The measures' types (units, growth, allowed fields) stand in `Event` alone; here they are data. */
export const measuresOf = (event: EventDefinition, each: string | null) => {
  const definition = each === null ? event : elementsOf(event, each)
  const measure = (data: MeasureData) => ({
    unit: data.unit,
    event: { name: event.name, definition: event },
    each,
    data,
  })
  const ofQuantity = (kind: QuantityMeasure['kind']) => (field: string) =>
    measure({ kind, field, ...quantityOf(definition, field) })
  return {
    count: (unit = 'events') => measure({ kind: 'count', unit }),
    sum: ofQuantity('sum'),
    min: ofQuantity('min'),
    max: ofQuantity('max'),
    mean: ofQuantity('mean'),
    stddev: ofQuantity('stddev'),
    quantile: (field: string, q: number) => measure({ kind: 'quantile', field, q, ...quantityOf(definition, field) }),
    histogram: (field: string, edges: readonly Edge[]) => {
      const { unit, scale } = quantityOf(definition, field)
      const scaled = edges.map((edge) => Number(scaleDecimal(String(edge), scale) ?? Number.NaN))
      return measure({ kind: 'histogram', field, edges: scaled, edgeUnit: unit, edgeScale: scale, unit: 'values' })
    },
    countDistinct: (...fields: string[]) => measure({ kind: 'countDistinct', fields, unit: 'distinct' }),
  }
}

/** The event with an element where its list stands. */
export const elementsOf = (definition: EventDefinition, each: string): EventDefinition => ({
  ...definition,
  fields: { ...definition.fields, [each]: elementSchema(definition, each) },
})

/** @throws where the field is no list */
const elementSchema = (definition: EventDefinition, field: string): z.core.$ZodType => {
  for (let schema = schemaAt(definition.fields, field); schema !== undefined; ) {
    const { type, element, innerType } = schema._zod.def as ListDefinition
    if (type === 'array' && element !== undefined) return element
    schema = innerType
  }
  throw new Error(`Event ${definition.name}: ${field} is no list; declare it with z.array(…) to measure each element.`)
}

interface ListDefinition {
  readonly type: string
  readonly element?: z.core.$ZodType
  readonly innerType?: z.core.$ZodType
}

const quantityOf = (definition: EventDefinition, field: string): { unit: string; scale: number } => {
  const quantity = innermostQuantity(schemaAt(definition.fields, field))
  if (quantity?.unit == null)
    throw new Error(
      `Event ${definition.name}: ${field} is no quantity; declare it with int('unit') or decimal(scale, 'unit').`,
    )
  return { unit: quantity.unit, scale: quantity.scale }
}

/** The quantity behind `nullable`, `optional` and `default` wrappers; undefined where there is none. */
const innermostQuantity = (schema: z.core.$ZodType | undefined): ReturnType<typeof quantities.get> => {
  if (schema === undefined) return undefined
  const own = quantities.get(schema)
  if (own !== undefined) return own
  const definition = schema._zod.def as { innerType?: z.core.$ZodType }
  return innermostQuantity(definition.innerType)
}
