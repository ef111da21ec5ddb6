import { type LakeTexts, lakeTexts } from '../core/lake-columns.ts'
import { lakeBytes } from '../core/lake-text.ts'
import type { Model } from '../core/model.ts'
import { placeInShard, placeInStream } from '../core/record.ts'
import { Block, leftOutHere, leftOutThere, type PlacedRecord } from './block.ts'
import { frameKinds, readFrame, writeFrame } from './frames.ts'
import { recordsOfColumns, recordsOfLines, type Source } from './inputs.ts'
import { type LeftOut, leftOutOf, nothingLeftOut } from './left-out.ts'

/**
 * Decodes all records that come in frames on `input` and writes their blocks to `output`, both file descriptors. It
 * reads and writes blocking, so it never holds more than a frame and a block. Returns at the end of the input.
 */
export const work = (model: Model, input: number, output: number): void => {
  const block = new Block()
  let source: Source | null = null
  let leftOut = nothingLeftOut
  const forLake = lakeBytes(model.data)
  const textsOf = new Map(model.data.events.map((event) => [event.name, lakeTexts(event)]))
  let records = 0
  for (let frame = readFrame(input); frame !== null; frame = readFrame(input)) {
    if (frame.kind === frameKinds.source) {
      source = JSON.parse(frame.payload.toString('utf8'))
      continue
    }
    if (frame.kind === frameKinds.exclusions) {
      leftOut = leftOutOf(JSON.parse(frame.payload.toString('utf8')), model.data)
      continue
    }
    const fromLake = frame.kind === frameKinds.records
    for (const record of recordsOf(frame.kind, frame.payload, source)) {
      decodeInto(block, record, { model, leftOut, forLake, textsOf, fromLake })
      records++
      if (block.full) writeFrame(output, frameKinds.block, block.take())
    }
  }
  if (!block.empty) writeFrame(output, frameKinds.block, block.take())
  writeFrame(output, frameKinds.done, [Buffer.from(JSON.stringify({ records }))])
}

const recordsOf = (kind: number, payload: Buffer, source: Source | null): Iterable<PlacedRecord> => {
  if (kind === frameKinds.records) return recordsOfColumns(payload)
  if (kind !== frameKinds.lines) throw new Error(`The worker knows no frame of kind ${kind}.`)
  if (source === null) throw new Error('Lines came before the source that they belong to.')
  return recordsOfLines(payload, source)
}

/** What takes a record's place that counts nowhere, so that the job can count it: it has no twin, no contribution and no data. */
const excludedType = '_excluded'

interface Decoding {
  readonly model: Model
  readonly leftOut: LeftOut
  readonly forLake: ReturnType<typeof lakeBytes>
  /** By event. */
  readonly textsOf: ReadonlyMap<string, LakeTexts>
  readonly fromLake: boolean
}

/** A record that is left out here alone keeps its identity and what it adds, which is what is served and not here; it has no data, since it goes nowhere. */
const decodeInto = (
  block: Block,
  record: PlacedRecord,
  { model, leftOut, forLake, textsOf, fromLake }: Decoding,
): void => {
  const { shardId, sequenceNumber, subSequence, arrivalTime, data } = record
  const decoded = model.decode({ shardId, sequenceNumber, subSequence, arrivalTime, text: data, fromLake })
  const { here, there } = leftOut(record, decoded)
  const flags = (here ? leftOutHere : 0) + (there ? leftOutThere : 0)
  const kept = { ...record, ...(here ? { data: null, dataBase64: null } : forLake(decoded, record)) }
  if (here && there) {
    const id = `${shardId}/${placeInShard(record)}`
    const place = placeInStream(record)
    const nothing = { type: excludedType, id, eventTime: arrivalTime, row: {}, place, rejection: null }
    block.push(kept, { decoded: nothing, fields: [], contributions: [], leftOut: flags })
    return
  }
  const fields = kept.data === null ? [] : (textsOf.get(decoded.type)?.(decoded.row, kept.data) ?? [])
  block.push(kept, { decoded, fields, contributions: model.contributions(decoded, 'batch'), leftOut: flags })
}
