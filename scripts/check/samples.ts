import { z } from 'zod'
import type { EventDefinition } from '../../core/definition/event.ts'
import { valueAt, withoutSecrets } from '../../core/definition/nested.ts'
import type { Row } from '../../core/record.ts'

/** An event as functions get it. */
export interface Sample {
  readonly fields: Row
  /** Epoch ms. */
  readonly at: number
}

const maxMixed = 200
/** Texts that functions stumble over: empty, white, of many bytes, with accents composed and not, look-alikes of other types. */
const texts = [
  'a',
  '',
  ' ',
  'A',
  'null',
  '0',
  '-1',
  'é',
  'e\u0301',
  'ß',
  'İ',
  '😀',
  '\\',
  "'",
  '"',
  'a b',
  'x'.repeat(300),
]
const shaped = ['a@b.co', 'https://a.co/b?c=d', '2013-01-31T23:59:59Z', '2013-01-31', '12:00:00', '192.0.2.1', '1.5']
const numbers = [1, 0, -1, 2, 0.5, 100, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
const instants = ['2013-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '2024-02-29T23:59:59.999Z', '0001-01-01T00:00:00Z']
const uuids = ['00000000-0000-4000-8000-000000000000']
const anything: readonly unknown[] = [...instants, ...texts, ...shaped, ...uuids, ...numbers, true, false, [], {}]

/**
 * Events that fit a definition: each field's every sample beside ordinary others, each optional one left out, and mixed
 * by a seed; then those of `lines` that are of this type and fit.
 */
export const samplesOf = (definition: EventDefinition, lines: readonly string[]): Sample[] => {
  const fields = withoutSecrets(definition.fields)
  const schema = z.object(fields)
  const choices = Object.entries(fields).map(([name, field]) => [name, fitting(field)] as const)
  const ordinary = Object.fromEntries(
    choices.flatMap(([name, [first]]) => (first === undefined ? [] : [[name, first.value]])),
  )
  const one = choices.flatMap(([name, fits]) => fits.map(({ value }) => ({ ...ordinary, [name]: value })))
  const mixed = Array.from({ length: maxMixed }, (_, seed) => mix(choices, seed + 1))
  const given = lines.map((line): unknown => JSON.parse(line)).filter((event) => typeOf(event) === definition.name)
  return [ordinary, ...one, ...mixed, ...given].flatMap((event) => sampleOf(definition, schema, event))
}

const typeOf = (event: unknown): unknown =>
  typeof event === 'object' && event !== null && 'type' in event ? event.type : undefined

const sampleOf = (definition: EventDefinition, schema: z.ZodObject, event: unknown): Sample[] => {
  const read = schema.safeParse(event)
  if (!read.success) return []
  const at = Number(read.data[definition.at] ?? valueAt(read.data, definition.at.split('.')) ?? Number.NaN)
  return Number.isNaN(at) ? [] : [{ fields: read.data, at }]
}

type Choice = { readonly value: unknown }

/** Undefined is a field left out. */
const fitting = (field: z.core.$ZodType): Choice[] =>
  [...said(z.toJSONSchema(field, { io: 'input', unrepresentable: 'any' })), ...anything, null, undefined]
    .filter((value) => z.safeParse(field, value).success)
    .map((value) => ({ value }))

type JsonSchema = z.core.JSONSchema.BaseSchema

const limits = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const

/** What a schema itself says that fits it, or lies at its edges. */
const said = (schema: JsonSchema | boolean): unknown[] => {
  if (typeof schema === 'boolean') return []
  const edges = limits.flatMap((limit) => {
    const edge = schema[limit]
    return typeof edge === 'number' ? [edge, edge + 1, edge - 1] : []
  })
  const lengths = [schema.minLength, schema.maxLength].flatMap((length) =>
    length === undefined || length > 10_000 ? [] : ['x'.repeat(length), '7'.repeat(length)],
  )
  const constants = [...(schema.enum ?? []), ...(schema.const === undefined ? [] : [schema.const])]
  const inner = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])].flatMap(said)
  return [...constants, ...inner, ...edges, ...lengths, ...listsOf(schema), ...objectsOf(schema)]
}

const listsOf = ({ items }: JsonSchema): unknown[][] => {
  if (items === undefined || Array.isArray(items)) return []
  const elements = [...said(items), ...texts.slice(0, 3), ...numbers.slice(0, 3), ...instants.slice(0, 1)]
  return elements.flatMap((element) => [[element], [element, element]])
}

const objectsOf = ({ properties, required = [] }: JsonSchema): unknown[] => {
  if (properties === undefined) return []
  const choices = Object.entries(properties).map(
    ([name, property]) => [name, [...said(property), ...anything, null].map((value) => ({ value }))] as const,
  )
  const needed = choices.filter(([name]) => required.includes(name))
  return Array.from({ length: 2 * maxMixed }, (_, seed) => mix(seed % 2 === 0 ? choices : needed, seed + 1))
}

const mix = (choices: readonly (readonly [string, readonly Choice[]])[], seed: number): Record<string, unknown> => {
  const next = randomOf(seed)
  return Object.fromEntries(
    choices.flatMap(([name, fits]) => {
      const chosen = fits[Math.floor(next() * fits.length)]
      return chosen === undefined || chosen.value === undefined ? [] : [[name, chosen.value]]
    }),
  )
}

/** A linear congruence modulo 2^32 (Numerical Recipes): chance enough to mix fields. */
const randomOf = (seed: number): (() => number) => {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
