import { isUtf8 } from 'node:buffer'
import { userRecordsIn } from './user-records.ts'

/** One archived record, or one of the user records that it aggregates, ready for SQL. */
export interface CanonicalRecord {
  readonly shard: string
  readonly seq: string
  /** The place in the aggregate; 0 where there is none. */
  readonly sub: number
  /** Epoch ms. */
  readonly arrival: number
  /** The record's JSON, written anew; null where it has none. */
  readonly doc: string | null
  /** Why it can't be any event: its bytes or its JSON; null where that is well. */
  readonly problem: 'not_utf8' | 'not_json' | 'not_an_object' | null
}

interface RawLine {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly arrivalTime: number
  readonly data?: string
  readonly dataBase64?: string
}

/**
 * Reads one line of the raw archive. The JSON is read as the standard says and written anew, because DuckDB's reader takes
 * more (commas at the end, NaN), takes the first of two equal keys, and refuses lone surrogates.
 */
export const canonicalRecords = (line: string): CanonicalRecord[] => {
  const { shardId, sequenceNumber, arrivalTime, data, dataBase64 = '' } = JSON.parse(line) as RawLine
  const place = { shard: shardId, seq: sequenceNumber.padStart(64, '0'), sub: 0, arrival: arrivalTime }
  if (data !== undefined) return [{ ...place, ...canonicalText(data) }]
  const inside = userRecordsIn(Buffer.from(dataBase64, 'base64'))
  if (inside === null) return [{ ...place, ...notUtf8 }]
  return inside.map((bytes, sub) => ({ ...place, sub, ...(isUtf8(bytes) ? canonicalText(`${bytes}`) : notUtf8) }))
}

type Content = Pick<CanonicalRecord, 'doc' | 'problem'>
const notUtf8: Content = { doc: null, problem: 'not_utf8' }

const canonicalText = (data: string): Content => {
  const parsed = parsedJson(data)
  if (parsed instanceof SyntaxError) return { doc: null, problem: 'not_json' }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return { doc: null, problem: 'not_an_object' }
  return { doc: withoutLoneSurrogates(flatJson(parsed)), problem: null }
}

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return error
    throw error
  }
}

/** A definition nests objects no deeper than this. */
const maxDepth = 16

/**
 * The object's fields, those of objects in it, and the elements of lists. What lies deeper is not looked into here, and
 * would overflow a writer's stack: it stands as an empty object or list. A number too large for a double is no number,
 * nor null, which JSON.stringify makes of it.
 */
const flatJson = (object: object, depth = 0): string =>
  `{${Object.entries(object)
    .map(([key, value]) => `${JSON.stringify(key)}:${written(value, depth)}`)
    .join(',')}}`

const written = (value: unknown, depth: number): string => {
  if (Array.isArray(value)) return `[${value.map(flatValue).join(',')}]`
  const isDeeper = typeof value === 'object' && value !== null && depth < maxDepth
  return isDeeper ? flatJson(value, depth + 1) : flatValue(value)
}

const flatValue = (value: unknown): string => {
  if (Array.isArray(value)) return '[]'
  if ((typeof value === 'object' && value !== null) || (typeof value === 'number' && !Number.isFinite(value)))
    return '{}'
  return JSON.stringify(value)
}

/** JSON.stringify escapes lone surrogates and no others (ECMA-262, QuoteJSONString); U+FFFD stands for them in UTF-8. */
const withoutLoneSurrogates = (json: string): string =>
  json.includes('\\ud') ? json.replace(/(?<!\\)((?:\\\\)*)\\ud[0-9a-f]{3}/g, '$1\ufffd') : json
