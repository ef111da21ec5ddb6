import { valueAt } from './definition/nested.ts'
import { earliestMs, latestMs, scaleDecimal } from './definition/quantity.ts'
import type { EventData, FieldData } from './model.ts'
import { answeredQuantity } from './quantity-text.ts'
import type { Row } from './record.ts'

/** What a version says, as JSON in UTF-8. Redshift's functions for JSON text take 64 KB. */
const maxBodyBytes = 32_768
/** Far below what JSON's text can nest before the stack ends, and what Redshift's SUPER takes (1,000). */
const maxBodyDepth = 100

const timeDigits = String(latestMs - earliestMs).length

/**
 * A version's component: its text order is the order of versions, by the field that decides, then by place in the
 * stream. `at:`, ms since the year 1, sequence number, place in an aggregate, shard.
 */
export const versionComponent = (latest: number, place: string): string =>
  `at:${String(latest - earliestMs).padStart(timeDigits, '0')}.${place}`

/** The instant (epoch ms) that decided a version's rank. */
export const latestOf = (component: string): number =>
  Number(component.slice('at:'.length, 'at:'.length + timeDigits)) + earliestMs

/** The fields that an entity tells, in their order: all but the change's own id and secrets. Objects are told whole. */
export const toldFields = (event: Pick<EventData, 'fields'>): readonly FieldData[] =>
  event.fields.filter(({ name, path, secret }) => name !== 'id' && path === undefined && secret !== true)

/**
 * A change's fields as they are answered, as JSON: decimals as exact numbers or text, instants in ISO 8601, nulls left
 * out, lone surrogates U+FFFD. An error says why no warehouse could keep it.
 * @param fields those that are told
 */
export const bodyOf = (
  event: EventData,
  row: Row,
  fields: readonly Pick<FieldData, 'name' | 'kind' | 'scale'>[] = toldFields(event),
): string | Error => {
  const deep = fields.find(({ name }) => nestsDeeper(row[name], maxBodyDepth))
  if (deep !== undefined) return new Error(`${deep.name} nests more than ${maxBodyDepth} deep`)
  const told = fields.flatMap((field): [string, unknown][] => {
    const value = row[field.name]
    return value === null || value === undefined ? [] : [[field.name, toldValue(field, value)]]
  })
  const nul = told.find(([, value]) => holdsNul(value))
  if (nul !== undefined) return new Error(`${nul[0]} holds the character NUL, which no warehouse stores`)
  const body = JSON.stringify(Object.fromEntries(told))
  if (body.length * 3 <= maxBodyBytes || Buffer.byteLength(body) <= maxBodyBytes) return body
  return new Error(
    `its fields hold ${Buffer.byteLength(body)} bytes as JSON; what is kept of an event holds at most ${maxBodyBytes}`,
  )
}

const toldValue = ({ kind, scale }: Pick<FieldData, 'kind' | 'scale'>, value: unknown): unknown => {
  if (kind === 'decimal') return answeredQuantity(BigInt(String(value)), scale)
  if (kind === 'instant') return new Date(Number(value)).toISOString()
  return wellFormed(value)
}

const wellFormed = (value: unknown): unknown => {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]))
}

const nestsDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((inner) => nestsDeeper(inner, levels - 1)))

const holdsNul = (value: unknown): boolean => {
  if (typeof value === 'string') return value.includes('\0')
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([key, inner]) => key.includes('\0') || holdsNul(inner))
}

/** What a version says of each field that its entity tells; null where it says nothing. */
export const toldBy = (event: Pick<EventData, 'fields'>, body: string): Record<string, unknown> => {
  const told = JSON.parse(body) as Record<string, unknown>
  return Object.fromEntries(toldFields(event).map(({ name }) => [name, told[name] ?? null]))
}

/** The same as a decoded row, for measures and conditions: decimals scaled, instants epoch ms. */
export const rowOf = ({ fields }: Pick<EventData, 'fields'>, told: Readonly<Record<string, unknown>>): Row =>
  Object.fromEntries(
    fields
      .filter(({ name }) => name !== 'id')
      .map(({ name, path, kind, scale }) => {
        const value = path === undefined ? (told[name] ?? null) : valueAt(told, path)
        if (value !== null && kind === 'decimal') return [name, scaleDecimal(String(value), scale)]
        if (value !== null && kind === 'instant') return [name, Date.parse(String(value))]
        return [name, value]
      }),
  )
