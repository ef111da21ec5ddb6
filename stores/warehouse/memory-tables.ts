import type { LineUp } from '../../core/line-up.ts'
import type { Slot } from '../../sql/states.ts'
import type { DatasetKind, DatasetState, Parity, SlotState } from '../ledger/dataset.ts'
import type { ExclusionEntry, ExclusionStretch } from '../ledger/exclusion-ledger.ts'
import type { KeptCrossing, LimitWatch } from '../ledger/limit-ledger.ts'
import type { DeployedModels } from '../ledger/model-ledger.ts'
import type { OutputShard } from '../ledger/replay-outputs.ts'
import type { SpeedPosition } from '../ledger/speed-ledger.ts'

/** One component of one bucket and combination of dimensions, the dimensions as text. */
export interface StateRow {
  /** Epoch ms. */
  readonly bucket: number
  readonly dims: readonly (string | null)[]
  readonly component: string
  readonly value: number
  /** What an entity's version says. */
  readonly body?: string
}

interface Versioned {
  readonly metric: string
  readonly metricVersion: string
}

/**
 * The warehouse's tables as docs/architecture.md has them, a type of row each. Rows that are only ever written and
 * removed together are one row here: a micro-batch's of one metric, a dataset's of one metric in one slot.
 */
export interface Tables {
  model: DeployedModels
  definition: Versioned & { readonly lineUp: LineUp }
  /** The metrics' tables that stand in both slots. */
  metricTable: Versioned
  speedPosition: SpeedPosition & { readonly shardId: string }
  speedEdge: {
    readonly shardId: string
    readonly edge: string
    readonly lineUp: LineUp
    /** Epoch ms. */
    readonly committedAt: number
  }
  exclusion: Omit<ExclusionEntry, 'madeAt' | 'undone'> & {
    /** Epoch ms. */
    readonly madeAt: number
    readonly undone: {
      readonly revision: number
      readonly reason: string
      readonly by: string
      readonly at: number
    } | null
  }
  exclusionRevision: { readonly revision: number }
  exclusionEdge: ExclusionStretch
  metricEdge: Versioned & { readonly shardId: string; readonly edge: string }
  speedRows: Versioned & { readonly shardId: string; readonly edge: string; readonly states: readonly StateRow[] }
  replayedRows: Tables['speedRows'] & { readonly outputId: string }
  replayOutput: OutputShard
  batchRows: Versioned & { readonly slot: Slot; readonly datasetId: string; readonly states: readonly StateRow[] }
  dataset: {
    readonly datasetId: string
    readonly baseDatasetId: string
    readonly kind: DatasetKind
    readonly modelVersion: string
    readonly exclusions: number
    readonly state: DatasetState
    readonly step: string
    readonly reason: string
    /** Epoch ms. */
    readonly sealedAt: number
    readonly updatedAt: number
  }
  mark: { readonly datasetId: string; readonly shardId: string; readonly mark: string }
  datasetMetric: Versioned & { readonly datasetId: string }
  control: {
    readonly liveDatasetId: string
    readonly slots: Readonly<Record<Slot, { readonly datasetId: string; readonly state: SlotState }>>
    readonly revision: number
  }
  limitWatch: LimitWatch
  limitCrossing: KeptCrossing
  pruned: { readonly shardId: string; readonly prunedTo: string }
  parity: Parity & { readonly datasetId: string }
}

export type TableName = keyof Tables

/** What stands committed at one instant. Nothing in it ever changes: a commit makes another. */
export type Committed = { readonly [Name in TableName]: readonly Tables[Name][] }

export const emptyTables: Committed = {
  model: [],
  definition: [],
  metricTable: [],
  speedPosition: [],
  speedEdge: [],
  exclusion: [],
  exclusionRevision: [],
  exclusionEdge: [],
  metricEdge: [],
  speedRows: [],
  replayedRows: [],
  replayOutput: [],
  batchRows: [],
  dataset: [],
  mark: [],
  datasetMetric: [],
  control: [],
  limitWatch: [],
  limitCrossing: [],
  pruned: [],
  parity: [],
}
