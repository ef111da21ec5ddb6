/** A length of time: `90s`, `5m`, `1h`, `7d`. */
export type Span = `${number}${'s' | 'm' | 'h' | 'd'}`

const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The span in ms; null where the text is no positive whole number of a unit. */
export const spanMs = (text: string): number | null => {
  const match = /^([1-9]\d{0,8})([smhd])$/.exec(text)
  return match === null ? null : Number(match[1]) * (unitMs[match[2] ?? ''] ?? Number.NaN)
}

/** Ms as a span in the largest unit that divides them; `spanMs` reads it back. */
export const spanText = (ms: number): string => {
  const [unit = 's', size = 1000] = Object.entries(unitMs).findLast(([, unitSize]) => ms % unitSize === 0) ?? []
  return `${ms / size}${unit}`
}
