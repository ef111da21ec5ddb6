import type { z } from 'zod'
import { quantities } from './quantity.ts'
import { isSecret } from './secret.ts'

const runsFunction = new Set(['pipe', 'transform', 'custom', 'catch', 'lazy', 'promise', 'function'])

/** Far deeper than anyone writes, and far from the end of the stack. */
const maxDepth = 16

interface Definition {
  readonly type: string
  readonly coerce?: boolean
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly check: string } } }[]
}

/**
 * Holds a field's schema, and all that is nested in it, to what reads any record in bounded time and depth, the same in
 * every layer.
 * @throws where it runs a function (`refine`, `transform`, `coerce`, `preprocess`), or nests itself: such a schema
 * follows a record down until the stack ends, and one record would stop its shard
 */
export const refuseUnsound = (event: string, field: string, schema: z.core.$ZodType): void => {
  const at = `Event ${event}: field ${field}`
  const visit = (inner: z.core.$ZodType, depth: number): void => {
    if (quantities.get(inner) !== undefined) return
    if (depth > maxDepth)
      throw new Error(
        `${at} nests itself, or more than ${maxDepth} schemas deep. Use z.any() for what is nested freely.`,
      )
    if (isFunction(inner._zod.def as unknown as Definition))
      throw new Error(
        `${at} runs a function (refine, transform, trim, coerce or the like). A definition is data: use a plain schema.`,
      )
    for (const nested of schemasIn(inner._zod.def)) visit(nested, depth + 1)
  }
  visit(schema, 0)
}

/**
 * Holds secrets to be fields, of the event or of objects in it: nobody could take one out of a list or a union.
 * @throws where one stands anywhere inside
 */
export const refuseHidden = (event: string, field: string, schema: z.core.$ZodType): void => {
  if (!isSecret(schema) && quantities.get(schema) === undefined)
    for (const nested of schemasIn(schema._zod.def)) refuseHidden(event, field, nested)
  else if (isSecret(schema))
    throw new Error(`Event ${event}: field ${field} holds a secret inside; make all of it one: secret(…).`)
}

const isFunction = ({ type, coerce, checks = [] }: Definition): boolean =>
  runsFunction.has(type) ||
  coerce === true ||
  checks.some(({ _zod }) => _zod.def.check === 'custom' || _zod.def.check === 'overwrite')

/** Whether a quantity stands inside of a schema, in a list or an object. The schema is a sound one, so the walk ends. */
export const nestsQuantity = (schema: z.core.$ZodType): boolean =>
  quantities.get(schema) !== undefined || schemasIn(schema._zod.def).some(nestsQuantity)

/** Whatever stands in a schema's definition: elements, options, items, the fields of a shape. */
const schemasIn = (definition: object): z.core.$ZodType[] =>
  Object.values(definition).flatMap((value) => (isSchema(value) ? [value] : isHolder(value) ? schemasOf(value) : []))

const schemasOf = (holder: object): z.core.$ZodType[] => Object.values(holder).filter(isSchema)

const isHolder = (value: unknown): value is object => typeof value === 'object' && value !== null

/** A check also has `_zod`; only a schema has a type. */
const isSchema = (value: unknown): value is z.core.$ZodType =>
  isHolder(value) && '_zod' in value && isHolder(value._zod) && 'run' in value._zod
