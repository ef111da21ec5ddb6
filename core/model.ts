import type { Bucket } from './bucket.ts'
import type { Contribution } from './contribution.ts'
import type { SessionFold } from './folded.ts'
import type { Decoded, RawRecord } from './record.ts'
import type { FeatureValues, Scored } from './scored.ts'
import type { ZoneData } from './zone.ts'

/** The type of a dimension's column. Dimensions travel as text; the typed tables and answers cast them. */
export type DimensionType = 'string' | 'boolean' | 'integer'

export interface DimensionData {
  /** Its column, and what the API calls it. */
  readonly name: string
  /** The path of a nested field, `device.os`, where the name is `device_os`; left out: it is the field's name. */
  readonly field?: string
  readonly type: DimensionType
  /** Which values are counted by themselves; left out: all are. Of texts alone. */
  readonly keep?: KeepData
}

/** The values that a dimension keeps, in order, and what all others but null are counted as. */
export interface KeepData {
  readonly values: readonly string[]
  readonly other: string
}

/** The row's key that a dimension is read from. */
export const fieldOf = ({ field, name }: DimensionData): string => field ?? name

/** A measure of one quantity: `scale` is the number of its field's decimals. */
export interface QuantityMeasure {
  readonly kind: 'sum' | 'min' | 'max' | 'mean' | 'stddev'
  readonly field: string
  readonly unit: string
  readonly scale: number
}

/** What a metric measures, as data. `scale` is the number of decimals of a decimal field (0 for integers). */
export type MeasureData =
  | { readonly kind: 'count'; readonly unit: string }
  | QuantityMeasure
  | {
      readonly kind: 'quantile'
      readonly field: string
      /** Between 0 and 1, of at most six decimals. */
      readonly q: number
      readonly unit: string
      readonly scale: number
    }
  | {
      readonly kind: 'histogram'
      readonly field: string
      /** Ascending, scaled as the field's values are. */
      readonly edges: readonly number[]
      readonly edgeUnit: string
      readonly edgeScale: number
      readonly unit: 'values'
    }
  | { readonly kind: 'countDistinct'; readonly fields: readonly string[]; readonly unit: 'distinct' }
  | LatestMeasure
  | KeptMeasure

/** Not a user's measure: how an entity keeps its versions, of each bucket and ref the latest (`core/entity.ts`). */
export interface LatestMeasure {
  readonly kind: 'latest'
  /** The instant whose greatest value wins. */
  readonly latest: string
  /** A version for which all of these hold deletes the entity; null: none does. */
  readonly deleted: readonly ConditionData[] | null
  readonly unit: 'versions'
}

/** Not a user's measure: how sessions keep their events, each by itself (`core/kept-event.ts`). */
export interface KeptMeasure {
  readonly kind: 'kept'
  readonly unit: 'events'
}

/** One condition on one field; all conditions of a metric must hold. Amounts are scaled integers, instants epoch ms. */
export interface ConditionData {
  readonly field: string
  readonly op: 'is' | 'not' | 'in' | 'gte' | 'lt'
  readonly value: Scalar | readonly Scalar[]
}
export type Scalar = string | number | boolean | null

export interface MetricData {
  readonly name: string
  /** 12 hex digits: a hash of everything that decides this metric's values. */
  readonly version: string
  readonly event: string
  readonly measure: MeasureData
  /** The list whose elements it measures, one by one, and what an element is; left out: it measures events. */
  readonly each?: { readonly field: string; readonly element: FieldData }
  readonly where: readonly ConditionData[]
  readonly by: readonly DimensionData[]
  readonly per: Bucket
  /** Whose days, weeks, months and years its buckets are (`core/zoned-metric.ts`); left out: UTC's. */
  readonly zone?: string
  /** How far back the sliding window reaches, ms; null: no window is kept. */
  readonly liveMs: number | null
  /** The window's resolution, ms; null where there is no window. */
  readonly sliceMs: number | null
  /** The part of its rows that a recompute may change unasked, 0 to 1; null: the stage's. Not part of any version. */
  readonly maxDrift: number | null
  /** The profile that keeps it; left out: it is a metric. */
  readonly profile?: string
  readonly description: string | null
  /** Who answers for it; left out: nobody is named. */
  readonly owner?: string
}

/** A field as data. `kind` decides decode and the independent recount; `values` are an enum's. */
export interface FieldData {
  /** Of a field inside an object the dotted path, `device.os`. */
  readonly name: string
  /** The keys that lead to a field inside an object; left out: its name does. */
  readonly path?: readonly string[]
  /** An `object`'s fields follow it, each by itself; what lies in an `other` nobody looks at. */
  readonly kind: 'object' | 'string' | 'boolean' | 'integer' | 'number' | 'decimal' | 'instant' | 'other'
  readonly unit: string | null
  readonly scale: number
  readonly nullable: boolean
  readonly optional: boolean
  readonly values: readonly string[] | null
  /** Kept out of all but the raw archive; left out: it is not. */
  readonly secret?: true
  /** What stands for a missing field, scaled as its values are; null: nothing does. */
  readonly default: Scalar
  readonly checks: readonly FieldCheck[]
  /** Whether the schema checks more than is said here: a pattern, a format, what is nested. */
  readonly opaque: boolean
}

