import { z } from 'zod'
import { type DerivationDefinition, describeDerivations } from './definition/derivation.ts'
import type { EventDefinition } from './definition/event.ts'
import { valueAt, withoutSecrets } from './definition/nested.ts'
import { derive } from './derivations.ts'
import { bodyOf } from './entity.ts'
import { keptText } from './kept.ts'
import { keptBody } from './kept-event.ts'
import { secretPaths, withheldIn } from './lake-text.ts'
import { type EventData, fieldOf, keepers, type Model, type ModelData } from './model.ts'
import {
  type Decoded,
  placeInShard,
  placeInStream,
  type RawRecord,
  type RejectionReason,
  type Row,
  rejectedType,
} from './record.ts'

/** A dimension's value or a field of a distinct count, in UTF-8: what the warehouse's columns hold. */
export const maxDimensionBytes = 256
/** An event's id, in UTF-8. */
const maxIdBytes = 1024
const maxDetailLength = 300

interface EventDecoder {
  readonly data: EventData
  readonly schema: z.ZodObject
  /** Of records that come from the lake. */
  readonly lakeSchema: z.ZodObject
  /** The paths of secrets, which no row holds. */
  readonly secrets: readonly (readonly string[])[]
  /** The paths of fields inside of objects, by their dotted names. */
  readonly nested: readonly (readonly [string, readonly string[]])[]
  readonly derivations: readonly DerivationDefinition[]
  /** What a metric or entity keeps as text: dimensions, what is counted distinct, and whatever is derived. */
  readonly keptFields: readonly string[]
  /** What is kept of the event as a whole; null: nothing is. */
  readonly bodyOf: ((event: EventData, row: Row) => string | Error) | null
}

/** Reads records as the definitions' events. What can't be one is rejected with its reason; nothing throws. */
export const decoder = (data: ModelData, definitions: readonly EventDefinition[]): Model['decode'] => {
  const decoders = new Map<string, EventDecoder>()
  const secrets = secretPaths(data)
  for (const definition of definitions) {
    const event = data.events.find((candidate) => candidate.name === definition.name)
    if (event !== undefined)
      decoders.set(event.name, {
        data: event,
        schema: z.object(definition.fields),
        lakeSchema: z.object(withoutSecrets(definition.fields)),
        secrets: secrets.get(event.name) ?? [],
        nested: event.fields.flatMap(({ name, path, secret }) =>
          path === undefined || secret === true ? [] : [[name, path] as const],
        ),
        derivations: describeDerivations(event.name, definition.derive, []),
        keptFields: [...keptFieldsOf(data, event.name), ...event.derived.map(({ name }) => name)],
        bodyOf: bodyOfEvent(data, event.name),
      })
  }
  return (record) => {
    if (record.text === null) return rejected(record, 'not_utf8', 'the bytes are not UTF-8')
    const parsed = parseJson(record.text)
    if (parsed instanceof Error)
      return rejected(record, 'not_json', secrets.size === 0 ? parsed.message : withoutQuotes(parsed.message))
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
      return rejected(
        record,
        'not_an_object',
        `a JSON ${Array.isArray(parsed) ? 'array' : parsed === null ? 'null' : typeof parsed}`,
      )
    const withheld = record.fromLake === true && secrets.size > 0 ? withheldIn(parsed) : null
    if (withheld !== null) return rejected(record, withheld.reason, withheld.detail, withheld.eventType)
    const type: unknown = 'type' in parsed ? parsed.type : undefined
    const known = typeof type === 'string' ? decoders.get(type) : undefined
    if (known === undefined) return rejected(record, 'unknown_type', describeType(type))
    return decodeEvent(record, known, parsed)
  }
}

/** Only a scalar is quoted: JSON text of what a record nests may overflow the stack that parsing did not. */
const describeType = (type: unknown): string => {
  if (type === undefined) return 'type is missing'
  return typeof type === 'object' && type !== null ? 'type is no text' : `type is ${JSON.stringify(type)}`
}

const keptFieldsOf = (data: ModelData, event: string): string[] => {
  const kept = keepers(data)
    .filter((metric) => metric.event === event)
    .flatMap(({ by, measure }) => [...by.map(fieldOf), ...(measure.kind === 'countDistinct' ? measure.fields : [])])
  return [...new Set(kept)]
}

/** Sessions need all that entities do, and more. */
const bodyOfEvent = (data: ModelData, event: string): EventDecoder['bodyOf'] => {
  if ((data.sessions ?? []).some(({ events }) => events.some((one) => one.event === event))) return keptBody
  return (data.entities ?? []).some(({ versions }) => versions.event === event) ? (of, row) => bodyOf(of, row) : null
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    // The caller rejects the record with this as its detail.
    return error instanceof Error ? error : new Error(String(error))
  }
}

