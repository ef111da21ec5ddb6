import { createHash } from 'node:crypto'
import type { StreamRecord } from '../stores/stream/stream.ts'

/** A line that is no event: no JSON, or JSON that is no object. */
export interface BadLine {
  readonly lineNumber: number
  readonly reason: string
}

/** Kinesis takes partition keys of 1 to 256 characters (API reference, PutRecordsRequestEntry). */
const longestKey = 256

/** The record of one line, or why it is none. Lines go as they stand, byte for byte. */
export const recordOf = (line: string, lineNumber: number): StreamRecord | BadLine => {
  const event = parsed(line)
  if (event instanceof SyntaxError) return { lineNumber, reason: `is not JSON (${event.message})` }
  if (event === null || typeof event !== 'object' || Array.isArray(event))
    return { lineNumber, reason: 'is JSON but no object' }
  return { data: Buffer.from(line, 'utf8'), partitionKey: partitionKeyOf(event, line) }
}

export const isBad = (record: StreamRecord | BadLine): record is BadLine => 'lineNumber' in record

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return error
    throw error
  }
}

/** The event's own id, so that its twins go to one shard; without one, the line spreads by its hash. */
const partitionKeyOf = (event: object, line: string): string => {
  const { id } = event as { id?: unknown }
  if (typeof id === 'string' && id.length >= 1 && id.length <= longestKey) return id
  return createHash('sha256').update(line).digest('hex').slice(0, 32)
}

/** The lines of a text in chunks, ended by `\n` alone (JSON may hold U+2028 as it is); `\r` before it goes. */
export const linesOf = async function* (chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
  }
  if (rest !== '') yield rest
}
