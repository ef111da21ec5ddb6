import { maxDimensionBytes } from '../decode.ts'
import { keptText } from '../kept.ts'
import { type DimensionData, type FieldData, fieldOf, type KeepData } from '../model.ts'

/** A dimension's values that are counted by themselves, and what all others are counted as: 'other', if nothing is said. */
type KeptValues<T> = readonly [T, ...T[]] | { readonly values: readonly [T, ...T[]]; readonly other?: string }

/** Of each text dimension of `by`, the values that it keeps. */
export type Keep<R, By extends readonly unknown[]> = [By[number]] extends [never]
  ? never
  : {
      readonly [K in Extract<By[number], keyof R>]?: NonNullable<R[K]> extends string
        ? KeptValues<NonNullable<R[K]>>
        : never
    }

const usualOther = 'other'
/** They are listed in the model, which each function loads, and each is a row of every bucket. */
const maxKept = 1000

/**
 * A metric's dimensions with what each keeps.
 * @param at where the metric stands, for errors
 * @param fields those of its event, for an enumeration's members
 * @throws where `keep` names no dimension, or values that it can't hold
 */
export const withKept = (
  at: string,
  by: readonly DimensionData[],
  keep: Readonly<Record<string, unknown>>,
  fields: readonly FieldData[],
): DimensionData[] => {
  for (const name of Object.keys(keep))
    if (!by.some((dimension) => fieldOf(dimension) === name))
      throw new Error(
        `${at}: keep names ${name}, by which it is not split; it is by ${by.map(fieldOf).join(', ') || 'nothing'}.`,
      )
  return by.map((dimension) => {
    const name = fieldOf(dimension)
    const kept = keep[name]
    if (kept === undefined) return dimension
    const members = fields.find((field) => field.name === name)?.values ?? null
    return { ...dimension, keep: keptOf(`${at}, keep ${name}`, dimension, kept, members) }
  })
}

const keptOf = (at: string, { type }: DimensionData, kept: unknown, members: readonly string[] | null): KeepData => {
  if (type !== 'string')
    throw new Error(
      `${at}: it is of type ${type}, and what stands for all other values is a text; derive a text of it, and keep values of that.`,
    )
  const { values: named, other: rest } = partsOf(at, kept)
  for (const value of named) {
    refuseText(at, value)
    if (members !== null && !members.includes(value))
      throw new Error(`${at}: ${JSON.stringify(value)} is not one of ${members.join(', ')}.`)
  }
  refuseText(`${at}, other`, rest)
  const [values, other] = [named.map(keptText), keptText(rest)]
  if (values.length === 0) throw new Error(`${at}: it keeps no value; name at least one, or leave it out of by.`)
  if (values.length > maxKept)
    throw new Error(
      `${at}: ${values.length} values; there can be ${maxKept}. Keep the commonest, or all of them: leave the dimension out of keep.`,
    )
  for (const [place, value] of values.entries())
    if (values.indexOf(value) < place) throw new Error(`${at}: ${JSON.stringify(value)} stands there twice.`)
  if (values.includes(other))
    throw new Error(
      `${at}: ${JSON.stringify(other)} is kept, and all others would be counted as it too; call them otherwise: { values: […], other: 'rest' }.`,
    )
  // In order: which comes first decides nothing, so it makes no other version.
  return { values: values.toSorted(), other }
}

const partsOf = (at: string, kept: unknown): { readonly values: readonly string[]; readonly other: string } => {
  const { values, other, ...more }: Readonly<Record<string, unknown>> = Array.isArray(kept)
    ? { values: kept, other: usualOther }
    : { other: usualOther, ...(kept as object) }
  if (!Array.isArray(values) || Object.keys(more).length > 0)
    throw new Error(`${at}: it must be a list of values, or { values: […], other: 'rest' }.`)
  return { values, other: other as string }
}

function refuseText(at: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw new Error(`${at}: ${JSON.stringify(value)} is no text.`)
  if (value.includes('\0') || !value.isWellFormed() || Buffer.byteLength(keptText(value)) > maxDimensionBytes)
    throw new Error(
      `${at}: ${JSON.stringify(value.slice(0, 40))} can't be held: a dimension's text has at most ${maxDimensionBytes} bytes of UTF-8 and no character NUL.`,
    )
}
