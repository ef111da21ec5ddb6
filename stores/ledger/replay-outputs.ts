import type { LineUp } from '../../core/line-up.ts'
import type { ReplacedPart, SpeedPosition } from './speed-ledger.ts'

/** One shard's part of a replay that is written beside the speed rows that are served. */
export interface OutputShard {
  /** Never given twice. */
  readonly outputId: string
  readonly name: string
  readonly shardId: string
  /** The records above this ('' from the shard's start) and up to `to`, padded. */
  readonly from: string
  readonly to: string
  /** The rows above this are written; whole once it is `from`. */
  readonly reached: string
  /** What they are counted by. */
  readonly lineUp: LineUp
  readonly exclusions: number
  /** Epoch ms. */
  readonly begunAt: number
}

/** How one bucket's speed rows that are served differ from an output's. */
export interface OutputDifference {
  readonly metric: string
  /** Epoch ms. */
  readonly bucket: number
  readonly rowsEqual: number
  readonly rowsChanged: number
  /** The output has them; they are not served. */
  readonly rowsMissing: number
  /** They are served; the output has none. */
  readonly rowsExtra: number
}

/** The outputs of replays, beside what is served. */
export interface ReplayOutputs {
  /** By name and shard. */
  all(): Promise<OutputShard[]>
  /** Registers an output, once: of two of one name the second changes nothing. */
  begin(shards: readonly OutputShard[]): Promise<void>
  /**
   * Adds the rows of the records above `from`, which the shard had not reached.
   * @throws TransactionFailed where the shard had got further meanwhile
   */
  add(
    shard: OutputShard,
    rows: {
      readonly from: string
      readonly parts: readonly ReplacedPart[]
    },
  ): Promise<void>
  /** Every bucket that either side has, by metric and bucket. */
  compare(shards: readonly OutputShard[]): Promise<OutputDifference[]>
  /**
   * Puts a shard's rows in place of those that are served, all or nothing, and ends its part of the output.
   * @param known to be read before the shard was @throws TransactionFailed where the position had moved, or the output is
   * no longer there as it was read
   */
  swap(known: SpeedPosition, shard: OutputShard): Promise<void>
  drop(outputId: string): Promise<void>
}
