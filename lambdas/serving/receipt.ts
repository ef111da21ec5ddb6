import { standardError } from '../../core/hyperloglog.ts'
import type { MetricData, ModelData } from '../../core/model.ts'
import type { ResultRow } from '../../stores/warehouse/warehouse.ts'

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
  readonly exact: boolean
  /** The relative standard error of the values that are not exact; null where all are. */
  readonly error: number | null
  readonly layers: {
    readonly batch: { readonly sealedAt: string | null } | null
    readonly speed: { readonly committedAt: string | null } | null
  }
}

/** The receipt's facts as the warehouse gave them. */
export interface Snapshot {
  readonly datasetId: string
  readonly loaded: ReadonlySet<string>
  readonly marks: Readonly<Record<string, string>>
  readonly positions: Readonly<Record<string, string>>
  readonly pruned: Readonly<Record<string, string>>
  readonly sealedAt: string | null
  readonly committedAt: string | null
  /** How often the answer would have a hole. */
  readonly gaps: number
}

export const readSnapshot = (rows: readonly ResultRow[]): Snapshot => {
  const of = (kind: string): [string, string][] =>
    rows.filter((row) => row.kind === kind).map((row) => [String(row.a), row.b === null ? '' : String(row.b)])
  const loaded = of('slot').filter(([, state]) => state === 'loaded')
  return {
    datasetId: of('dataset')[0]?.[0] ?? '',
    loaded: new Set(loaded.map(([datasetId]) => datasetId)),
    marks: Object.fromEntries(of('mark')),
    positions: Object.fromEntries(of('position')),
    pruned: Object.fromEntries(of('pruned')),
    sealedAt: isoOf(of('sealed')[0]?.[1]),
    committedAt: isoOf(of('committed')[0]?.[1]),
    gaps: Number(of('gaps')[0]?.[0] ?? 0),
  }
}

/** SQL's `YYYY-MM-DD HH:MM:SS[.ffffff]`, which is UTC here, as ISO 8601 in ms; null where there is none. */
export const isoOf = (sqlTime: string | undefined): string | null =>
  sqlTime === undefined || sqlTime === '' ? null : new Date(`${sqlTime.slice(0, 23).replace(' ', 'T')}Z`).toISOString()

/** @param layer the one layer that was asked for; null: both */
export const receiptFor = (
  model: ModelData,
  metric: MetricData,
  snapshot: Snapshot,
  layer: 'batch' | 'speed' | null,
  isExact: boolean,
): Receipt => ({
  dataset: snapshot.datasetId === '' ? null : snapshot.datasetId,
  tidemark: snapshot.marks,
  positions: snapshot.positions,
  modelVersion: model.version,
  metricVersion: metric.version,
  exact: isExact,
  error: isExact ? null : standardError,
  layers: {
    batch: layer === 'speed' ? null : { sealedAt: snapshot.sealedAt },
    speed: layer === 'batch' ? null : { committedAt: snapshot.committedAt },
  },
})
