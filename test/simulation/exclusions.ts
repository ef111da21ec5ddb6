import type { Committed } from '../../stores/warehouse/memory-tables.ts'
import type { Choices } from './choices.ts'
import type { Accepted } from './oracle.ts'
import { type Sale, shopOf } from './sale.ts'

/** What an operator asks to leave out: as the request says it, and as the operator means it. */
export interface Wish {
  readonly exclusion: {
    readonly eventType: 'sale'
    readonly from: number | null
    readonly to: number | null
    readonly fields: Readonly<Record<string, string>>
    readonly eventIds: readonly string[] | null
  }
  readonly isMeant: (sale: Sale) => boolean
}

const plain = { eventType: 'sale', from: null, to: null, fields: {}, eventIds: null } as const

const halfHourMs = 1_800_000

/** Sales of a shop, by express or not, of some ids, or of a span of time. @param sales one at least */
export const newWish = (choices: Choices, sales: readonly Sale[]): Wish => {
  const { id, at, shop, express } = choices.pick(sales)
  const wishes: readonly Wish[] = [
    { exclusion: { ...plain, eventIds: [id] }, isMeant: (sale) => sale.id === id },
    {
      exclusion: { ...plain, from: at, to: at + halfHourMs },
      isMeant: (sale) => sale.at >= at && sale.at < at + halfHourMs,
    },
    {
      exclusion: { ...plain, to: at, fields: { express: String(express) } },
      isMeant: (sale) => sale.at < at && sale.express === express,
    },
  ]
  const byShop: Wish = {
    exclusion: { ...plain, fields: { shop: shop ?? '' } },
    isMeant: (sale) => shopOf(sale) === shopOf({ shop }),
  }
  return choices.pick(shop === null ? wishes : [...wishes, byShop])
}

/** The window's function asks for the newest revision at most this often. */
const windowLagMs = 5000

interface Promised {
  readonly revision: number
  /** Shard to its position then: what came above it is counted by the revision, or a later one. */
  readonly positions: ReadonlyMap<string, string>
  readonly madeAt: number
}

/** What is left out, told from the operators' wishes and the revisions that the ledger gave them. */
export class Exclusions {
  readonly #wishes = new Map<string, Wish['isMeant']>()
  readonly #promises: Promised[] = []
  readonly #committed: () => Committed

  constructor(committed: () => Committed) {
    this.#committed = committed
  }

  wish(requestId: string, { isMeant }: Wish): void {
    this.#wishes.set(requestId, isMeant)
  }

  /** An operator was told that a revision is in force. */
  promise(revision: number, now: number): void {
    const positions = new Map(this.#committed().speedPosition.map(({ shardId, position }) => [shardId, position]))
    this.#promises.push({ revision, positions, madeAt: now })
  }

  /** The newest revision that was registered; 0: none. */
  get newest(): number {
    return Math.max(0, ...this.#committed().exclusion.map(({ id, undone }) => Math.max(id, undone?.revision ?? 0)))
  }

  /** Whether a revision leaves a record out. */
  leavesOut(revision: number, { sent }: Accepted): boolean {
    if (revision === 0 || sent.kind !== 'sale') return false
    return this.#committed().exclusion.some(
      ({ id, undone, requestId }) =>
        id <= revision &&
        (undone === null || undone.revision > revision) &&
        this.#wishes.get(requestId)?.(sent) === true,
    )
  }

  /** The revision that speed is to count a record by, as the shard's stretches say. */
  revisionOf({ shardId, sequenceNumber }: Accepted): number {
    let newest = { above: '', revision: 0 }
    for (const stretch of this.#committed().exclusionEdge)
      if (stretch.shardId === shardId && stretch.above < sequenceNumber && stretch.above >= newest.above)
        newest = stretch
    return newest.revision
  }

  /** The revision that an operator was promised for a record; 0: none. */
  promisedTo({ shardId, sequenceNumber }: Accepted): number {
    const kept = this.#promises.filter(({ positions }) => sequenceNumber > (positions.get(shardId) ?? ''))
    return Math.max(0, ...kept.map(({ revision }) => revision))
  }

  /** Whether a window may hold a record; null: that depends on when its function last asked for the revision. */
  isInWindow(record: Accepted): boolean | null {
    if (!this.areAny) return true
    const since = this.#promises.filter(({ madeAt }) => madeAt + windowLagMs <= record.arrivalTime)
    const oldest = Math.max(0, ...since.map(({ revision }) => revision))
    const first = this.leavesOut(oldest, record)
    for (let revision = oldest + 1; revision <= this.newest; revision++)
      if (this.leavesOut(revision, record) !== first) return null
    return !first
  }

  get areAny(): boolean {
    return this.#committed().exclusion.length > 0
  }
}
