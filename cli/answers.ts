/** What the HTTP API answers, as far as the command line reads it. */

/** A histogram's is a list. */
export type Value = number | string | null | readonly (number | string)[]

export interface MetricSummary {
  readonly name: string
  readonly description: string | null
  readonly owner: string | null
  readonly unit: string
  readonly per: string
  /** Whose days they are; left out: UTC's. */
  readonly zone?: string
  readonly by: readonly string[]
  /** By dimension, where not all values are kept: those that are, and what all others are counted as. */
  readonly keep?: Readonly<Record<string, { readonly values: readonly string[]; readonly other: string }>>
  readonly live: string | number | null
  readonly measure: string
  /** What a derived one is made of. */
  readonly of?: readonly string[]
  /** The list whose elements are measured. */
  readonly each?: string
  /** Of a quantile alone. */
  readonly q?: number
  /** Of a histogram alone. */
  readonly edges?: readonly (number | string)[]
  readonly edgeUnit?: string
}

export interface MetricRow {
  /** The bucket's start, ISO; days of a zone are dates. */
  readonly bucket: string
  readonly by: Readonly<Record<string, string | number | boolean | null>>
  readonly value: Value
  readonly exact: boolean
}

/** Which part of the answer came from where, and how exact it is. Sequence numbers are padded to 64 digits. */
export interface Receipt {
  readonly dataset: string | null
  /** The mark of each shard: batch holds the records at or below it, speed those above. */
  readonly tidemark: Readonly<Record<string, string>>
  /** How far the speed table was in each shard when this was read. */
  readonly positions: Readonly<Record<string, string>>
  /** By which revisions of the exclusions each side counts: a mix where they differ. */
  readonly exclusions: {
    readonly batch: number | null
    /** The oldest of the speed side. */
    readonly speed: number
    /** Shards not wholly by that: records above `above` are counted under `revision`. */
    readonly stretches: Readonly<Record<string, readonly { readonly above: string; readonly revision: number }[]>>
  }
  readonly modelVersion: string
  readonly metricVersion: string
  readonly zone?: { readonly name: string; readonly release: string }
  readonly exact: boolean
  /** Of distinct counts: how many of the events counted lie above the tidemark. */
  readonly aboveTidemark?: number
  readonly error: number | null
  readonly errorKind: 'bound' | 'standard error' | null
}

export interface MetricPage {
  readonly metric: string
  readonly unit: string
  readonly per: string
  readonly zone?: string
  readonly from: string
  readonly to: string
  readonly by: readonly string[]
  readonly rows: readonly MetricRow[]
  /** Only the greatest: how many of each bucket, and how many rows are left out. */
  readonly top?: number
  readonly leftOut?: number
  /** Over sessions alone: ISO; and how often their step failed, where it did. */
  readonly asOf?: string
  readonly stepFailures?: { readonly events: number; readonly first: string }
  readonly next: string | null
  readonly receipt: Receipt
}

export interface WindowAnswer {
  readonly metric: string
  readonly unit: string
  readonly from: string
  readonly to: string
  readonly rows: readonly Omit<MetricRow, 'bucket'>[]
  readonly top?: number
  readonly leftOut?: number
  readonly receipt: WindowReceipt
}

/** A window is speed alone. */
export interface WindowReceipt {
  readonly positions: Readonly<Record<string, string>>
  /** Epoch ms; null: no event was seen. */
  readonly newestEventTime: number | null
  /** Events may be missing: the cache lost its state, or the metric changed, too recently. */
  readonly refilling: boolean
  readonly modelVersion: string
}

export interface EntitySummary {
  readonly name: string
  readonly description: string | null
  readonly owner: string | null
  readonly ref: string
  readonly children: readonly { readonly name: string }[]
  readonly metrics: readonly { readonly name: string }[]
}

export interface EntityAnswer {
  readonly entity: string
  readonly ref: string | number
  /** When its latest version was of, ISO. */
  readonly latest: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly children: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
  readonly totals: Readonly<Record<string, Readonly<Record<string, Value>>>>
  readonly metrics: Readonly<Record<string, { readonly value: Value; readonly unit: string; readonly exact: boolean }>>
  readonly receipt: Pick<Receipt, 'dataset' | 'tidemark' | 'positions' | 'exclusions' | 'modelVersion'> & {
    /** How far back the speed side was asked for, ms; null: without a bound. */
    readonly queryWindowMs: number | null
  }
}

