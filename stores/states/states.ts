import type { MergedValue } from '../../core/answer.ts'
import type { Bucket } from '../../core/bucket.ts'
import type { MetricData } from '../../core/model.ts'
import type { DayRange } from '../../core/zoned-metric.ts'
import type { DimensionCondition } from '../../sql/cells.ts'
import type { Layer, Pin, Slot } from '../../sql/states.ts'
import type { Comparison, Marks } from '../ledger/dataset.ts'
import type { ExclusionStretch } from '../ledger/exclusion-ledger.ts'
import type { EntityAnswer, EntityQuestion } from './entity.ts'
import type { KeptAnswer, KeptQuestion } from './kept-events.ts'
import type { WholeQuestion, WholesAnswer } from './whole.ts'

/** Which states an answer merges, and into what cells. */
export interface StatesQuestion extends Asked {
  readonly metric: MetricData
  /** Of each bucket the cells of the greatest values alone, greatest first; left out or null: all, in order of `by`. */
  readonly top?: number | null
}

/** The same of any metric. */
export interface Asked {
  /** null: the whole range as one. */
  readonly per: Bucket | null
  readonly by: readonly string[]
  readonly where: readonly DimensionCondition[]
  /** null: both. */
  readonly layer: Layer | null
  /** Epoch ms, half-open, on the metric's own buckets' starts; null: unbounded. */
  readonly from: number | null
  readonly to: number | null
  /** Of a metric in a zone besides; left out: unbounded. */
  readonly days?: DayRange
  /** null: what is served now. */
  readonly pin: Pin | null
  /** Cells are in order of bucket and `by`. */
  readonly limit: number
  readonly offset: number
}

export interface AnsweredCell {
  /** Epoch ms; null where the range was asked as one. */
  readonly bucket: number | null
  /** In the order of the question's `by`. */
  readonly dims: readonly (string | number | boolean | null)[]
  readonly value: MergedValue
  readonly exact: boolean
  /** Of countDistinct: how many of the events counted here lie above the tidemark, which make it an estimate. */
  readonly aboveTidemark?: number
}

/** Two metrics' cells of one place; null where one has none. */
export interface PairCell extends Pick<AnsweredCell, 'bucket' | 'dims' | 'exact'> {
  readonly left: bigint | null
  readonly right: bigint | null
}

/** What stood behind an answer, at its instant. */
export interface Snapshot {
  /** The model by whose definitions answers are given. */
  readonly servingVersion: string
  /** '' where there is none yet. */
  readonly datasetId: string
  /** The datasets that stand loaded in a slot. */
  readonly loaded: ReadonlySet<string>
  readonly marks: Marks
  /** Shard to how far its speed table is, which may be below the mark. */
  readonly positions: Marks
  readonly pruned: Marks
  readonly exclusions: {
    /** The revision that the dataset was built under; null: there is no dataset. */
    readonly batch: number | null
    /** How speed counted, in stream order; a shard without a stretch by revision 0. */
    readonly speed: readonly ExclusionStretch[]
  }
  /** ISO 8601. */
  readonly sealedAt: string | null
  readonly committedAt: string | null
  /** How often the answer would have a hole. */
  readonly gaps: number
}

/** One transaction that makes a slot's table of one metric hold one dataset's states. */
export interface StatesLoad {
  readonly metric: MetricData
  readonly slot: Slot
  readonly datasetId: string
  /** COPY's manifest; null where the dataset has no state of this metric. */
  readonly manifestUri: string | null
}

/** The states of all metrics on both sides of the tidemark. */
export interface States {
  /**
   * Begins a load. @param token calls with the same one begin it once (within 8 hours) @returns its id
   */
  startLoad(load: StatesLoad, token: string): Promise<string>
  /** @throws TransactionFailed where it was rolled back, as it is where the slot is not being loaded with the dataset */
  isLoaded(loadId: string): Promise<boolean>
  rowsLoaded(metric: MetricData, slot: Slot, datasetId: string): Promise<number>
  /** How often the metric's answer would have a hole; 0: it is served whole. */
  gaps(metric: MetricData): Promise<number>
  /**
   * Compares a loaded dataset with what was served up to its tidemark, bucket by bucket, all of one snapshot.
   * @param served the live dataset, and those marks
   */
  compare(metric: MetricData, slot: Slot, datasetId: string, served: Pin): Promise<Comparison>
  /** Cells and what stood behind them, of one snapshot, and how many cells `top` left out. */
  read(
    question: StatesQuestion,
  ): Promise<{ readonly snapshot: Snapshot; readonly cells: readonly AnsweredCell[]; readonly leftOut: number }>
  /** Two metrics' cells side by side, of one snapshot; its `gaps` are both's. Neither answers lists. */
  readBoth(
    left: MetricData,
    right: MetricData,
    asked: Asked,
  ): Promise<{ readonly snapshot: Snapshot; readonly cells: readonly PairCell[] }>
  /** One entity, of one snapshot. */
  readEntity(question: EntityQuestion): Promise<EntityAnswer>
  /** Several metrics, each over a range of its own, of one snapshot. At least one, at most 38. */
  readWholes(questions: readonly WholeQuestion[]): Promise<WholesAnswer>
  /** Events that sessions keep, of one snapshot. */
  readKept(question: KeptQuestion): Promise<KeptAnswer>
}
