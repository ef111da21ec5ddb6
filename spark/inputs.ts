import { expandAggregates } from '../core/aggregate.ts'
import type { PlacedRecord } from './block.ts'
import { unpackBuffers } from './frames.ts'

/** Where lines come from: records of `shardId` above `above` (null: from the start) and at or below `upTo` count. */
export interface Source {
  readonly name: string
  readonly shardId: string
  readonly above: string | null
  readonly upTo: string
}

const newline = 0x0a

/** The records of whole lines of a raw object, aggregates expanded. @throws where a line is none of the archive's, or another shard's. */
export function* recordsOfLines(lines: Buffer, source: Source): Iterable<PlacedRecord> {
  for (let start = 0; start < lines.length; ) {
    const found = lines.indexOf(newline, start)
    const end = found === -1 ? lines.length : found
    // UTF-8 line by line: a block with a single character beyond Latin-1 would else become a string twice the size.
    if (end > start) yield* recordsOfLine(lines.toString('utf8', start, end), source)
    start = end + 1
  }
}

/** The records of a raw line; none where it lies outside the source's bounds. */
const recordsOfLine = (line: string, source: Source): readonly PlacedRecord[] => {
  const { shardId, sequenceNumber, arrivalTime, partitionKey, data, dataBase64 } = parsed(line, source)
  if (shardId !== source.shardId || typeof sequenceNumber !== 'string' || typeof arrivalTime !== 'number')
    throw new Error(`${source.name} holds a line that is no record of ${source.shardId}: ${line.slice(0, 200)}`)
  if (sequenceNumber > source.upTo || (source.above !== null && sequenceNumber <= source.above)) return []
  if ((typeof data === 'string') === (typeof dataBase64 === 'string'))
    throw new Error(`${source.name}: record ${sequenceNumber} needs one of data and dataBase64.`)
  const place = { shardId, sequenceNumber, subSequence: 0, arrivalTime }
  if (typeof data === 'string') return [{ ...place, data, dataBase64: null }]
  const bytes = Buffer.from(dataBase64, 'base64')
  return expandAggregates([{ ...place, partitionKey, text: null, bytes }]).map((record) => ({
    ...place,
    subSequence: record.subSequence ?? 0,
    data: record.text,
    dataBase64: record.text === null ? Buffer.from(record.bytes).toString('base64') : null,
  }))
}

const parsed = (line: string, source: Source) => {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw new Error(`${source.name} holds a line that is not JSON: ${line.slice(0, 200)}`, { cause })
  }
}

/**
 * The records of a `records` frame: four text columns (validity, ends, bytes), between them arrival times and, last,
 * places in an aggregate as float64. They were expanded before they went to the lake.
 */
export function* recordsOfColumns(payload: Buffer): Iterable<PlacedRecord> {
  const { counts, buffers } = unpackBuffers(payload, 1)
  const [shardIds, sequenceNumbers, data, dataBase64] = [0, 3, 7, 10].map((at) => textsOf(buffers.slice(at, at + 3)))
  const [arrivalTimes, subSequences] = [buffers[6], buffers[13]]
  if (!shardIds || !sequenceNumbers || !data || !dataBase64 || !arrivalTimes || !subSequences)
    throw new Error(`A frame of records has ${buffers.length} buffers instead of 14.`)
  for (let row = 0; row < (counts[0] ?? 0); row++)
    yield {
      shardId: shardIds(row) ?? '',
      sequenceNumber: sequenceNumbers(row) ?? '',
      subSequence: subSequences.readDoubleLE(8 * row),
      arrivalTime: arrivalTimes.readDoubleLE(8 * row),
      data: data(row),
      dataBase64: dataBase64(row),
    }
}

const textsOf = ([validity, ends, bytes]: readonly Buffer[]): ((row: number) => string | null) => {
  if (validity === undefined || ends === undefined || bytes === undefined)
    throw new Error('A text column needs three buffers: validity, ends and bytes.')
  return (row) => {
    const known = validity.length === 0 || ((validity[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
    return known ? bytes.toString('utf8', ends.readInt32LE(4 * row), ends.readInt32LE(4 * row + 4)) : null
  }
}
