import type { AnsweredValue } from './answer.ts'

/** The greatest, and how many there were besides. */
export interface Topped<Row> {
  readonly rows: readonly Row[]
  readonly leftOut: number
}

/**
 * The `top` rows of the greatest values, greatest first; of equal ones those that come first, and those without a value
 * last. Values are of one measure, so their texts have the same decimals.
 */
export const topOf = <Row extends { readonly value: AnsweredValue }>(
  rows: readonly Row[],
  top: number,
): Topped<Row> => {
  const ordered = rows
    .map((row) => ({ row, key: typeof row.value === 'object' ? null : BigInt(String(row.value).replace('.', '')) }))
    .sort(({ key: a }, { key: b }) => (a === b ? 0 : a === null ? 1 : b === null ? -1 : a > b ? -1 : 1))
  return { rows: ordered.slice(0, top).map(({ row }) => row), leftOut: Math.max(0, rows.length - top) }
}
