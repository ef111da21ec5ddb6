import { relativeErrorOf } from '../../core/answer.ts'
import type { MeasureData, ModelData } from '../../core/model.ts'
import { zoneOf } from '../../core/zoned-metric.ts'
import type { Snapshot } from '../../stores/states/states.ts'
import { type ReceiptExclusions, receiptExclusions } from './receipt-exclusions.ts'

/** What an answer rests on, of the same snapshot as its rows. */
export interface Receipt {
  /** The dataset behind the batch part; null: there is none yet. */
  readonly dataset: string | null
  /** Shard to mark: records at or below it are counted by batch, those above by speed. */
  readonly tidemark: Readonly<Record<string, string>>
  /** Shard to the last record that the answer counts. */
  readonly positions: Readonly<Record<string, string>>
  readonly modelVersion: string
  readonly metricVersion: string
  /** Whose days the buckets are, and by which release of the tz database; left out: UTC's. */
  readonly zone?: { readonly name: string; readonly release: string }
  readonly exact: boolean
  /** Of distinct counts: how many of the events counted in these rows lie above the tidemark; left out elsewhere. */
  readonly aboveTidemark?: number
  /** How far the values that are not exact may be off, in parts of themselves: of countDistinct its standard error, of a quantile the bound. null where all are exact, or are derived of two metrics. */
  readonly error: number | null
  /** What `error` is: values lie within it by rule, or about two thirds of them do. */
  readonly errorKind: 'bound' | 'standard error' | null
  readonly exclusions: ReceiptExclusions
  readonly layers: {
    readonly batch: { readonly sealedAt: string | null } | null
    readonly speed: { readonly committedAt: string | null } | null
  }
}

/** Shard to the last record counted: where the speed table has not reached the mark, batch has. */
export const countedTo = ({ positions, marks }: Pick<Snapshot, 'positions' | 'marks'>): Record<string, string> => {
  const counted: Record<string, string> = { ...positions }
  for (const [shardId, mark] of Object.entries(marks)) if ((counted[shardId] ?? '') < mark) counted[shardId] = mark
  return counted
}

/** How far a measure's value may be off. @param measure null: no one measure's */
export const errorOf = (measure: MeasureData | null, isExact: boolean): Pick<Receipt, 'error' | 'errorKind'> =>
  isExact || measure === null
    ? { error: null, errorKind: null }
    : { error: relativeErrorOf(measure.kind), errorKind: measure.kind === 'quantile' ? 'bound' : 'standard error' }

/** @param layer the one layer that was asked for; null: both */
export const receiptFor = (
  model: ModelData,
  metric: { readonly version: string; readonly measure: MeasureData | null; readonly zone?: string },
  snapshot: Snapshot,
  layer: 'batch' | 'speed' | null,
  isExact: boolean,
): Receipt => ({
  dataset: snapshot.datasetId === '' ? null : snapshot.datasetId,
  tidemark: snapshot.marks,
  positions: countedTo(snapshot),
  modelVersion: model.version,
  metricVersion: metric.version,
  ...(metric.zone === undefined ? {} : { zone: { name: metric.zone, release: zoneOf(model, metric.zone).release } }),
  exact: isExact,
  ...errorOf(metric.measure, isExact),
  exclusions: receiptExclusions(snapshot),
  layers: {
    batch: layer === 'speed' ? null : { sealedAt: snapshot.sealedAt },
    speed: layer === 'batch' ? null : { committedAt: snapshot.committedAt },
  },
})