/** A limit of a number's value, or of a text's length in code points. */
export interface FieldCheck {
  readonly op: 'gte' | 'gt' | 'lte' | 'lt' | 'minLength' | 'maxLength'
  readonly value: number
}

/** A dimension that a function makes of an event; null is always possible. */
export interface DerivedField {
  readonly name: string
  readonly type: DimensionType
}

export interface EventData {
  readonly name: string
  readonly fields: readonly FieldData[]
  /** Fields that identify an event; empty: its place in the stream does. */
  readonly id: readonly string[]
  /** The field that holds event time. */
  readonly at: string
  /** How long before its arrival an event may have happened, ms; null: any time. */
  readonly acceptLateMs: number | null
  /** How long after its arrival an event may claim to happen, ms. */
  readonly acceptEarlyMs: number
  /** Dimensions that functions make of it, by name. */
  readonly derived: readonly DerivedField[]
  /** A hash of those functions' code and all that it reaches; left out where there are none. */
  readonly code?: string
  readonly description: string | null
  /** Who answers for it; left out: nobody is named. */
  readonly owner?: string
}

/** A metric made of two others' merged answers. It keeps no states. */
export interface DerivedData {
  readonly name: string
  /** 12 hex digits, of the two metrics' versions and what is made of them. */
  readonly version: string
  readonly kind: 'ratio' | 'minus'
  /** Names of metrics: the top and the bottom, or what is taken from and what is taken. */
  readonly of: readonly [string, string]
  readonly unit: string
  /** Those that both metrics have. */
  readonly by: readonly DimensionData[]
  /** The coarser of the two metrics' buckets. */
  readonly per: Bucket
  /** That of both metrics; left out: UTC. */
  readonly zone?: string
  /** How far back a window reaches in both, ms; null: there is none. */
  readonly liveMs: number | null
  readonly description: string | null
  /** Who answers for it; left out: nobody is named. */
  readonly owner?: string
}

/** What is measured of an entity's children as they are now. */
export interface TotalData {
  readonly name: string
  readonly measure: MeasureData
  readonly where: readonly ConditionData[]
}

/** The children of an entity: those of another entity whose latest version names it. */
export interface ChildData {
  readonly name: string
  readonly entity: string
  /** A dimension of the child's versions, and a field of its event. */
  readonly parentRef: string
  readonly totals: readonly TotalData[]
}

/** An entity: what the latest version of each ref says. */
export interface EntityData {
  readonly name: string
  /** Where its versions are kept, as a metric keeps its states: by `ref`, then by each field that names a parent. */
  readonly versions: MetricData
  readonly ref: string
  readonly children: readonly ChildData[]
  /** Metrics by `dimension`, which holds this entity's ref, and the names that they are answered under. */
  readonly metrics: readonly { readonly as: string; readonly metric: string; readonly dimension: string }[]
  readonly description: string | null
  /** Who answers for it; left out: nobody is named. */
  readonly owner?: string
}

/** Several measures of one key over a span, read together. */
export interface ProfileData {
  readonly name: string
  /** 12 hex digits, of its measures' versions and its span. */
  readonly version: string
  readonly event: string
  /** The key: at least one dimension. */
  readonly by: readonly DimensionData[]
  readonly overMs: number
  /** The buckets it is kept by, of which the span is a whole number. */
  readonly grain: 'day' | 'hour' | 'minute' | 'second'
  /** By the names that they are answered under: each is kept as a metric is, by the key, per grain. */
  readonly measures: readonly { readonly as: string; readonly metric: MetricData }[]
  readonly description: string | null
  /** Who answers for it; left out: nobody is named. */
  readonly owner?: string
}

/** A rule over one event and its profiles. Its function is the bundle's. */
export interface ScoreData {
  readonly name: string
  /** 12 hex digits, of its event, its profiles' versions and its code. */
  readonly version: string
  readonly event: string
  /** By the names that the rule gets them under. */
  readonly profiles: readonly { readonly as: string; readonly profile: string }[]
  /** A hash of the rule's code and all that it reaches. */
  readonly code: string
  readonly description: string | null
  /** Who answers for it; left out: nobody is named. */
  readonly owner?: string
}

