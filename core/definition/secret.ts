import { z } from 'zod'

declare const sealed: unique symbol

/** A value that is checked and then nobody's: no metric, function, condition or answer can name it. */
export type Sealed<T> = { readonly [sealed]: T }

/** The row without what is sealed, which functions don't get. */
export type Visible<R> = {
  [K in keyof R as NonNullable<R[K]> extends { readonly [sealed]: unknown } ? never : K]: R[K]
}

const secrets = z.registry<Record<string, never>>()

/**
 * A field that is kept out of everything but the raw archive: views, dimensions, measures, conditions, exclusions, the
 * reasons of rejection, the lake and every answer. It must still be what its schema says. The archive holds it as it came.
 */
export const secret = <T extends z.ZodType>(schema: T): z.ZodType<Sealed<z.output<T>>, z.input<T>> => {
  // A schema of its own: the one handed in may stand in other fields, too.
  const own = schema.readonly()
  secrets.add(own, {})
  return own as unknown as z.ZodType<Sealed<z.output<T>>, z.input<T>>
}

export const isSecret = (schema: z.core.$ZodType): boolean => secrets.has(schema)
