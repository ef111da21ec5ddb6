import { z } from 'zod'
import { isSecret } from './secret.ts'

type Str<T> = Extract<keyof T, string>
type IsAny<T> = 0 extends 1 & T ? true : false

/** Whether a field is an object of named fields: no quantity, list or record of free keys. */
type IsNested<T> =
  IsAny<T> extends true
    ? false
    : NonNullable<T> extends string | number | bigint | boolean | readonly unknown[]
      ? false
      : NonNullable<T> extends object
        ? string extends keyof NonNullable<T>
          ? false
          : true
        : false

type NullIfEmpty<T> = undefined extends T ? null : null extends T ? null : never

/** How deep paths go: a type that nests itself would have no end. */
type Deeper = [never, 0, 1, 2, 3, 4, 5, 6]

/** A pair of path and type for each field that nests nothing. Below an object that may be missing, each may be null. */
type Leaf<R, Path extends string, Empty, Depth extends number> = Depth extends 0
  ? never
  : {
      [K in Str<R>]-?: IsNested<R[K]> extends true
        ? Leaf<NonNullable<R[K]>, `${Path}${K}.`, Empty | NullIfEmpty<R[K]>, Deeper[Depth]>
        : [`${Path}${K}`, R[K] | Empty]
    }[Str<R>]

/** The row as metrics refer to it: what is nested stands under its dotted path, `device.os`. */
export type Flat<R> = { [L in Extract<Leaf<R, '', never, 7>, [string, unknown]> as L[0]]: L[1] }

interface Definition {
  readonly type: string
  readonly innerType?: z.core.$ZodType
  readonly shape?: Readonly<Record<string, z.core.$ZodType>>
  readonly catchall?: z.core.$ZodType
}

/** What an object's fields are seen through. Not a default: it stands for the whole object. */
const transparent = new Set(['nullable', 'optional', 'readonly'])

/**
 * The named fields of an object's schema, whatever wraps it, and whether it refuses other keys; null where it is none, or
 * takes keys of any name for more than nothing.
 */
export const nestedFields = (
  schema: z.core.$ZodType,
): { readonly fields: Readonly<Record<string, z.core.$ZodType>>; readonly strict: boolean } | null => {
  if (isSecret(schema)) return null
  const { type, innerType, shape, catchall } = schema._zod.def as unknown as Definition
  if (transparent.has(type) && innerType !== undefined) return nestedFields(innerType)
  const others = (catchall?._zod.def as Definition | undefined)?.type
  if (type !== 'object' || shape === undefined || (others !== undefined && others !== 'never')) return null
  return { fields: shape, strict: others === 'never' }
}

/** The fields without secrets, those inside of objects included: what a record that went through the lake must still be. */
export const withoutSecrets = (
  fields: Readonly<Record<string, z.core.$ZodType>>,
): Readonly<Record<string, z.core.$ZodType>> =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, schema]) => (hides(schema) ? [] : [[name, openSchema(schema)] as const])),
  )

/** Whether a field is secret, behind whatever may leave it out. */
export const hides = (schema: z.core.$ZodType): boolean => {
  const { type, innerType } = schema._zod.def as unknown as Definition
  return (
    isSecret(schema) || (innerType !== undefined && (transparent.has(type) || type === 'default') && hides(innerType))
  )
}

const openSchema = (schema: z.core.$ZodType): z.core.$ZodType => {
  const nested = nestedFields(schema)
  if (nested === null) return schema
  const { type, innerType } = schema._zod.def as unknown as Definition
  if (type === 'object' || innerType === undefined) return z.object(withoutSecrets(nested.fields))
  const inner = openSchema(innerType)
  return type === 'nullable' ? z.nullable(inner) : type === 'optional' ? z.optional(inner) : z.readonly(inner)
}

/** The schema of a field by its name, or by its dotted path through objects; undefined where there is none. */
export const schemaAt = (
  fields: Readonly<Record<string, z.core.$ZodType>>,
  path: string,
): z.core.$ZodType | undefined => {
  if (Object.hasOwn(fields, path)) return fields[path]
  for (let dot = path.indexOf('.'); dot > 0; dot = path.indexOf('.', dot + 1)) {
    const parent = fields[path.slice(0, dot)]
    const nested = parent === undefined ? null : nestedFields(parent)
    const found = nested === null ? undefined : schemaAt(nested.fields, path.slice(dot + 1))
    if (found !== undefined) return found
  }
  return undefined
}

/** What a row holds at a path; null where an object on the way is missing. */
export const valueAt = (row: Readonly<Record<string, unknown>>, path: readonly string[]): unknown => {
  let value: unknown = row
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return null
    value = (value as Record<string, unknown>)[key]
  }
  return value ?? null
}
