import { type ExclusionSet, excluder, type IsExcluded } from '../core/exclusion.ts'
import { lakeBytes } from '../core/lake-text.ts'
import type { Model } from '../core/model.ts'
import { placeInShard } from '../core/record.ts'
import { Block, type PlacedRecord } from './block.ts'
import { frameKinds, readFrame, writeFrame } from './frames.ts'
import { recordsOfColumns, recordsOfLines, type Source } from './inputs.ts'

/**
 * Decodes all records that come in frames on `input` and writes their blocks to `output`, both file descriptors. It
 * reads and writes blocking, so it never holds more than a frame and a block. Returns at the end of the input.
 */
export const work = (model: Model, input: number, output: number): void => {
  const block = new Block()
  let source: Source | null = null
  let isExcluded = excluder([], model.data)
  const forLake = lakeBytes(model.data)
  let records = 0
  for (let frame = readFrame(input); frame !== null; frame = readFrame(input)) {
    if (frame.kind === frameKinds.source) {
      source = JSON.parse(frame.payload.toString('utf8'))
      continue
    }
    if (frame.kind === frameKinds.exclusions) {
      const { exclusions } = JSON.parse(frame.payload.toString('utf8')) as ExclusionSet
      isExcluded = excluder(exclusions, model.data)
      continue
    }
    const fromLake = frame.kind === frameKinds.records
    for (const record of recordsOf(frame.kind, frame.payload, source)) {
      decodeInto(block, record, { model, isExcluded, forLake, fromLake })
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

/** What takes an excluded record's place, so that the job can count it: it has no twin, no contribution and no data. */
const excludedType = '_excluded'

interface Decoding {
  readonly model: Model
  readonly isExcluded: IsExcluded
  readonly forLake: ReturnType<typeof lakeBytes>
  readonly fromLake: boolean
}

const decodeInto = (block: Block, record: PlacedRecord, { model, isExcluded, forLake, fromLake }: Decoding): void => {
  const { shardId, sequenceNumber, subSequence, arrivalTime, data } = record
  const decoded = model.decode({ shardId, sequenceNumber, subSequence, arrivalTime, text: data, fromLake })
  if (isExcluded(decoded)) {
    const left = {
      type: excludedType,
      id: `${shardId}/${placeInShard(record)}`,
      eventTime: arrivalTime,
      row: {},
      rejection: null,
    }
    block.push({ ...record, data: null, dataBase64: null }, left, [])
  } else block.push({ ...record, ...forLake(decoded, record) }, decoded, model.contributions(decoded, 'batch'))
}
