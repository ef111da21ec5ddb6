import { duplicatesWindowMs } from './functions.ts'
import { type Accepted, withoutRetries } from './oracle.ts'
import type { World } from './world.ts'

/** Told by hand: which of the accepted records the speed side keeps, each counted by the exclusions of its stretch. */
export class Kept {
  readonly #world: World
  #of: readonly unknown[] = []
  #kept: ReadonlySet<Accepted> = new Set()

  constructor(world: World) {
    this.#world = world
  }

  /** Without producers' retries; an event left out is nobody's twin. Told anew where anything that it rests on is another. */
  get certainly(): ReadonlySet<Accepted> {
    const { accepted, warehouse } = this.#world
    const { exclusion, exclusionEdge } = warehouse.committed
    const of = [accepted.length, exclusion, exclusionEdge]
    if (of.some((one, place) => one !== this.#of[place]))
      this.#kept = this.#withoutRetries(accepted.filter((record) => !this.isLeftOut(record)))
    this.#of = of
    return this.#kept
  }

  /**
   * But one that the table leaves out by a newer revision than the window may still have been remembered by the latter,
   * and then its later twin is told as one.
   */
  get atMost(): ReadonlySet<Accepted> {
    const { accepted, exclusions } = this.#world
    return this.#withoutRetries(
      accepted.filter((record) => !this.isLeftOut(record) || exclusions.isInWindow(record) !== false),
    )
  }

  /**
   * Of each event of a line the first record alone, however far the others are apart from it. Where twins may not have
   * been told, one of a chain of them may count that should not, and the next then be told as its twin, and not count.
   */
  get firstsOfOneLine(): ReadonlySet<Accepted> {
    return this.#withoutRetries(this.#world.accepted, Number.POSITIVE_INFINITY)
  }

  /** Whether speed is to leave a record out, by the revision that its stretch of the shard is counted by. */
  isLeftOut(record: Accepted): boolean {
    const { exclusions } = this.#world
    return exclusions.areAny && exclusions.leavesOut(exclusions.revisionOf(record), record)
  }

  #withoutRetries(records: readonly Accepted[], windowMs = duplicatesWindowMs): ReadonlySet<Accepted> {
    return withoutRetries(records, this.#world.ancestorsOf, windowMs)
  }
}
