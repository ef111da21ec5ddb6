import type { Slot } from '../../sql/states.ts'

/** A shard's entries in a tidemark: shard to mark, padded. A shard without one is all above. */
export type Marks = Readonly<Record<string, string>>

export type DatasetKind = 'full' | 'incremental'
export type DatasetState = 'sealed' | 'recomputed' | 'loaded' | 'promoted' | 'failed'

/**
 * Which states each may follow: what has ended stays so, whoever is still at work on it. What a step brings it to
 * may follow itself, so that a step tried again clears what was noted of its first try. `promoted` is not here: what control serves is, whatever it was.
 */
export const mayFollow = {
  recomputed: ['sealed', 'recomputed'],
  loaded: ['recomputed', 'loaded'],
  failed: ['sealed', 'recomputed', 'loaded'],
} as const satisfies Partial<Record<DatasetState, readonly DatasetState[]>>

/** Failures of steps are noted in these: why a dataset failed is said once. */
export const noted = ['sealed', 'recomputed', 'loaded', 'promoted'] as const satisfies readonly DatasetState[]

/** What a run's steps bring its dataset to. */
export type ReachedState = 'recomputed' | 'loaded'

export interface Dataset {
  readonly datasetId: string
  /** '' where it was recomputed in full. */
  readonly baseDatasetId: string
  readonly kind: DatasetKind
  readonly modelVersion: string
  /** The revision of the exclusions that it was built under; 0: none. */
  readonly exclusions: number
  readonly state: DatasetState
  /** The step it was last at, and why it failed there ('' where it did not). */
  readonly step: string
  readonly reason: string
  /** `YYYY-MM-DD HH:MM:SS[.ffffff]`, UTC. */
  readonly sealedAt: string
  readonly updatedAt: string
}

export type SlotState = 'empty' | 'loading' | 'loaded'

/** What is served, and what stands in each slot. */
export interface Control {
  readonly liveDatasetId: string
  readonly slots: Readonly<Record<Slot, { readonly datasetId: string; readonly state: SlotState }>>
  readonly revision: number
}

/** How one metric's new rows differ from what was served up to the new tidemark. */
export interface Comparison {
  readonly metric: string
  readonly rowsServed: number
  readonly rowsBuilt: number
  readonly rowsMissing: number
  readonly rowsExtra: number
  readonly rowsChanged: number
  /** How many buckets differ, of which `buckets` holds `maxBuckets` at most. */
  readonly bucketsDiffering: number
  /** Those with the largest difference in value first. */
  readonly buckets: readonly BucketDifference[]
}

/** How many differing buckets of a metric are compared one by one, and kept. */
export const maxBuckets = 1000

/** One bucket in which built and served differ. */
export interface BucketDifference {
  /** Its start, epoch ms. */
  readonly bucket: number
  readonly rowsMissing: number
  readonly rowsExtra: number
  readonly rowsChanged: number
  /** Unscaled, merged over all dimensions; null where that side has nothing. Of countDistinct: its contributions. */
  readonly servedValue: bigint | null
  readonly builtValue: bigint | null
}

/**
 * Why a bucket differs, as far as it is proven. `duplicate`: the recompute dropped twins there that are served.
 * `excluded`: other exclusions are in force than what is served was counted by, and they concern records there.
 * `behind`: the speed table had not reached records there. `definition`: the metric, as it is now, was not served
 * whole. `unknown`: what is proven does not account for all of the difference.
 */
export const reasons = ['duplicate', 'excluded', 'behind', 'definition', 'unknown'] as const
export type Reason = (typeof reasons)[number]

export interface BucketParity extends BucketDifference {
  readonly reasons: readonly Reason[]
}

/** A comparison as it is kept: with the reasons of each bucket. */
export interface Parity extends Comparison {
  readonly buckets: readonly BucketParity[]
}

/** The order that differing buckets are answered in: by how much their values differ, then by rows, then by time. */
export const largestFirst = (a: BucketDifference, b: BucketDifference): number => {
  const apart = ({ servedValue, builtValue }: BucketDifference): bigint => {
    const difference = (servedValue ?? 0n) - (builtValue ?? 0n)
    return difference < 0n ? -difference : difference
  }
  return Number(apart(b) - apart(a)) || rowsDiffering(b) - rowsDiffering(a) || a.bucket - b.bucket
}

type Rows = Pick<BucketDifference, 'rowsMissing' | 'rowsExtra' | 'rowsChanged'>

/** How many rows differ, of one bucket or a whole metric. */
export const rowsDiffering = ({ rowsMissing, rowsExtra, rowsChanged }: Rows): number =>
  rowsMissing + rowsExtra + rowsChanged

/** The part of a metric's rows that differ from what was served. */
export const driftOf = (comparison: Comparison): number => rowsDiffering(comparison) / Math.max(comparison.rowsBuilt, 1)

export const slotOf = (control: Control, datasetId: string): Slot | null =>
  control.slots.blue.datasetId === datasetId ? 'blue' : control.slots.green.datasetId === datasetId ? 'green' : null

/** Whether a slot holds all of a dataset, so that it can be served at once. */
export const standsLoaded = (control: Control, datasetId: string): boolean => {
  const slot = slotOf(control, datasetId)
  return slot !== null && control.slots[slot].state === 'loaded'
}
