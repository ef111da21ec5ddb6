/** A seeded generator of numbers in [0, 1): mulberry32, by Tommy Ettinger (public domain). */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export interface Lateness {
  /** The part of the events that is late, 0 to 1. */
  readonly share: number
  /** How late they are at most, ms of event time. */
  readonly atMostMs: number
}

/**
 * The events in the order in which they would arrive if a share of them came late, each by an even chance of up to
 * `atMostMs`. The same seed gives the same order.
 */
export const shuffledLate = <E extends { readonly at: string }>(
  events: readonly E[],
  lateness: Lateness,
  random: () => number,
): E[] =>
  events
    .map((event) => ({
      event,
      arrives: Date.parse(event.at) + (random() < lateness.share ? Math.ceil(random() * lateness.atMostMs) : 0),
    }))
    .sort((a, b) => a.arrives - b.arrives)
    .map(({ event }) => event)
