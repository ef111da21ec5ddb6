import type { ModelData } from '../../core/model.ts'
import type { Dialect } from '../../sql/table.ts'
import type { Archive } from '../../stores/archive/archive.ts'
import type { Jobs } from '../../stores/jobs/jobs.ts'
import type { DatasetLedger } from '../../stores/ledger/dataset-ledger.ts'
import type { ExclusionLedger } from '../../stores/ledger/exclusion-ledger.ts'
import type { ModelLedger } from '../../stores/ledger/model-ledger.ts'
import type { ReplayOutputs } from '../../stores/ledger/replay-outputs.ts'
import type { SpeedLedger } from '../../stores/ledger/speed-ledger.ts'
import type { LineUps } from '../../stores/models/line-ups.ts'
import type { Models } from '../../stores/models/models.ts'
import type { States } from '../../stores/states/states.ts'
import type { Stream } from '../../stores/stream/stream.ts'

/** What the batch steps work with. */
export interface Batch {
  /** The deployed one, by which it recomputes. */
  readonly model: ModelData
  /** All that were ever deployed. */
  readonly models: Pick<Models, 'data'>
  /** Those that the speed side counts by. */
  readonly lineUps: Pick<LineUps, 'of'>
  readonly modelLedger: Pick<ModelLedger, 'models' | 'retire'>
  /** Of the warehouse, whose views a promotion may replace. */
  readonly dialect: Dialect
  readonly archive: Archive
  readonly bucket: string
  /** Where runs show that they go on: the data bucket. */
  readonly signsOfLife: Pick<Archive, 'getJson' | 'putJson'>
  readonly stream: Pick<Stream, 'shards'>
  readonly states: States
  readonly ledger: DatasetLedger
  readonly exclusions: ExclusionLedger
  readonly speedLedger: Pick<SpeedLedger, 'position' | 'addCut' | 'exclude' | 'ends' | 'replace'>
  readonly outputs: ReplayOutputs
  readonly jobs: Jobs
  /** No execution of the state machine runs longer than this, ms. */
  readonly executionLimitMs: number
  /** A run that has shown no sign of life for this long, ms, counts as lost: another may begin. */
  readonly silentAfterMs: number
  /** Speed rows are kept at least this long, ms. */
  readonly speedRetentionMs: number
  /** How far apart two records of one event may arrive for the speed side to leave out the later, ms. */
  readonly duplicatesWindowMs: number
  /** The part of a metric's rows that may differ from what was served before a promotion is held. */
  readonly maxDrift: number
  readonly now: () => number
  /** A name that nothing else ever has, of 36 characters at most. */
  readonly unique: () => string
}

export const specificationKey = (datasetId: string): string => `jobs/${datasetId}.json`
export const manifestKey = (datasetId: string): string => `manifests/${datasetId}.json`
