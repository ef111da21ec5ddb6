import { isRegister } from '../../core/merge.ts'
import { dimsKey } from '../../core/state.ts'
import type { CountedCell } from '../../stores/ledger/speed-ledger.ts'

/** Registers kept for one shard; past this the longest unused cells are forgotten, and written again when they rise. */
const maxRegisters = 500_000

/**
 * What a shard's committed micro-batches have already raised. A register that does not rise is left out of the next
 * micro-batch: it stands in an earlier speed row or, below the mark, in the batch. Nothing moves before its commit.
 */
export class RegisterMemory {
  readonly #cells = new Map<string, Map<string, number>>()
  #registers = 0

  /** The cells less the registers that don't rise. Other components always stay. */
  unwritten(cells: readonly CountedCell[]): CountedCell[] {
    return cells.map((cell) => {
      const known = this.#cells.get(keyOf(cell))
      if (known === undefined) return cell
      const components = [...cell.components].filter(([component, { value }]) => !isHeld(known, component, value))
      return { ...cell, components: new Map(components) }
    })
  }

  /** To be called once the cells are committed. */
  remember(cells: readonly CountedCell[]): void {
    for (const cell of cells) this.#rememberCell(cell)
    for (const [key, registers] of this.#cells) {
      if (this.#registers <= maxRegisters) break
      this.#cells.delete(key)
      this.#registers -= registers.size
    }
  }

  #rememberCell(cell: CountedCell): void {
    const raised = [...cell.components].filter(([component]) => isRegister(component))
    if (raised.length === 0) return
    const key = keyOf(cell)
    const known = this.#cells.get(key) ?? new Map<string, number>()
    const before = known.size
    for (const [component, { value }] of raised) known.set(component, Math.max(value, known.get(component) ?? 0))
    this.#registers += known.size - before
    this.#cells.delete(key)
    this.#cells.set(key, known)
  }
}

const isHeld = (known: ReadonlyMap<string, number>, component: string, value: number): boolean =>
  isRegister(component) && (known.get(component) ?? 0) >= value

const keyOf = ({ metric, version, bucket, dims }: CountedCell): string =>
  `${metric}/${version}/${bucket}/${dimsKey(dims)}`
