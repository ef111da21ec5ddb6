import type { Bucket } from '../core/bucket.ts'
import type { LakeColumns } from '../core/lake-columns.ts'
import type { DimensionData } from '../core/model.ts'
import type { RawObject } from '../core/raw-archive.ts'

export type { RawObject }

/** What the job must know of a metric: where its rows go and how wide its buckets are, never what it means. */
export interface ResultSpecification {
  readonly metric: string
  readonly event: string
  readonly per: Bucket
  readonly dimensions: readonly DimensionData[]
  /**
   * Where buckets are local dates: how far local time may be ahead of UTC, from the least to the most, less than a day
   * apart. Left out: buckets are UTC's.
   */
  readonly offsetsMs?: readonly number[]
  /** Its components each have a body: versions, and events that are kept. */
  readonly bodies?: boolean
  /** Its components are versions: of each bucket and first dimension the greatest alone is kept. */
  readonly latest?: boolean
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
  readonly lakeColumns: LakeColumns
  /** The revision of the exclusions that the dataset is built under, its base too; 0: none. */
  readonly exclusions: number
  /** Where that revision's set stands (`ExclusionSet` of core/exclusion.ts); null where there is none. */
  readonly exclusionsKey: string | null
  readonly manifestKey: string
  /** What the dataset will be compared with, as it stood at seal: the job tells which records only one side counts. */
  readonly served?: Served
}

/** What is served: a dataset up to its marks, and above them what the speed table has reached. */
export interface Served {
  /** '': no dataset. */
  readonly datasetId: string
  readonly marks: Readonly<Record<string, string>>
  /** The shards whose speed table is below the new dataset's mark, and how far it is. */
  readonly positions: Readonly<Record<string, string>>
  /** How far apart two records of one event may arrive in a shard's line for the speed table to leave out the later. */
  readonly duplicatesWindowMs: number
  /** The shards that a shard came from. */
  readonly ancestors: Readonly<Record<string, readonly string[]>>
  readonly exclusions: ServedExclusions
  /** By shard the first record that the speed table counted and the archive lacks, padded; left out by older versions. */
  readonly unarchived?: Readonly<Record<string, string>>
}

/** By which revisions of the exclusions what is served was counted. */
export interface ServedExclusions {
  /** The dataset's. */
  readonly dataset: number
  /** By shard, in order: the speed table counted what lies above the dataset's mark and above `above`, up to the next one, under `revision`; below the first under 0. */
  readonly stretches: Readonly<Record<string, readonly { readonly above: string; readonly revision: number }[]>>
  /** Where the sets of these revisions stand, by revision; there is none of 0. */
  readonly keys: Readonly<Record<string, string>>
}

/** What certain records add to one metric's bucket: how many they are, and what they merge to by each op, as text. */
export interface Apart {
  readonly records: number
  readonly sum: string | null
  readonly min: string | null
  readonly max: string | null
}

/** By metric and bucket (epoch ms); of a metric's buckets those with the most records, at most 10,000. */
export type ApartByBucket = Readonly<Record<string, Readonly<Record<string, Apart>>>>

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
  readonly exclusions: number
  /** Events by event type and UTC date of event time. */
  readonly lake: Readonly<Record<string, Readonly<Record<string, readonly DataFile[]>>>>
  /** Of all of them; left out: the files are of an older version, and have none. */
  readonly lakeColumns?: LakeColumns
  /** States by metric and month (YYYY-MM) of the bucket's start. */
  readonly results: Readonly<Record<string, Readonly<Record<string, readonly DataFile[]>>>>
  readonly counts: DatasetCounts
  /** The records that only one side counts. null: the job was not told what is served. */
  readonly apart?: DatasetApart | null
}

/** Each record that only one side counts stands in one of these accounts. */
export interface DatasetApart {
  readonly served: Served
  /** Served, and here a twin of an event kept, whichever exclusions were in force. */
  readonly duplicate: ApartByBucket
  /** Kept here, and not yet reached by the speed table. */
  readonly behind: ApartByBucket
  /** Served, and not here, since the exclusions are others: left out, or a twin of an event that was left out before. */
  readonly excluded: ApartByBucket
  /** The reverse: kept here, and not served, since the exclusions are others. */
  readonly included: ApartByBucket
}

/** What a run counted of its own input. */
export interface DatasetCounts {
  /** Raw records at or below the marks. */
  readonly read: number
  /** Of these, twins of an event kept. */
  readonly duplicates: number
  readonly rejected: number
  /** Left out before twins were looked for. */
  readonly excluded: number
  /** Ids that one of them brought again with another event time of the same UTC date, which makes it another event. */
  readonly idsReused: number
}
