import type { z } from 'zod'
import type { FieldData } from '../model.ts'
import { quantities } from './quantity.ts'

interface Shape {
  readonly kind: FieldData['kind']
  readonly unit: string | null
  readonly scale: number
  readonly values: readonly string[] | null
}

/** The parts of a zod schema's definition that are read here; zod names them so. */
interface SchemaDefinition {
  readonly type: string
  readonly format?: string
  readonly innerType?: z.core.$ZodType
  readonly entries?: Readonly<Record<string, string | number>>
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly check: string; readonly format?: string } } }[]
}

const wrappers = new Set(['nullable', 'optional', 'default', 'readonly'])

/**
 * A field's schema as data.
 * @throws where the schema runs a function (`refine`, `transform`, `preprocess`): a definition is data
 */
export const describeField = (event: string, name: string, schema: z.core.$ZodType): FieldData => {
  let nullable = false
  let optional = false
  let inner = schema
  for (let definition = definitionOf(inner); wrappers.has(definition.type); definition = definitionOf(inner)) {
    if (quantities.get(inner) !== undefined || definition.innerType === undefined) break
    nullable ||= definition.type === 'nullable'
    optional ||= definition.type === 'optional' || definition.type === 'default'
    inner = definition.innerType
  }
  return { name, ...shapeOf(event, name, inner), nullable, optional }
}

const definitionOf = (schema: z.core.$ZodType): SchemaDefinition => schema._zod.def as unknown as SchemaDefinition

const shapeOf = (event: string, name: string, schema: z.core.$ZodType): Shape => {
  const quantity = quantities.get(schema)
  if (quantity !== undefined) return { kind: quantity.kind, unit: quantity.unit, scale: quantity.scale, values: null }
  const definition = definitionOf(schema)
  const checks = (definition.checks ?? []).map((check) => check._zod.def)
  if (
    checks.some((check) => check.check === 'custom' || check.check === 'overwrite') ||
    runsFunction.has(definition.type)
  )
    throw new Error(
      `Event ${event}: field ${name} runs a function (refine, transform, trim or the like). A definition is data: use a plain schema.`,
    )
  const plain = { unit: null, scale: 0, values: null }
  if (definition.type === 'enum')
    return { ...plain, kind: 'string', values: Object.values(definition.entries ?? {}).map(String) }
  if (definition.type === 'number') {
    const formats = [definition.format, ...checks.map((check) => check.format)]
    return { ...plain, kind: formats.includes('safeint') || formats.includes('int32') ? 'integer' : 'number' }
  }
  if (definition.type === 'string' || definition.type === 'boolean') return { ...plain, kind: definition.type }
  return { ...plain, kind: 'other' }
}

const runsFunction = new Set(['pipe', 'transform', 'custom', 'catch', 'lazy', 'promise', 'function'])