const decodeEvent = (record: RawRecord, decoder: EventDecoder, parsed: object): Decoded => {
  const { data, keptFields, secrets } = decoder
  const schema = record.fromLake === true ? decoder.lakeSchema : decoder.schema
  const result = schema.safeParse(parsed)
  if (!result.success) return rejected(record, 'invalid', describeIssue(result.error, parsed, secrets), data.name)
  const fields = secrets.reduce<Readonly<Record<string, unknown>>>(withoutPath, result.data)
  const dated = fields[data.at] ?? valueAt(fields, data.at.split('.'))
  const eventTime = Number(dated ?? Number.NaN)
  if (Number.isNaN(eventTime))
    return rejected(record, 'invalid', `${data.at}: is missing, and dates the event`, data.name)
  const derived = derive(data.name, decoder.derivations, fields, eventTime)
  if ('flaw' in derived) return rejected(record, 'invalid', derived.flaw, data.name)
  const row: Record<string, unknown> = { ...fields, ...derived.dimensions }
  for (const [name, path] of decoder.nested) row[name] = valueAt(fields, path)
  const flaw = makeStorable(row, keptFields, keptText) ?? makeStorable(row, data.id, wellFormed)
  if (flaw !== null) return rejected(record, 'invalid', flaw, data.name)
  const earlyMs = eventTime - record.arrivalTime
  if (earlyMs > data.acceptEarlyMs)
    return rejected(
      record,
      'too_early',
      `${data.at} is ${earlyMs} ms after arrival; at most ${data.acceptEarlyMs} are accepted`,
      data.name,
    )
  if (data.acceptLateMs !== null && -earlyMs > data.acceptLateMs)
    return rejected(
      record,
      'too_late',
      `${data.at} is ${-earlyMs} ms before arrival; at most ${data.acceptLateMs} are accepted`,
      data.name,
    )
  const id = identityOf(record, row, data.id)
  if (Buffer.byteLength(id) > maxIdBytes)
    return rejected(record, 'invalid', `its id holds more than ${maxIdBytes} bytes`, data.name)
  const decoded = { type: data.name, id, eventTime, row, place: placeInStream(record), rejection: null }
  if (decoder.bodyOf === null) return decoded
  const body = decoder.bodyOf(data, row)
  return body instanceof Error ? rejected(record, 'invalid', body.message, data.name) : { ...decoded, body }
}

/** An id keeps the blanks at its end: it tells events apart, and no warehouse compares it. */
const wellFormed = (text: string): string => text.toWellFormed()

/**
 * Makes texts what can be stored, those of lists too.
 * @param storable what is stored for a text
 * @returns what makes the row impossible to store; null where nothing does
 */
const makeStorable = (
  row: Record<string, unknown>,
  fields: readonly string[],
  storable: (text: string) => string,
): string | null => {
  for (const field of fields) {
    const value = row[field]
    if (Array.isArray(value)) {
      const elements: readonly unknown[] = value.map((one) => (typeof one === 'string' ? storable(one) : one))
      const flaws = elements.map((one) => (typeof one === 'string' ? textFlaw(field, one) : null))
      const flaw = flaws.find((one) => one !== null)
      if (flaw !== undefined) return flaw
      row[field] = elements
    } else if (typeof value === 'string') {
      const text = storable(value)
      const flaw = textFlaw(field, text)
      if (flaw !== null) return flaw
      row[field] = text
    }
  }
  return null
}

const textFlaw = (field: string, text: string): string | null => {
  if (text.includes('\0')) return `${field} holds the character NUL, which no warehouse stores`
  if (text.length * 3 > maxDimensionBytes && field !== 'id' && Buffer.byteLength(text) > maxDimensionBytes)
    return `${field} holds ${Buffer.byteLength(text)} bytes; a dimension holds at most ${maxDimensionBytes}`
  return null
}

const identityOf = (record: RawRecord, row: Row, fields: readonly string[]): string => {
  const values = fields.map((field) => row[field] ?? null)
  if (values.every((value) => value === null)) return placeOf(record)
  const [only] = values
  return values.length === 1
    ? String(only)
    : JSON.stringify(values.map((value) => (typeof value === 'bigint' ? String(value) : value)))
}

/** A place in the stream can't be an id of a producer's: no id of theirs is a shard's name and 64 digits. */
const placeOf = (record: RawRecord): string => `${record.shardId}/${placeInShard(record)}`

/** The row without one of its fields. What lies on the way is copied: a schema may have frozen it. */
const withoutPath = (
  row: Readonly<Record<string, unknown>>,
  path: readonly string[],
): Readonly<Record<string, unknown>> => {
  const [key = '', ...rest] = path
  const { [key]: inner, ...others } = row
  if (rest.length === 0) return others
  return typeof inner === 'object' && inner !== null
    ? { ...others, [key]: withoutPath(inner as Readonly<Record<string, unknown>>, rest) }
    : row
}

/** What a parser says without the text that it quotes, which may be of a secret: what it found where. */
const withoutQuotes = (message: string): string => {
  const [, place] = /( at position \d+)/.exec(message) ?? []
  return `is no JSON${place ?? ''}`
}

/** Of a secret it says no more than that it is wrong: paths inside of one are keys that came with the record. */
const describeIssue = (error: z.core.$ZodError, parsed: object, secrets: readonly (readonly string[])[]): string => {
  const [issue] = error.issues
  if (issue === undefined) return 'does not fit its schema'
  const secret = secrets.find((path) => path.every((key, place) => issue.path[place] === key))
  if (secret !== undefined) return `${secret.join('.')}: is not what its schema asks for`
  const path = issue.path.map(String)
  const at = path.join('.') || 'the event'
  return isMissing(parsed, path)
    ? `${at}: is missing; only a field with .optional() or .default(…) may be`
    : `${at}: ${issue.message}`
}

const isMissing = (parsed: object, path: readonly string[]): boolean => {
  const last = path.at(-1)
  const holder = path.length === 1 ? parsed : valueAt(parsed as Row, path.slice(0, -1))
  return last !== undefined && typeof holder === 'object' && holder !== null && !Object.hasOwn(holder, last)
}

const rejected = (
  record: RawRecord,
  reason: RejectionReason,
  detail: string,
  eventType: string | null = null,
): Decoded => ({
  type: rejectedType,
  id: placeOf(record),
  eventTime: record.arrivalTime,
  row: { reason, event_type: eventType },
  place: placeInStream(record),
  rejection: { reason, detail: storableDetail(detail) },
})

const storableDetail = (detail: string): string =>
  detail.slice(0, maxDetailLength).replaceAll('\0', '\u{fffd}').toWellFormed()
