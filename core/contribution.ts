/** How values of one component merge. */
export type MergeOp = 'sum' | 'min' | 'max'

/** One event's part in one component of one state. */
export interface Contribution {
  readonly metric: string
  /** The bucket's start, epoch ms UTC. */
  readonly bucket: number
  /** One text or null a dimension, in the metric's order. */
  readonly dims: readonly (string | null)[]
  readonly component: string
  readonly op: MergeOp
  /** A safe integer. */
  readonly value: number
  /** The component is one distinct value: batch counts these, nothing else keeps them. */
  readonly distinct?: true
  /** The component is one version of an entity, or one event that is kept, and this is what it says. */
  readonly body?: string
  /** Of a cell's such components the greatest alone is kept. */
  readonly latest?: true
}

/** What of a contribution is the measure's to say; where it belongs is the metric's. */
export type Part = Pick<Contribution, 'component' | 'op' | 'value' | 'distinct' | 'body' | 'latest'>
