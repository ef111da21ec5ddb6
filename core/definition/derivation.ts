import type { DerivedField, DimensionType, EventData, FieldData } from '../model.ts'

/** What a derived dimension may be. */
export type Answer = string | boolean | number | null

/**
 * One event in, one dimension out, by a pure function: no clock, no chance, nothing outside of the event. A bare function
 * answers a text; one that answers a boolean or a whole number stands under that name, because code alone doesn't say
 * what its column is to be. Null is allowed in each.
 */
export type Derivation<E, A> =
  | ((event: E) => A & (string | null))
  | { readonly boolean: (event: E) => A & (boolean | null) }
  | { readonly integer: (event: E) => A & (number | null) }

/** A derivation as it is run: its type said, its function found. */
export interface DerivationDefinition extends DerivedField {
  readonly of: (event: Readonly<Record<string, unknown>>) => unknown
}

/**
 * What an event's `derive` says, in the order of its names: a definition's data don't follow the order of its lines.
 * @throws where a name is a field's, or something stands there that is no function of a known type
 */
export const describeDerivations = (
  event: string,
  derive: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): DerivationDefinition[] =>
  Object.entries(derive)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, derivation]) => {
      if (name in Object.prototype)
        throw new Error(
          `Event ${event}: a dimension can't be called ${name}, which every JavaScript object has already; rename it.`,
        )
      if (fields.includes(name))
        throw new Error(`Event ${event}: it derives ${name}, which is a field of it; give the dimension another name.`)
      return { name, ...functionOf(`Event ${event}: derive ${name}`, derivation) }
    })

const functionOf = (at: string, derivation: unknown): Pick<DerivationDefinition, 'type' | 'of'> => {
  if (isFunction(derivation)) return { type: 'string', of: derivation }
  const [entry, ...others] = typeof derivation === 'object' && derivation !== null ? Object.entries(derivation) : []
  const [type, of] = entry ?? []
  if (isType(type) && isFunction(of) && others.length === 0) return { type, of }
  throw new Error(`${at} is none; write (event) => TEXT, { boolean: (event) => … } or { integer: (event) => … }.`)
}

const isFunction = (value: unknown): value is DerivationDefinition['of'] => typeof value === 'function'
const isType = (value: unknown): value is DimensionType => value === 'boolean' || value === 'integer'

/**
 * The derived dimensions as data, and what stands for the functions' code.
 * @throws where the hash of the code is missing
 */
export const derivedFields = (
  event: string,
  derive: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  code: string | undefined,
): Pick<EventData, 'derived' | 'code'> => {
  const derived = describeDerivations(event, derive, fields).map(({ name, type }) => ({ name, type }))
  if (derived.length === 0) return { derived }
  if (code !== undefined) return { derived, code }
  const names = derived.map(({ name }) => name).join(', ')
  throw new Error(
    `Event ${event} has functions (${names}), and nothing stands for their code. The build hashes that of every event that index.ts exports: export ${event} there.`,
  )
}
/** A derived dimension as conditions and dimensions look at fields. */
export const asField = ({ name, type }: DerivedField): FieldData => ({
  name,
  kind: type,
  unit: null,
  scale: 0,
  nullable: true,
  optional: false,
  values: null,
  default: null,
  checks: [],
  opaque: false,
})