/** Sessions: the events of one key, told apart where nothing came for a while. Their step function is the bundle's. */
export interface SessionsData {
  readonly name: string
  /** 12 hex digits, of what is kept, how it is told apart, and its code. */
  readonly version: string
  /** Whose sessions they are: a field of each of their events. */
  readonly key: DimensionData
  /** Where each event's records are kept, by the key, per hour. */
  readonly events: readonly { readonly event: string; readonly kept: MetricData }[]
  readonly gapMs: number
  readonly longestMs: number
  /** What a session says, as an event's fields are described. */
  readonly fields: readonly FieldData[]
  /** What they begin as; null: they come to nothing but their events. */
  readonly start: string | null
  /** A hash of the step's code and all that it reaches; left out where there is none. */
  readonly code?: string
  /** Metrics over them: `event` is their name. They keep no states, and are measured when they are asked for. */
  readonly metrics: readonly MetricData[]
  readonly description: string | null
  /** Who answers for it; left out: nobody is named. */
  readonly owner?: string
}

/**
 * A limit: whose value in a period is watched, and what is told of it. In no version: it decides no value, and is in
 * force from its deploy on.
 */
export interface LimitData {
  readonly name: string
  /** A metric of the model. */
  readonly metric: string
  /** One of its dimensions. */
  readonly each: string
  /** The metric's bucket, or one that it divides. */
  readonly per: Bucket
  readonly atMost: LimitBound
  /** The metric's, as are the decimals of its values, and whose dates its periods are (left out: UTC's). */
  readonly unit: string
  readonly scale: number
  readonly zone?: string
  /** Whole percents of the bound, ascending. */
  readonly notifyAt: readonly number[]
  readonly description: string | null
  /** Who answers for it; left out: nobody is named. */
  readonly owner?: string
}

/** How much there may be in a period: an amount, scaled as the metric's values are, or a field of the entity that `each` names. */
export type LimitBound = { readonly amount: number } | { readonly entity: string; readonly field: string }

/** The definitions as data: what `model.json` holds. The metric `rejected` is always there. */
export interface ModelData {
  /** 12 hex digits over all events and metrics. */
  readonly version: string
  readonly events: readonly EventData[]
  readonly metrics: readonly MetricData[]
  /** Left out where there are none. */
  readonly derived?: readonly DerivedData[]
  /** Those that metrics are in, by name, as the build resolved them; left out where there are none. */
  readonly zones?: readonly ZoneData[]
  /** Left out where there are none. */
  readonly entities?: readonly EntityData[]
  /** Left out where there are none. */
  readonly profiles?: readonly ProfileData[]
  /** Left out where there are none. */
  readonly sessions?: readonly SessionsData[]
  /** Left out where there are none. */
  readonly scores?: readonly ScoreData[]
  /** By name. Left out where there are none. */
  readonly limits?: readonly LimitData[]
}

/** All that is measured of events: the metrics, and what profiles keep. */
export const measuredBy = (model: Pick<ModelData, 'metrics' | 'profiles'>): readonly MetricData[] => [
  ...model.metrics,
  ...(model.profiles ?? []).flatMap(({ measures }) => measures.map(({ metric }) => metric)),
]

/** All that keeps states: what is measured, the entities' versions, and the sessions' events. */
export const keepers = (
  model: Pick<ModelData, 'metrics' | 'profiles' | 'entities' | 'sessions'>,
): readonly MetricData[] => [
  ...measuredBy(model),
  ...(model.entities ?? []).map(({ versions }) => versions),
  ...(model.sessions ?? []).flatMap(({ events }) => events.map(({ kept }) => kept)),
]

/** What is measured of sessions when it is asked for. */
export const sessionMetrics = ({ sessions = [] }: Pick<ModelData, 'sessions'>): readonly MetricData[] =>
  sessions.flatMap(({ metrics }) => metrics)

/** The event that an entity is made of. */
export const eventOf = (model: Pick<ModelData, 'events'>, { name, versions }: EntityData): EventData => {
  const event = model.events.find((one) => one.name === versions.event)
  if (event === undefined) throw new Error(`The model has no event ${versions.event}, which ${name} is made of.`)
  return event
}

/** The compiled definitions: what every layer runs. Pure. */
export interface Model {
  readonly data: ModelData
  /** What a record says. Never throws for what a record holds: it is rejected with a reason instead. */
  decode(record: RawRecord): Decoded
  /** The contributions of one decoded record to all metrics, in each metric's own buckets. `layer` batch adds distinct values. */
  contributions(decoded: Decoded, layer: 'batch' | 'speed'): Contribution[]
  /** The contributions to the sliding windows: `bucket` is the slice's start, ms. */
  liveContributions(decoded: Decoded): Contribution[]
  /** What folds the events that sessions keep. @throws where there are no such sessions */
  sessions(name: string): SessionFold
  /** What a score's rule says of an event and its profiles. An error says why it says nothing. */
  score(
    name: string,
    decoded: Pick<Decoded, 'row' | 'eventTime'>,
    profiles: Readonly<Record<string, FeatureValues>>,
  ): Scored | Error
}
