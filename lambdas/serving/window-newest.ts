import type { ShardWindow } from '../../stores/window/window.ts'

const latest = (instants: readonly (number | null)[]): number | null =>
  instants.reduce(
    (newest, instant) => (newest === null || (instant !== null && instant > newest) ? instant : newest),
    null,
  )

/** The newest event time of all shards, epoch ms; null: no event was seen. */
export const newestOf = (shards: readonly ShardWindow[]): number | null =>
  latest(shards.map(({ position }) => position?.newestEventTime ?? null))

/** The furthest horizon, epoch ms; that of a position without one is no later than its newest event. null: no event was seen. */
export const horizonOf = (shards: readonly ShardWindow[]): number | null =>
  latest(shards.map(({ position }) => position?.horizon ?? position?.newestEventTime ?? null))
