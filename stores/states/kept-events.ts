import type { KeptEvent } from '../../core/folded.ts'
import type { MetricData } from '../../core/model.ts'
import type { DimensionCondition } from '../../sql/cells.ts'
import type { Pin } from '../../sql/states.ts'
import type { Snapshot } from './states.ts'

/** Which of the events that sessions keep are asked for. */
export interface KeptQuestion {
  /** What keeps them, all by one key. At least one. */
  readonly keepers: readonly MetricData[]
  /** null: every key's. */
  readonly key: DimensionCondition['value'] | null
  /** Epoch ms, half-open, on the starts of hours: of event time; null: unbounded. */
  readonly from: number | null
  readonly to: number | null
  /** null: what is served now. */
  readonly pin: Pin | null
  /** How many at most of each keeper. */
  readonly limit: number
}

/** All of one snapshot, whose `gaps` are those of all that was read. In no order. */
export interface KeptAnswer {
  readonly snapshot: Snapshot
  readonly events: readonly KeptEvent[]
  /** Whether a keeper has more than `limit`. */
  readonly isCut: boolean
}
