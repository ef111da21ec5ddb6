/**
 * An integer scaled by 10^scale as it is answered: a number for whole quantities within 2^53, else exact decimal text.
 */
export const answeredQuantity = (scaled: bigint, scale: number): number | string => {
  if (scale === 0) return Number.isSafeInteger(Number(scaled)) ? Number(scaled) : scaled.toString()
  const sign = scaled < 0n ? '-' : ''
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(scale + 1, '0')
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

/** A part of one, as percents of three digits. */
export const percentText = (share: number): string => `${Number((share * 100).toPrecision(3))}%`
