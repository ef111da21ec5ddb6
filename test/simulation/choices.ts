/**
 * Where every decision of a schedule comes from: drawn by a seed, or read again from a list. 0 is always the plainest
 * choice (no fault, the first in line), so that a list is shrunk by making it shorter and its numbers 0.
 */
export class Choices {
  /** All decisions so far. */
  readonly taken: number[] = []
  readonly #next: () => number

  private constructor(next: () => number) {
    this.#next = next
  }

  static seeded(seed: number): Choices {
    return new Choices(generator(seed))
  }

  /** What the list does not hold any more is 0. */
  static replayed(list: readonly number[]): Choices {
    let at = 0
    return new Choices(() => list[at++] ?? 0)
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    const choice = this.#next() % bound
    this.taken.push(choice)
    return choice
  }

  /** True in so many of a hundred cases. */
  chance(percent: number): boolean {
    return percent > 0 && this.below(100) >= 100 - percent
  }

  /** @throws where there is nothing to pick from */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[items.length === 1 ? 0 : this.below(items.length)]
    if (item === undefined) throw new Error('There is nothing to pick from.')
    return item
  }
}

/** Whole numbers in [0, 2^32), the same for the same seed (sfc32, its state filled by splitmix32). */
const generator = (seed: number): (() => number) => {
  let fill = seed | 0
  const mixed = (): number => {
    fill = (fill + 0x9e3779b9) | 0
    let t = fill ^ (fill >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    return t ^ (t >>> 15)
  }
  let [a, b, c, counter] = [mixed(), mixed(), mixed(), 1]
  return () => {
    const t = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + t
    return t >>> 0
  }
}
