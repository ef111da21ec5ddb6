import type { LineUp } from '../../core/line-up.ts'
import type { Cell } from '../../core/state.ts'

/** How far one shard's speed table is. `revision` moves with every commit. */
export interface SpeedPosition {
  /** Padded; `streamStart` before the shard's first record. */
  readonly position: string
  readonly revision: number
  /** The models that the shard's rows are counted by. */
  readonly lineUp: LineUp
  /** Where micro-batches must end, since marks may stand there: padded, ascending, all above the position. */
  readonly cuts: readonly string[]
  /** The revision of the exclusions that the shard's rows are counted by; 0: none. */
  readonly exclusions: number
}

/** What one shard's row holds at most: 65 characters each, in a result's row of at most 64,000 bytes. */
export const maxCuts = 900

/** The position before a shard's first record. */
export const streamStart = '0'.repeat(64)

/**
 * The position with one cut more; itself where the cut stands already.
 * @throws where the shard has reached the cut, or can hold no more of them
 */
export const withCut = (shardId: string, known: SpeedPosition, cut: string): SpeedPosition => {
  if (known.cuts.includes(cut)) return known
  if (cut <= known.position)
    throw new Error(`${shardId} has reached ${known.position}; it can't be cut at ${cut} any more.`)
  if (known.cuts.length >= maxCuts)
    throw new Error(`${shardId} holds ${maxCuts} cuts already; its speed table must pass some before ${cut}.`)
  return { ...known, revision: known.revision + 1, cuts: [...known.cuts, cut].sort() }
}

/** The position once a micro-batch is committed. Cuts that it passed are gone. */
export const movedTo = (known: SpeedPosition, edge: string): SpeedPosition => ({
  ...known,
  position: edge,
  revision: known.revision + 1,
  cuts: known.cuts.filter((cut) => cut > edge),
})

/** A cell of one version of its metric: of a line-up's models two may count metrics of one name. */
export interface CountedCell extends Cell {
  readonly version: string
}

/** @param versions of what the cells' model counts; cells of anything else are left out */
export const countedCells = (cells: readonly Cell[], versions: ReadonlyMap<string, string>): CountedCell[] =>
  cells.flatMap((cell) => {
    const version = versions.get(cell.metric)
    return version === undefined ? [] : [{ ...cell, version }]
  })

/** What one invocation adds to one shard's speed rows. */
export interface MicroBatch {
  readonly shardId: string
  readonly cells: readonly CountedCell[]
  /** The last sequence number of the micro-batch, padded. */
  readonly edge: string
  /** Epoch ms. */
  readonly committedAt: number
}

/** A stretch of one shard's records, all above `from` and up to `to`, counted anew. */
export interface Replacement {
  readonly shardId: string
  /** Padded; '' from the shard's start. */
  readonly from: string
  readonly to: string
  /**
   * What the records add, each with the end of the part that it belongs to: every end of the stretch (`ends`) is one, so
   * that a mark can stand where it could before.
   */
  readonly parts: readonly ReplacedPart[]
  /** The revision of the exclusions that the parts are counted by: see `revisionBelow`. */
  readonly exclusions: number
  /** The shard's rows were pruned up to `to`, and are there again above `from`. */
  readonly restores: boolean
}

export interface ReplacedPart {
  readonly edge: string
  readonly cells: readonly CountedCell[]
}

/** The speed side's part of the ledger: one shard's position, and the micro-batches that move it. */
export interface SpeedLedger {
  /**
   * The shard's position, made where there is none, by the exclusions then in force. Where the ledger's line-up is
   * another than the shard's, the shard takes it here, and what it then begins to count is noted with this edge.
   * @throws where no model was ever deployed
   */
  position(shardId: string): Promise<SpeedPosition>
  /**
   * Commits a micro-batch: its rows, its edge, and the position, all or nothing.
   * @throws TransactionFailed where the position had moved, or the warehouse refused it; TransactionUnknown where it
   * may have been committed
   */
  commit(known: SpeedPosition, batch: MicroBatch): Promise<SpeedPosition>
  /**
   * Makes the shard's micro-batches end at a sequence number that they have not reached, so that a mark can stand there.
   * A cut that stands already is no change.
   * @throws TransactionFailed where the position had moved; an Error where the cut is not above it, or one too many
   */
  addCut(shardId: string, known: SpeedPosition, cut: string): Promise<SpeedPosition>
  /**
   * Makes the shard's records above its position count under a revision of the exclusions, and notes that stretch.
   * @throws TransactionFailed where the position had moved
   */
  exclude(shardId: string, known: SpeedPosition, revision: number): Promise<SpeedPosition>
  /**
   * Where speed rows may be split: the committed edges and the registered marks above `from` and up to `to`, ascending.
   */
  ends(shardId: string, from: string, to: string): Promise<string[]>
  /**
   * Replaces a stretch's rows, whatever they are, all or nothing; they are counted under the exclusions of `known`. Its edges stay. The position row's revision moves, so
   * that writers read it again and forget what they remember.
   * @throws TransactionFailed where the position had moved, or other rows are pruned than those that are restored;
   * TransactionUnknown where it may have been committed; an Error where the stretch is not below the position
   */
  replace(known: SpeedPosition, replacement: Replacement): Promise<SpeedPosition>
}

/** @throws where the stretch is not below the position: its records are a micro-batch's to count */
export const checkReplaceable = ({ position }: SpeedPosition, { shardId, from, to }: Replacement): void => {
  if (from >= to || to > position)
    throw new Error(`${shardId} has reached ${position}; what is above ${from} and up to ${to} can't be replaced.`)
}
