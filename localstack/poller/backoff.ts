/** Bounds of the wait between attempts. */
export interface Backoff {
  readonly firstMs: number
  readonly longestMs: number
}

/**
 * The wait before attempt number `failures + 1`: doubling from `firstMs`, at most `longestMs`, of which the upper half is random
 * so that shards that failed together don't retry together.
 * @param random a number in [0, 1)
 */
export const backoffMs = (failures: number, { firstMs, longestMs }: Backoff, random: () => number): number => {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(failures - 1, 40))
  return full / 2 + (full / 2) * random()
}
