import type { Contribution, MergeOp } from './contribution.ts'
import { type Components, mergeComponent } from './merge.ts'
import { type LiveMetric, slicesPerChunk } from './window.ts'

/** The state of one slice and one set of dimensions. */
export interface WindowCell {
  /** The slice's place in its chunk, 0 to 59. */
  readonly offset: number
  readonly dims: readonly (string | null)[]
  readonly components: Components
}

/** One metric's states of 60 slices. */
export interface WindowChunk {
  /** Part of the chunk was lost in the store (evicted, expired) and it was begun anew. */
  readonly partial: boolean
  readonly cells: Map<string, WindowCell>
}

type StoredCell = readonly [offset: number, dims: readonly (string | null)[], components: Components]

/** Sets apart the cells of one place, where one could not hold the sum. */
const overflowSuffix = '+'

const cellKey = (offset: number, dims: readonly (string | null)[]): string => JSON.stringify([offset, dims])

export const emptyChunk = (partial: boolean): WindowChunk => ({ partial, cells: new Map() })

export const encodeChunk = ({ partial, cells }: WindowChunk): string => {
  const stored: StoredCell[] = Array.from(cells.values(), ({ offset, dims, components }) => [offset, dims, components])
  return JSON.stringify({ partial, cells: stored })
}

/** The inverse of `encodeChunk`. @throws where the text is no chunk. */
export const decodeChunk = (text: string): WindowChunk => {
  const { partial, cells } = JSON.parse(text) as { partial: boolean; cells: readonly StoredCell[] }
  const chunk = emptyChunk(partial)
  for (const [offset, dims, components] of cells) {
    let key = cellKey(offset, dims)
    while (chunk.cells.has(key)) key += overflowSuffix
    chunk.cells.set(key, { offset, dims, components })
  }
  return chunk
}

/**
 * Merges a contribution into the chunk that its slice lies in, in place. Where a sum would leave the safe integers,
 * another cell for the same place is begun: readers add them up all the same.
 * @throws where the slice lies in another chunk.
 */
export const mergeIntoChunk = (
  chunk: WindowChunk,
  start: number,
  metric: Pick<LiveMetric, 'sliceMs'>,
  contribution: Contribution,
): void => {
  const { bucket, dims, component, op, value } = contribution
  const offset = (bucket - start) / metric.sliceMs
  if (!Number.isInteger(offset) || offset < 0 || offset >= slicesPerChunk)
    throw new Error(`Slice ${bucket} of ${contribution.metric} does not lie in the chunk from ${start}.`)
  let key = cellKey(offset, dims)
  while (overflows(chunk.cells.get(key)?.components[component], op, value)) key += overflowSuffix
  const cell: WindowCell = chunk.cells.get(key) ?? { offset, dims, components: {} }
  mergeComponent(cell.components, component, op, value)
  chunk.cells.set(key, cell)
}

const overflows = (held: number | undefined, op: MergeOp, value: number): boolean =>
  held !== undefined && op === 'sum' && !Number.isSafeInteger(held + value)
