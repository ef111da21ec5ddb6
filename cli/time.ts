import { usageError } from './exit.ts'

/** Half-open, epoch ms UTC. */
export interface Interval {
  readonly from: number
  readonly to: number
}

const dayMs = 86_400_000
const spanUnits: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs }

/** `90s`, `5m`, `24h`, `7d`, `2w` in ms. @throws a usage error */
export const parseSpan = (text: string): number => {
  const match = /^([1-9]\d{0,6})([smhdw])$/.exec(text)
  const unitMs = spanUnits[match?.[2] ?? '']
  if (match === null || unitMs === undefined)
    throw usageError(`${text} is no length of time. Write a whole number and a unit: 90s, 5m, 24h, 7d, 2w.`)
  return Number(match[1]) * unitMs
}

const isoForm = /^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/

/**
 * An instant, epoch ms: ISO 8601 (a year, month, day or time; UTC unless it says otherwise), or `now`, `today`,
 * `yesterday`, `tomorrow` (the start of that day, UTC). @throws a usage error
 */
export const parseInstant = (text: string, now: number): number => {
  const today = Math.floor(now / dayMs) * dayMs
  const words: Record<string, number> = { now, today, yesterday: today - dayMs, tomorrow: today + dayMs }
  const named = words[text]
  if (named !== undefined) return named
  const hasTime = text.includes('T')
  const hasZone = /(Z|[+-]\d{2}:\d{2})$/.test(text) && hasTime
  const instant = isoForm.test(text) ? Date.parse(hasTime && !hasZone ? `${text}Z` : text) : Number.NaN
  if (Number.isNaN(instant) || !sameDay(text, hasTime))
    throw usageError(
      `${text} is no time. Write ISO 8601 (2013-07-01, 2013-07-01T10:15:00Z), now, today, yesterday or tomorrow.`,
    )
  return instant
}

/** JavaScript reads 30 February as 2 March; nobody means that. */
const sameDay = (text: string, hasTime: boolean): boolean => {
  const day = hasTime ? text.slice(0, 10) : text
  return new Date(`${day}${day.length === 10 ? 'T00:00:00Z' : ''}`).toISOString().startsWith(day)
}

/** `2013-07-01T10:15:00Z`, with milliseconds only where there are any. */
export const iso = (instant: number): string => new Date(instant).toISOString().replace('.000Z', 'Z')

/** `[2013-07-01T00:00:00Z, 2013-07-02T00:00:00Z)` */
export const intervalText = ({ from, to }: Interval): string => `[${iso(from)}, ${iso(to)})`

/** As the API takes it; undefined: now. */
export const asOfText = (asOf: string | undefined, now: number): string | undefined =>
  asOf === undefined || asOf === 'now' ? undefined : iso(parseInstant(asOf, now))
