/** One archived record, ready for SQL. */
export interface CanonicalRecord {
  readonly shard: string
  readonly seq: string
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
}

/**
 * Reads one line of the raw archive. The JSON is read as the standard says and written anew, because DuckDB's reader takes
 * more (commas at the end, NaN), takes the first of two equal keys, and refuses lone surrogates.
 */
export const canonicalRecord = (line: string): CanonicalRecord => {
  const { shardId, sequenceNumber, arrivalTime, data } = JSON.parse(line) as RawLine
  const place = { shard: shardId, seq: sequenceNumber.padStart(64, '0'), arrival: arrivalTime }
  if (data === undefined) return { ...place, doc: null, problem: 'not_utf8' }
  const parsed = parsedJson(data)
  if (parsed instanceof SyntaxError) return { ...place, doc: null, problem: 'not_json' }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return { ...place, doc: null, problem: 'not_an_object' }
  return { ...place, doc: withoutLoneSurrogates(JSON.stringify(parsed)), problem: null }
}

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return error
    throw error
  }
}

/** JSON.stringify escapes lone surrogates and no others (ECMA-262, QuoteJSONString); U+FFFD stands for them in UTF-8. */
const withoutLoneSurrogates = (json: string): string =>
  json.includes('\\ud') ? json.replace(/(?<!\\)((?:\\\\)*)\\ud[0-9a-f]{3}/g, '$1\ufffd') : json
