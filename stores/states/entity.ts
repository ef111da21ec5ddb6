import type { MetricData } from '../../core/model.ts'
import type { DimensionCondition } from '../../sql/cells.ts'
import type { Snapshot } from './states.ts'
import type { WholeValue } from './whole.ts'

/** What is asked of one entity: its latest version, its children's, and what metrics say of it. */
export interface EntityQuestion {
  readonly versions: MetricData
  readonly ref: DimensionCondition['value']
  readonly children: readonly { readonly versions: MetricData; readonly parentRef: string }[]
  /** Each over all its buckets, where the dimension holds the ref. */
  readonly metrics: readonly { readonly metric: MetricData; readonly dimension: string }[]
  /** How many children of each kind at most, those first that changed last. */
  readonly limit: number
}

/** A version of an entity. */
export interface Version {
  readonly ref: string | number | boolean
  /** Its place in the order of versions (core/entity.ts). */
  readonly component: string
  readonly isDeleted: boolean
  /** What it says, as JSON. */
  readonly body: string
}

/** All of one snapshot, whose `gaps` are those of all that was read. */
export interface EntityAnswer {
  readonly snapshot: Snapshot
  /** A deleting one, too; null: no version of this ref is known. */
  readonly version: Version | null
  /** By the question's children; none of them deleted. */
  readonly children: readonly (readonly Version[])[]
  /** By the question's metrics; null: nothing was counted. */
  readonly metrics: readonly WholeValue[]
}
