import type { LineUp } from '../../core/line-up.ts'
import type { Slot } from '../../sql/states.ts'
import type { Control, Dataset, DatasetKind, DatasetState, Marks, Parity, ReachedState, SlotState } from './dataset.ts'
import type { DeployedModels } from './model-ledger.ts'

export interface NewDataset {
  readonly datasetId: string
  /** '' for a full recompute. */
  readonly baseDatasetId: string
  readonly kind: DatasetKind
  readonly modelVersion: string
  /** The revision of the exclusions that it is built under; 0: none. */
  readonly exclusions: number
  readonly marks: Marks
  readonly metrics: readonly { readonly name: string; readonly version: string }[]
  /** Epoch ms. */
  readonly sealedAt: number
}

/** By which definitions a dataset is served. */
export interface Serving {
  /** What the ledger said of models when this was made up: it fails where that changed. */
  readonly known: DeployedModels
  readonly modelVersion: string
  /** Statements that make the views those of the model. */
  readonly views: readonly string[]
  /** What the views then say of themselves. */
  readonly comments: readonly string[]
}

/** Which other datasets are in the way of a new one: those of its model, sealed or recomputed, that are not lost. */
export interface Alone {
  readonly modelVersion: string
  /** Epoch ms: what was sealed up to then has ended. */
  readonly sealedAfter: number
  /** Datasets whose runs were lost. */
  readonly lost: readonly string[]
}

/**
 * The batch side's part of the ledger: datasets, their tidemarks, and the one row that says what is served. What takes
 * a `Control` throws TransactionFailed where control moved since it was read.
 */
export interface DatasetLedger {
  control(): Promise<Control>
  /** All datasets, newest first. */
  datasets(): Promise<Dataset[]>
  dataset(datasetId: string): Promise<Dataset | null>
  /** None for ''. */
  marks(datasetId: string): Promise<Marks>
  /**
   * Registers a dataset with its tidemark, once; and where it is to be alone, only while no other is under way. It
   * answers the same either way: what stands is told by `dataset`.
   */
  register(dataset: NewDataset, alone?: Alone): Promise<void>
  /** Writes a state where it may follow the one that stands. @returns the one that stands then; null: no dataset does */
  setState(datasetId: string, state: ReachedState, step: string, now: number): Promise<DatasetState | null>
  /**
   * Notes why a step did not go through; not of a dataset that failed already.
   * @param state 'failed' where nothing will try it again: written, and noted, only where it may follow
   */
  noteFailure(datasetId: string, step: string, reason: string, now: number, state: 'failed' | null): Promise<void>

  /** How far the speed table is in each shard that it knows. */
  speedPositions(): Promise<Marks>
  /** The shards that count by another line-up: one takes up what is in force when its position is asked for. */
  shardsBesides(lineUp: LineUp): Promise<string[]>
  /** For each shard the newest edge at or below its bound; shards without one are left out. */
  newestEdges(bounds: Marks): Promise<Marks>
  /** The same, of the edges committed before an instant (epoch ms). */
  edgesCommittedBefore(bounds: Marks, before: number): Promise<Marks>
  /** Where metrics of the model began in a shard: shard to the highest such edge. */
  versionEdges(modelVersion: string): Promise<Marks>
  /** For each shard how far its speed rows were removed. */
  prunedTo(): Promise<Marks>

  setSlot(control: Control, slot: Slot, datasetId: string, state: SlotState): Promise<void>
  /** Gives a slot to a dataset that is to be loaded. @throws TransactionFailed where it has failed */
  takeSlot(control: Control, slot: Slot, datasetId: string, step: string, now: number): Promise<void>
  /** Serves another dataset by its own definitions, in one step. */
  serve(control: Control, datasetId: string, serving: Serving, step: string, now: number): Promise<void>
  /** Makes views that answer the same anew, or has them say what they are, in as many transactions as it takes. */
  install(statements: readonly string[]): Promise<void>
  /**
   * The same as of what the ledger says of models. Each transaction moves its revision: what a deploy made meanwhile is
   * not made otherwise, and one that is under way makes its views again.
   * @returns what it says then @throws TransactionFailed where others changed it meanwhile
   */
  installAsOf(known: DeployedModels, statements: readonly string[]): Promise<DeployedModels>
  /** Removes speed rows at or below the bounds. */
  prune(control: Control, bounds: Marks): Promise<void>

  recordParity(datasetId: string, parities: readonly Parity[]): Promise<void>
  parity(datasetId: string): Promise<Parity[]>
}
