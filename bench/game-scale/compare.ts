import type { Tally } from './tally.ts'

/** What one side answers, by the keys of `Tally`. */
export interface Answered {
  readonly players: ReadonlyMap<string, number>
  /** By day; left out where the side knows none exactly. */
  readonly playersInTotal?: ReadonlyMap<string, number>
  readonly matches: ReadonlyMap<string, number>
  readonly ads: ReadonlyMap<string, number>
}

/** HyperLogLog's, of 16,384 registers. */
const standardError = 1.04 / Math.sqrt(16_384)
const mostStandardErrors = 4
const mostRootMeanSquare = 1.2

/** One sentence for each figure that is not what was played; none: all are equal. */
export const exactDifferences = ({ players, playersInTotal, matches, ads }: Answered, tally: Tally): string[] => [
  ...differences('players', players, tally.players),
  ...(playersInTotal === undefined ? [] : differences('players in total', playersInTotal, totals(tally.players))),
  ...countDifferences({ matches, ads }, tally),
]

/** The same of what is counted one by one. */
export const countDifferences = ({ matches, ads }: Pick<Answered, 'matches' | 'ads'>, tally: Tally): string[] => [
  ...differences('matches', matches, tally.matches),
  ...differences('ads', ads, tally.ads),
]

export interface Deviation {
  /** Figures compared. */
  readonly figures: number
  /** In standard errors. */
  readonly largest: number
  readonly rootMeanSquare: number
  readonly differences: readonly string[]
}

/** How far estimates lie from what was played, and what is too far: any by 4 standard errors, or all by a root mean square of 1.2. */
export const deviation = (found: ReadonlyMap<string, number>, wanted: Tally['players']): Deviation => {
  const errors = Object.entries(wanted).map(
    ([key, count]) => Math.abs((found.get(key) ?? 0) - count) / (standardError * count),
  )
  const largest = Math.max(...errors)
  const rootMeanSquare = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length)
  const isNear = found.size === errors.length && largest <= mostStandardErrors && rootMeanSquare <= mostRootMeanSquare
  const told = `players: ${found.size} estimates of ${errors.length} figures, off by ${largest.toFixed(2)} standard errors at most, root mean square ${rootMeanSquare.toFixed(2)}`
  return { figures: errors.length, largest, rootMeanSquare, differences: isNear ? [] : [told] }
}

/** The same of one estimate. */
export const estimateDifferences = (what: string, found: number, wanted: number): string[] => {
  const error = Math.abs(found - wanted) / (standardError * wanted)
  return error <= mostStandardErrors
    ? []
    : [`${what}: ${found}, not ${wanted}: ${error.toFixed(2)} standard errors off`]
}

/** Countries' players differ, so that a day's add up. */
const totals = (players: Tally['players']): Record<string, number> => {
  const byDay: Record<string, number> = {}
  for (const [key, count] of Object.entries(players)) byDay[key.slice(0, 10)] = (byDay[key.slice(0, 10)] ?? 0) + count
  return byDay
}

const differences = (
  what: string,
  found: ReadonlyMap<string, number>,
  wanted: Readonly<Record<string, number>>,
): string[] =>
  [...new Set([...found.keys(), ...Object.keys(wanted)])]
    .filter((key) => found.get(key) !== wanted[key])
    .map((key) => `${what} of ${key}: ${found.get(key) ?? 'none'}, not ${wanted[key] ?? 'any'}`)
