import type { DescribedProblem } from './problem-answer.ts'

/** One execution of the recompute state machine: each step is given it, and answers it. */
export interface Run {
  readonly datasetId: string
  readonly executionName: string
  readonly next: 'recompute' | 'load' | 'nothing' | 'busy' | 'promote' | 'hold'
  /** Whether the dataset is to be served once it is loaded. */
  readonly promote: boolean
  /** The dataset was built before, and is being brought back. */
  readonly rollback: boolean
  /** Why nothing was begun, where `next` is `busy`. */
  readonly problem?: DescribedProblem
  readonly jobRunId?: string
  readonly jobDone?: boolean
  readonly statementIds?: readonly string[]
  readonly loadDone?: boolean
  /** The largest part of a metric's rows that differ from what was served. */
  readonly drift?: number
  /** The shards whose speed table had not reached the mark at the seal: what that explains holds nothing back. */
  readonly behind?: readonly string[]
  /** A sentence for each metric that differs by more than it may. */
  readonly beyond?: readonly string[]
}

export interface SealRequest {
  readonly executionName: string
  /** ISO 8601. */
  readonly startedAt: string
  readonly full: boolean
  readonly promote: boolean
  readonly reloadDatasetId: string | null
}
