import { Problem } from '../../core/problem.ts'
import type { Pin } from '../../sql/states.ts'

/** Where an answer goes on: how many rows were answered, and the state that they were answered from. */
export interface Cursor {
  readonly offset: number
  readonly pin: Pin
  /** By whose definitions. */
  readonly modelVersion: string
  /** Of a metric over sessions: as of when, epoch ms. */
  readonly asOf?: number
}

export const writeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url')

/** @throws Problem invalid_cursor where the text is none that was answered */
export const readCursor = (text: string | null): Cursor | null => {
  if (text === null) return null
  const value = parse(text)
  if (!isCursor(value)) throw new Problem('invalid_cursor', 400, 'cursor is none that an answer gave as its next.')
  return value
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** Ids and digits only: a cursor comes from outside, and its pin stands in SQL text. */
const isCursor = (value: unknown): value is Cursor => {
  if (typeof value !== 'object' || value === null) return false
  const { offset, pin, modelVersion, asOf } = value as Partial<Cursor>
  if (!Number.isSafeInteger(offset) || Number(offset) < 0 || typeof pin !== 'object' || pin === null) return false
  if (typeof modelVersion !== 'string' || (asOf !== undefined && !Number.isSafeInteger(asOf))) return false
  if (typeof pin.datasetId !== 'string' || !/^[\w.:-]{0,64}$/.test(pin.datasetId)) return false
  if (typeof pin.positions !== 'object' || pin.positions === null) return false
  return Object.entries(pin.positions).every(
    ([shardId, position]) =>
      /^[\w.-]{1,128}$/.test(shardId) && typeof position === 'string' && /^\d{64}$/.test(position),
  )
}
