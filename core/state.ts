import type { Contribution, MergeOp } from './contribution.ts'
import { merge } from './merge.ts'

/** The states of one bucket and one combination of dimensions: a component's op and value. */
export interface Cell {
  readonly metric: string
  /** Epoch ms UTC: a bucket's start, or a slice's in a window. */
  readonly bucket: number
  readonly dims: readonly (string | null)[]
  readonly components: Map<string, Merged>
}

interface Merged {
  readonly op: MergeOp
  readonly value: number
  /** What a version of an entity, or an event that is kept, says. */
  readonly body?: string
}

export const registerComponent = (index: number): string => `r${index}`
/** The inverse, of a component that `isRegister`. */
export const registerIndex = (component: string): number => Number(component.slice(1))

/** A text that is equal exactly where the dimensions are: each is prefixed by its length, and null is no text. */
export const dimsKey = (dims: readonly (string | null)[]): string =>
  dims.map((dim) => (dim === null ? '-' : `${dim.length}:${dim}`)).join('')

/**
 * Folds contributions into cells, in the order in which cells first appear. Where a sum would leave the safe
 * integers, another cell for the same place is begun, since the warehouse adds them up all the same.
 */
export const fold = (contributions: Iterable<Contribution>): Cell[] => {
  const cells: Cell[] = []
  const open = new Map<string, Cell>()
  for (const { metric, bucket, dims, component, op, value, body, latest } of contributions) {
    const key = `${metric}/${bucket}/${dimsKey(dims)}`
    let cell = open.get(key)
    const known = cell?.components.get(component)
    const overflows = known !== undefined && op === 'sum' && !Number.isSafeInteger(known.value + value)
    if (cell === undefined || overflows) {
      cell = { metric, bucket, dims, components: new Map() }
      cells.push(cell)
      open.set(key, cell)
    }
    const said = body === undefined ? {} : { body }
    if (latest === true) keepLatest(cell, component, { op, value, ...said })
    else
      cell.components.set(component, {
        op,
        value: known === undefined || overflows ? value : merge(op, known.value, value),
        ...said,
      })
  }
  return cells
}

/** Of an entity's versions a cell holds the greatest alone: no answer looks at another. */
const keepLatest = ({ components }: Cell, component: string, version: Merged): void => {
  const [held] = components.keys()
  if (held !== undefined && held >= component) return
  components.clear()
  components.set(component, version)
}