export interface ProfileSummary {
  readonly name: string
  readonly description: string | null
  readonly by: readonly string[]
  readonly over: string
  /** The size of the buckets that the span begins and ends with. */
  readonly per: string
  readonly measures: readonly { readonly name: string; readonly measure: string; readonly unit: string }[]
}

export interface ProfileAnswer {
  readonly profile: string
  readonly by: Readonly<Record<string, string | number | boolean>>
  /** ISO; what is covered ends where the bucket begins that this lies in, or, of now, where that one ends. */
  readonly asOf: string
  readonly from: string
  readonly to: string
  readonly measures: Readonly<Record<string, { readonly value: Value; readonly unit: string; readonly exact: boolean }>>
  readonly receipt: Omit<Receipt, 'metricVersion' | 'error' | 'errorKind'>
}

export interface SessionsSummary {
  readonly name: string
  readonly description: string | null
  readonly by: string
  readonly events: readonly string[]
  readonly gap: string
  readonly longest: string
  readonly metrics: readonly { readonly name: string }[]
}

export interface SessionsAnswer {
  readonly sessions: string
  readonly by: Readonly<Record<string, string | number | boolean>>
  /** ISO; what happened then or later is left out. */
  readonly asOf: string
  readonly rows: readonly {
    readonly startedAt: string
    readonly lastAt: string
    /** Whole seconds. */
    readonly duration: number
    readonly events: number
    readonly state?: string | null
    readonly closed: boolean
    readonly failures?: readonly string[]
  }[]
  readonly receipt: Omit<Receipt, 'metricVersion' | 'error' | 'errorKind'>
}

export interface ScoreSummary {
  readonly name: string
  readonly description: string | null
  readonly event: string
  readonly profiles: readonly { readonly name: string; readonly profile: string }[]
}

export interface ScoreAnswer {
  readonly name: string
  readonly score: number
  readonly because: readonly string[]
  /** The event's time, ISO. */
  readonly at: string
  readonly profiles: Readonly<Record<string, Omit<ProfileAnswer, 'asOf' | 'receipt'>>>
  readonly receipt: ProfileAnswer['receipt']
}

export interface LimitSummary {
  readonly name: string
  readonly description: string | null
  readonly owner: string | null
  readonly metric: string
  /** The dimension that holds whom it is for. */
  readonly each: string
  readonly per: string
  readonly atMost: { readonly amount: Value } | { readonly entity: string; readonly field: string }
  readonly unit: string
  readonly notifyAt: readonly string[]
}

/** What of a limit was crossed, the newest first. */
export interface CrossingsPage {
  readonly limit: string
  readonly rows: readonly {
    readonly id: string
    readonly key: string
    /** The period's start, ISO; days of a zone are dates. */
    readonly period: string
    readonly threshold: string
    readonly crossed: 'reached' | 'fell back'
    readonly number: number
    readonly value: Value
    readonly atMost: Value | null
    readonly unit: string
    readonly foundAt: string
    /** Whether its event is on the bus. */
    readonly told: boolean
  }[]
  readonly next: string | null
}

export interface StatusAnswer {
  /** The model that is served. */
  readonly modelVersion: string
  /** The model that is deployed, where it is not served yet. */
  readonly building: string | null
  readonly shards: readonly {
    readonly shardId: string
    readonly archive: string | null
    readonly speedTable: string | null
    readonly window: string | null
    readonly mark: string | null
    /** When the oldest record arrived that some part has not passed, ISO. */
    readonly waitingSince: string | null
  }[]
  readonly live: string | null
  readonly newestEventTime: string | number | null
  readonly refilling: boolean
  readonly refillingSince: string | null
  readonly rejected: number
  /** The parts that did not answer, and what was said instead. */
  readonly unreachable: Readonly<Partial<Record<'warehouse' | 'archive' | 'stream' | 'windows', string>>>
}

/** A value as one cell of a table: a list's parts stand side by side. */
export const valueCell = (value: Value): number | string | null =>
  typeof value === 'object' && value !== null ? value.join(' ') : value

/** What a top left out, as a line; none where all was asked for. */
export const leftOutLines = ({ top, leftOut }: Pick<MetricPage, 'top' | 'leftOut'>): string[] =>
  top === undefined || leftOut === undefined ? [] : [`top ${top}: ${leftOut} more rows left out`]
