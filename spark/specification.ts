import type { Bucket } from '../core/bucket.ts'
import type { DimensionData } from '../core/model.ts'
import type { RawObject } from '../core/raw-archive.ts'

export type { RawObject }

/** What the job must know of a metric: where its rows go and how wide its buckets are, never what it means. */
export interface ResultSpecification {
  readonly metric: string
  readonly event: string
  readonly per: Bucket
  readonly dimensions: readonly DimensionData[]
}

/** A recompute's whole input, `jobs/DATASET.json`; the job's one argument is its URI. */
export interface RecomputeSpecification {
  readonly datasetId: string
  readonly modelVersion: string
  readonly bucket: string
  /** The dataset built on; null: a full recompute. */
  readonly baseManifestKey: string | null
  /** Records at or below their shard's mark belong to the dataset; a shard without one has none in it. */
  readonly marks: Readonly<Record<string, string>>
  /** Records at or below their shard's base mark are in the base already; empty for a full recompute. */
  readonly baseMarks: Readonly<Record<string, string>>
  /** Every raw object that holds a record above its base mark and at or below its mark. */
  readonly rawObjects: readonly RawObject[]
  readonly results: readonly ResultSpecification[]
  readonly manifestKey: string
}

export interface DataFile {
  readonly key: string
  readonly bytes: number
  readonly rows: number
}

/** `manifests/DATASET.json`: every file of a dataset, those carried over from its base included. */
export interface DatasetManifest {
  readonly datasetId: string
  readonly modelVersion: string
  readonly marks: Readonly<Record<string, string>>
  /** Events by event type and UTC date of event time. */
  readonly lake: Readonly<Record<string, Readonly<Record<string, readonly DataFile[]>>>>
  /** States by metric and month (YYYY-MM) of the bucket's start. */
  readonly results: Readonly<Record<string, Readonly<Record<string, readonly DataFile[]>>>>
  /** `read`: raw records at or below the marks read by this run; `duplicates`: of these, twins of an event kept. */
  readonly counts: { readonly read: number; readonly duplicates: number; readonly rejected: number }
}
