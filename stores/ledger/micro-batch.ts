import type { Cell } from '../../core/state.ts'
import type { Warehouse } from '../warehouse/warehouse.ts'

export interface MicroBatch {
  readonly shardId: string
  readonly cells: readonly Cell[]
  /** The last sequence number of the micro-batch, padded. */
  readonly edge: string
  readonly modelVersion: string
  readonly versions: ReadonlyMap<string, string>
  readonly committedAt: number
}

/** Puts rows where COPY finds them. @returns the object's s3:// URI */
export type StageRows = (
  shardId: string,
  edge: string,
  rows: readonly Readonly<Record<string, unknown>>[],
) => Promise<string>

export interface SpeedLedgerOptions {
  readonly warehouse: Warehouse
  readonly stageRows: StageRows
  readonly copyRoleArn: string
}
