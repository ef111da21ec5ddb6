import type { MetricData } from '../../core/model.ts'
import type { DimensionCondition } from '../../sql/cells.ts'
import type { AnsweredCell, Snapshot, StatesQuestion } from './states.ts'

/** A metric over one range as a whole, where some dimensions hold values. */
export interface WholeQuestion {
  readonly metric: MetricData
  readonly where: readonly DimensionCondition[]
  /** Epoch ms, half-open, on the metric's own buckets' starts; null: unbounded. */
  readonly from: number | null
  readonly to: number | null
}

/** null: nothing was counted. */
export type WholeValue = Pick<AnsweredCell, 'value' | 'exact'> | null

/** All of one snapshot, whose `gaps` are those of all that was asked. */
export interface WholesAnswer {
  readonly snapshot: Snapshot
  /** By the questions. */
  readonly values: readonly WholeValue[]
}

/** The same as a question for cells. */
export const asStatesQuestion = (question: WholeQuestion): StatesQuestion => ({
  ...question,
  per: null,
  by: [],
  layer: null,
  pin: null,
  limit: 1,
  offset: 0,
})
