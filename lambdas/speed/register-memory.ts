import { registerCount } from '../../core/hyperloglog.ts'
import { isRegister } from '../../core/merge.ts'
import { dimsKey, registerIndex } from '../../core/state.ts'
import type { CountedCell } from '../../stores/ledger/speed-ledger.ts'

/** Kept for one shard: some thousand cells, however full; past this the longest unused are forgotten, and written again when they rise. */
const defaultMaxBytes = 16 * 2 ** 20

/**
 * What a shard's committed micro-batches have already raised. A register that does not rise is left out of the next
 * micro-batch: it stands in an earlier speed row or, below the mark, in the batch. Nothing moves before its commit.
 */
export class RegisterMemory {
  readonly #maxBytes: number
  readonly #cells = new Map<string, KnownRegisters>()
  #bytes = 0

  constructor(maxBytes = defaultMaxBytes) {
    this.#maxBytes = maxBytes
  }

  /** The cells less the registers that don't rise. Other components always stay. */
  unwritten(cells: readonly CountedCell[]): CountedCell[] {
    return cells.map((cell) => {
      const known = this.#cells.get(keyOf(cell))
      if (known === undefined) return cell
      const isHeld = (component: string, value: number): boolean =>
        isRegister(component) && known.rank(registerIndex(component)) >= value
      const components = [...cell.components].filter(([component, { value }]) => !isHeld(component, value))
      return { ...cell, components: new Map(components) }
    })
  }

  /** To be called once the cells are committed. */
  remember(cells: readonly CountedCell[]): void {
    for (const cell of cells) this.#rememberCell(cell)
    for (const [key, { bytes }] of this.#cells) {
      if (this.#bytes <= this.#maxBytes) break
      this.#cells.delete(key)
      this.#bytes -= bytes
    }
  }

  #rememberCell(cell: CountedCell): void {
    const raised = [...cell.components].filter(([component]) => isRegister(component))
    if (raised.length === 0) return
    const key = keyOf(cell)
    const known = this.#cells.get(key) ?? new KnownRegisters()
    this.#bytes -= this.#cells.delete(key) ? known.bytes : 0
    for (const [component, { value }] of raised) known.raise(registerIndex(component), value)
    this.#cells.set(key, known)
    this.#bytes += known.bytes
  }
}

/** Up to here a map takes no more than a byte for each register does. */
const fewRegisters = 256
/** What an entry of a map takes at most. */
const entryBytes = registerCount / fewRegisters

/** One cell's ranks: those that it has while they are few, then all of them in a byte each. */
class KnownRegisters {
  #few: Map<number, number> | null = new Map()
  #all: Uint8Array | null = null

  get bytes(): number {
    return this.#few === null ? registerCount : this.#few.size * entryBytes
  }

  /** 0: never raised. */
  rank(index: number): number {
    return this.#few?.get(index) ?? this.#all?.[index] ?? 0
  }

  /** A rank that a byte does not hold (there is none) would be taken for a lower one, and written again. */
  raise(index: number, rank: number): void {
    const highest = Math.min(255, Math.max(rank, this.rank(index)))
    if (this.#all !== null) this.#all[index] = highest
    else this.#few?.set(index, highest)
    if (this.#few === null || this.#few.size <= fewRegisters) return
    this.#all = new Uint8Array(registerCount)
    for (const [place, known] of this.#few) this.#all[place] = known
    this.#few = null
  }
}

const keyOf = ({ metric, version, bucket, dims }: CountedCell): string =>
  `${metric}/${version}/${bucket}/${dimsKey(dims)}`
