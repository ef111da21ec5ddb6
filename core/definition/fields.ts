import type { z } from 'zod'
import type { FieldCheck, FieldData, Scalar } from '../model.ts'
import { hides, nestedFields } from './nested.ts'
import { quantities } from './quantity.ts'
import { refuseHidden, refuseUnsound } from './soundness.ts'

type Shape = Pick<FieldData, 'kind' | 'unit' | 'scale' | 'values' | 'checks' | 'opaque'>

/** The parts of a check's definition that are read here; zod names them so. */
interface CheckDefinition {
  readonly check: string
  readonly format?: string
  readonly value?: unknown
  readonly inclusive?: boolean
  readonly minimum?: number
  readonly maximum?: number
  readonly length?: number
}

/** The parts of a zod schema's definition that are read here; a format's own schema is its check, too. */
interface SchemaDefinition extends Partial<CheckDefinition> {
  readonly type: string
  readonly innerType?: z.core.$ZodType
  readonly defaultValue?: unknown
  readonly entries?: Readonly<Record<string, string | number>>
  readonly checks?: readonly { readonly _zod: { readonly def: CheckDefinition } }[]
}

const wrappers = new Set(['nullable', 'optional', 'default', 'readonly'])

/**
 * A field, and behind an object all that lies in it, by dotted paths.
 * @throws as `describeField`
 */
export const describeFields = (
  event: string,
  name: string,
  schema: z.core.$ZodType,
  parents: readonly string[] = [],
): FieldData[] => {
  const field = describeField(event, name, schema, parents)
  const nested = Object.entries(nestedFields(schema)?.fields ?? {})
  return [field, ...nested.flatMap(([key, inner]) => describeFields(event, key, inner, [...parents, name]))]
}

/**
 * A field's schema as data.
 * @param parents the objects that it lies in, the outermost first
 * @throws where its name is one that every object has, or `refuseUnsound` refuses its schema
 */
export const describeField = (
  event: string,
  name: string,
  schema: z.core.$ZodType,
  parents: readonly string[] = [],
): FieldData => {
  if (name in Object.prototype)
    throw new Error(
      `Event ${event}: a field can't be called ${name}, which every JavaScript object has already; rename it.`,
    )
  const path = [...parents, name]
  refuseUnsound(event, path.join('.'), schema)
  let nullable = false
  let optional = false
  let missing: Scalar = null
  let inner = schema
  for (let definition = definitionOf(inner); wrappers.has(definition.type); definition = definitionOf(inner)) {
    if (quantities.get(inner) !== undefined || definition.innerType === undefined) break
    nullable ||= definition.type === 'nullable'
    optional ||= definition.type === 'optional' || definition.type === 'default'
    // The outermost default stands in: one inside never sees that the field is missing.
    if (definition.type === 'default') missing ??= scalarOf(definition.defaultValue)
    inner = definition.innerType
  }
  const nested = nestedFields(schema)
  const shape: Shape = nested === null ? shapeOf(inner) : { ...plain, kind: 'object', opaque: nested.strict }
  const place = parents.length === 0 ? { name } : { name: path.join('.'), path }
  const secret = hides(schema)
  if (secret && path.join() === 'type')
    throw new Error(`Event ${event}: type names the event, which can't be a secret.`)
  if (!secret && nested === null) refuseHidden(event, path.join('.'), schema)
  return { ...place, ...shape, nullable, optional, ...(secret ? { secret } : {}), default: missing }
}

/** Objects and lists are of fields whose values nobody reads. */
const scalarOf = (value: unknown): Scalar => {
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

const definitionOf = (schema: z.core.$ZodType): SchemaDefinition => schema._zod.def as unknown as SchemaDefinition

const plain = { unit: null, scale: 0, values: null, checks: [], opaque: false }

const shapeOf = (schema: z.core.$ZodType): Shape => {
  const quantity = quantities.get(schema)
  if (quantity !== undefined) return { ...plain, kind: quantity.kind, unit: quantity.unit, scale: quantity.scale }
  const definition = definitionOf(schema)
  if (definition.type === 'enum')
    return { ...plain, kind: 'string', values: Object.values(definition.entries ?? {}).map(String) }
  if (definition.type === 'boolean') return { ...plain, kind: 'boolean' }
  if (definition.type !== 'string' && definition.type !== 'number')
    return { ...plain, kind: 'other', opaque: definition.type !== 'any' && definition.type !== 'unknown' }
  const own = definition.check === undefined ? [] : [definition as CheckDefinition]
  const read = [...own, ...(definition.checks ?? []).map((check) => check._zod.def)].map(readCheck)
  const isInteger = read.some((check) => check.isInteger)
  return {
    ...plain,
    kind: definition.type === 'string' ? 'string' : isInteger ? 'integer' : 'number',
    checks: read.flatMap(({ checks }) => checks),
    opaque: read.some(({ isOpaque }) => isOpaque),
  }
}

interface ReadCheck {
  readonly checks: readonly FieldCheck[]
  readonly isInteger: boolean
  readonly isOpaque: boolean
}

const readCheck = ({ check, format, value, inclusive, minimum, maximum, length }: CheckDefinition): ReadCheck => {
  const known = (...checks: FieldCheck[]): ReadCheck => ({ checks, isInteger: false, isOpaque: false })
  if (check === 'greater_than' && typeof value === 'number') return known({ op: inclusive ? 'gte' : 'gt', value })
  if (check === 'less_than' && typeof value === 'number') return known({ op: inclusive ? 'lte' : 'lt', value })
  if (check === 'min_length' && minimum !== undefined) return known({ op: 'minLength', value: minimum })
  if (check === 'max_length' && maximum !== undefined) return known({ op: 'maxLength', value: maximum })
  if (check === 'length_equals' && length !== undefined)
    return known({ op: 'minLength', value: length }, { op: 'maxLength', value: length })
  if (check === 'number_format' && format === 'safeint') return { ...known(), isInteger: true }
  if (check === 'number_format' && format === 'int32')
    return { ...known({ op: 'gte', value: -(2 ** 31) }, { op: 'lt', value: 2 ** 31 }), isInteger: true }
  return { ...known(), isOpaque: true }
}
