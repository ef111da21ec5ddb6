/** Choices that a seed decides: the same seed, the same choices. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number
  chance(probability: number): boolean
  pick<T>(values: readonly T[]): T
}

/** Mulberry32 (Tommy Ettinger): 32 bits of state, which is plenty for choosing inputs. */
export const randomOf = (seed: number): Random => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const below = (limit: number): number => next() % limit
  return {
    below,
    chance: (probability) => next() / 2 ** 32 < probability,
    pick: (values) => {
      const value = values[below(values.length)]
      if (value === undefined && values.length === 0) throw new Error('There is nothing to pick from.')
      return value as (typeof values)[number]
    },
  }
}
