import type { BucketOf } from './bucket.ts'
import { earliestMs, latestMs } from './definition/quantity.ts'

/**
 * A time zone as a table, so that no layer asks its own machine's time zone data. `scripts/build/zones.ts` makes it. It
 * ends with the year 2499: by then all rules repeat with the Gregorian calendar, every 400 years.
 */
export interface ZoneData {
  /** Its name in the tz database: Europe/Paris. */
  readonly name: string
  /** The release of the tz database that it was made of, such as 2025c. In no version: its table is. */
  readonly release: string
  /** How far local time is ahead of UTC before the first transition, s. */
  readonly first: number
  /** From each instant (epoch s) on, how far it is ahead, s; ascending. */
  readonly transitions: readonly (readonly [at: number, offset: number])[]
}

/** By name. */
export type ZoneTables = Readonly<Record<string, ZoneData>>

/** 400 Gregorian years: 20,871 whole weeks. */
export const cycleMs = 146_097 * 86_400_000
/** From here on, what holds is what held a whole number of cycles before. */
export const tableEndMs = Date.parse('2500-01-01T00:00:00Z')

/**
 * Local time as if it were UTC, epoch ms. Held to the years 1 to 9999, which is what stores take: an instant of their first
 * or last hours, whose local year is another, counts to the first or last day.
 */
export const localTimeIn = (zone: ZoneData): BucketOf => {
  const starts = Float64Array.from(zone.transitions, ([at]) => at * 1000)
  const offsets = Float64Array.from(zone.transitions, ([, offset]) => offset * 1000)
  const firstMs = zone.first * 1000
  return (time) => {
    const offset = offsets[lastAtOrBefore(starts, time - pastTable(time))] ?? firstMs
    return Math.min(Math.max(time + offset, earliestMs), latestMs)
  }
}

/** -1 where all start later. */
const lastAtOrBefore = (starts: Float64Array, time: number): number => {
  let [low, high] = [-1, starts.length - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] ?? 0) <= time) low = middle
    else high = middle - 1
  }
  return low
}

interface Stretch {
  readonly from: number
  readonly to: number
  readonly offset: number
}

/** The stretches of one offset within a span that begins in the table, epoch ms; the last offset goes on. */
export const stretchesIn = ({ first, transitions }: ZoneData, from: number, to: number): Stretch[] => {
  const all = [[Number.NEGATIVE_INFINITY, first], ...transitions] as const
  return all
    .map(([at, offset], place) => ({
      from: Math.max(from, at * 1000),
      to: Math.min(to, (all[place + 1]?.[0] ?? Number.POSITIVE_INFINITY) * 1000),
      offset: offset * 1000,
    }))
    .filter((stretch) => stretch.from < stretch.to)
}

/** How much later an instant past the table's end is than the one in the table that stands for it, ms. */
export const pastTable = (time: number): number =>
  time < tableEndMs ? 0 : (Math.floor((time - tableEndMs) / cycleMs) + 1) * cycleMs

/** The least and the greatest that local time is ahead of UTC, ms. */
export const offsetBounds = ({ first, transitions }: ZoneData): { readonly least: number; readonly most: number } => {
  const offsets = [first, ...transitions.map(([, offset]) => offset)]
  return { least: 1000 * Math.min(...offsets), most: 1000 * Math.max(...offsets) }
}
