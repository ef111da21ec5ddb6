import type { Slot } from '../../sql/states.ts'

/** A shard's entries in a tidemark: shard to mark, padded. A shard without one is all above. */
export type Marks = Readonly<Record<string, string>>

export type DatasetKind = 'full' | 'incremental'
export type DatasetState = 'sealed' | 'recomputed' | 'loaded' | 'promoted' | 'failed'

export interface Dataset {
  readonly datasetId: string
  /** '' where it was recomputed in full. */
  readonly baseDatasetId: string
  readonly kind: DatasetKind
  readonly modelVersion: string
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
export interface Parity {
  readonly metric: string
  readonly rowsServed: number
  readonly rowsBuilt: number
  readonly rowsMissing: number
  readonly rowsExtra: number
  readonly rowsChanged: number
}

export const slotOf = (control: Control, datasetId: string): Slot | null =>
  control.slots.blue.datasetId === datasetId ? 'blue' : control.slots.green.datasetId === datasetId ? 'green' : null
