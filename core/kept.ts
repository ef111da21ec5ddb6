import { type DimensionData, fieldOf } from './model.ts'
import type { Row } from './record.ts'

/** A dimension's value as text, as states are kept by it; null stays null, kept or not. */
export const dimensionReader = (dimension: DimensionData): ((row: Row) => string | null) => {
  const field = fieldOf(dimension)
  const { keep } = dimension
  if (keep === undefined) return (row) => textOf(row[field])
  const values = new Set(keep.values)
  return (row) => {
    const text = textOf(row[field])
    return text === null || values.has(text) ? text : keep.other
  }
}

export const textOf = (value: unknown): string | null =>
  value === null || value === undefined ? null : typeof value === 'string' ? keptText(value) : String(value)

/**
 * A text as it is kept, and as whatever is compared with it is read: lone surrogates are U+FFFD, which UTF-8 can't hold;
 * blanks (U+0020) at the end are cut, which Redshift's comparisons pass over and all other layers don't.
 */
export const keptText = (text: string): string => {
  // By hand: ` +$` tries anew at each blank, and a text may hold a million of them.
  let end = text.length
  while (text[end - 1] === ' ') end--
  return text.slice(0, end).toWellFormed()
}

/** Whether two dimensions hold the same values and call all others the same, so that their cells can stand side by side. */
export const keepsAlike = (a: Pick<DimensionData, 'keep'>, b: Pick<DimensionData, 'keep'>): boolean =>
  JSON.stringify(a.keep ?? null) === JSON.stringify(b.keep ?? null)

/** Whether the dimension can hold the text. */
export const canHold = ({ keep }: Pick<DimensionData, 'keep'>, text: string): boolean =>
  keep === undefined || text === keep.other || keep.values.includes(text)

/** More than these are not written out. */
const maxShown = 10

/** In quotes where it would be read as something else than one text. */
const shownText = (text: string): string =>
  /^[\p{L}\p{N}_./:-][\p{L}\p{N}_./: -]*$/u.test(text) ? text : JSON.stringify(text)

/** A dimension's name, and what it keeps: `country (DE, FR, and 3 more; all others: other)`. */
export const dimensionText = ({ name, keep }: Pick<DimensionData, 'name' | 'keep'>): string => {
  if (keep === undefined) return name
  const left = keep.values.length - maxShown
  const shown = [...keep.values.slice(0, maxShown).map(shownText), ...(left > 0 ? [`and ${left} more`] : [])]
  return `${name} (${shown.join(', ')}; all others: ${shownText(keep.other)})`
}
