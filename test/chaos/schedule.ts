import { type FaultKind, flowFaults } from './faults.ts'

export interface PlannedFault {
  readonly kind: FaultKind
  /** After its part of the story began, ms. */
  readonly atMs: number
}

const meanPauseMs = 15_000

/**
 * Draws the faults of one part of the story: each kind of `flowFaults` in random order, over again as often as the part has
 * time for, at uneven pauses. At least `least` of them.
 */
export const drawFaults = (partMs: number, least: number, random: () => number): PlannedFault[] => {
  const count = Math.max(least, Math.floor(partMs / meanPauseMs))
  const kinds: FaultKind[] = []
  while (kinds.length < count) kinds.push(...shuffled(flowFaults, random))
  const slotMs = partMs / count
  return kinds.slice(0, count).map((kind, slot) => ({ kind, atMs: Math.floor((slot + 0.8 * random()) * slotMs) }))
}

const shuffled = <T>(values: readonly T[], random: () => number): T[] => {
  const left = [...values]
  const drawn: T[] = []
  while (left.length > 0) drawn.push(...left.splice(Math.floor(random() * left.length), 1))
  return drawn
}
