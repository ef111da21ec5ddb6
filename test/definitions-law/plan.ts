import type { Bucket } from '../../core/bucket.ts'

/** A field's value as the recount knows it: numbers are scaled integers, whatever their text in the record. */
export type Value = string | boolean | bigint

export interface FieldPlan {
  /** Dotted where it lies inside of objects. */
  readonly path: string
  readonly kind: 'text' | 'enum' | 'boolean' | 'whole' | 'int' | 'decimal'
  readonly list: boolean
  readonly scale: number
  /** What a record may do about it: nothing, say null, leave it out too, or leave it out for a default. */
  readonly missing: 'never' | 'null' | 'absent' | 'default'
  /** What stands for a field that is left out, where `missing` says so. */
  readonly standIn: Value | null
  /** What its values are drawn from; the first ones most often. */
  readonly pool: readonly Value[]
}

/** A dimension that a function makes: whether a text is longer than two code units, or the UTC hour of the event. */
export interface DerivedPlan {
  readonly name: string
  readonly makes: { readonly longerThanTwo: string } | 'hour'
}

export interface EventPlan {
  readonly name: string
  readonly fields: readonly FieldPlan[]
  readonly derived: readonly DerivedPlan[]
  readonly id: readonly string[]
  /** Hours; null: any time. */
  readonly lateHours: number | null
  readonly earlyHours: number
}

export interface ConditionPlan {
  readonly field: string
  readonly op: 'is' | 'not' | 'in' | 'gte' | 'lt'
  readonly values: readonly (Value | null)[]
}

export type MeasurePlan =
  | { readonly kind: 'count' }
  | { readonly kind: 'sum' | 'min' | 'max' | 'mean' | 'stddev'; readonly field: string }
  | { readonly kind: 'quantile'; readonly field: string; readonly millionths: number }
  | { readonly kind: 'histogram'; readonly field: string; readonly edges: readonly bigint[] }
  | { readonly kind: 'countDistinct'; readonly fields: readonly string[] }

export interface KeepPlan {
  readonly values: readonly string[]
  readonly other: string
}

export interface MetricPlan {
  readonly name: string
  readonly event: EventPlan
  /** The list whose elements it measures. */
  readonly each: string | null
  readonly measure: MeasurePlan
  readonly where: readonly ConditionPlan[]
  readonly by: readonly string[]
  /** Of some text dimensions the values that stay themselves, and what all others are called. */
  readonly keep: ReadonlyMap<string, KeepPlan>
  readonly per: Bucket
  /** null: UTC. */
  readonly zone: string | null
}

/** A metric made of two others. */
export interface PairPlan {
  readonly name: string
  readonly kind: 'ratio' | 'minus'
  readonly of: readonly [MetricPlan, MetricPlan]
}

export interface DefinitionsPlan {
  readonly events: readonly EventPlan[]
  readonly metrics: readonly MetricPlan[]
  readonly pairs: readonly PairPlan[]
}

/** A field as a metric sees it: where a list is gone through, one of its elements. */
export const fieldNamed = ({ fields }: EventPlan, path: string): FieldPlan => {
  const field = fields.find((one) => one.path === path)
  if (field === undefined) throw new Error(`There is no field ${path}.`)
  return field
}

export const isQuantity = ({ kind }: FieldPlan): boolean => kind === 'int' || kind === 'decimal'
