import { z } from 'zod'

declare const unit: unique symbol

/** A safe integer that knows its unit. */
export type Int<U extends string> = number & { readonly [unit]: U }
/** An exact decimal that knows its unit, as an integer scaled by 10^scale. */
export type Decimal<U extends string> = bigint & { readonly [unit]: U }
/** A point in time, epoch ms UTC. */
export type Instant = number & { readonly [unit]: 'instant' }
export type UnitOf<T> = NonNullable<T> extends { readonly [unit]: infer U extends string } ? U : 'one'

/** What a field's schema can't say of itself: kept beside it, read when a definition is compiled. */
export interface Quantity {
  readonly kind: 'integer' | 'decimal' | 'instant'
  readonly unit: string | null
  readonly scale: number
}

export const quantities = z.registry<Quantity>()

const maxScale = 15

/** A safe integer in `unit`. */
export const int = <const U extends string>(unitName: U): z.ZodType<Int<U>, number> => {
  const schema = z.int() as unknown as z.ZodType<Int<U>, number>
  quantities.add(schema, { kind: 'integer', unit: unitName, scale: 0 })
  return schema
}

/**
 * An exact decimal in `unit`, read from a JSON string or number and kept as an integer scaled by 10^scale.
 * A value with more decimals than `scale`, or one past 2^53 when scaled, is rejected: nothing is rounded.
 * A JSON number has the precision of a double, so money is better sent as a string.
 */
export const decimal = <const U extends string>(scale: number, unitName: U): z.ZodType<Decimal<U>, string | number> => {
  if (!Number.isInteger(scale) || scale < 0 || scale > maxScale)
    throw new Error(`decimal(${scale}, '${unitName}'): the scale must be a whole number from 0 to ${maxScale}.`)
  const schema = z.union([z.string(), z.number()]).transform((value, context) => {
    const scaled = scaleDecimal(String(value), scale)
    if (scaled !== null) return scaled as Decimal<U>
    context.addIssue({ code: 'custom', message: `not a decimal with at most ${scale} decimals within 2^53` })
    return z.NEVER
  }) as unknown as z.ZodType<Decimal<U>, string | number>
  quantities.add(schema, { kind: 'decimal', unit: unitName, scale })
  return schema
}

/** The decimal's digits as an integer scaled by 10^scale; null where it is no such decimal or is past 2^53. */
export const scaleDecimal = (text: string, scale: number): bigint | null => {
  const match = /^(-?)(\d{1,16})(?:\.(\d{1,15}))?$/.exec(text)
  if (match === null) return null
  const [, sign = '', whole = '', fraction = ''] = match
  const kept = fraction.replace(/0+$/, '')
  if (kept.length > scale) return null
  const scaled = BigInt(sign + whole + kept.padEnd(scale, '0'))
  return Number.isSafeInteger(Number(scaled)) ? scaled : null
}

/** Years 1 to 9999: what ISO 8601, Parquet and both warehouses write alike. */
export const earliestMs = Date.parse('0001-01-01T00:00:00Z')
export const latestMs = Date.parse('9999-12-31T23:59:59.999Z')

/** An ISO 8601 time (UTC or with an offset) or epoch ms. */
export const instant = (): z.ZodType<Instant, string | number> => {
  const schema = z.union([z.iso.datetime({ offset: true }), z.int()]).transform((value, context) => {
    const time = typeof value === 'number' ? value : Date.parse(value)
    if (time >= earliestMs && time <= latestMs) return time as Instant
    context.addIssue({ code: 'custom', message: 'not a time in the years 1 to 9999' })
    return z.NEVER
  }) as unknown as z.ZodType<Instant, string | number>
  quantities.add(schema, { kind: 'instant', unit: null, scale: 0 })
  return schema
}
