import { expandAggregates } from '../../core/aggregate.ts'
import type { Contribution } from '../../core/contribution.ts'
import { type KinesisEventRecord, type ReceivedRecord, readKinesisEvent } from '../../core/kinesis-record.ts'
import type { Model } from '../../core/model.ts'
import { encodeRawLine } from '../../core/raw-archive.ts'
import type { Decoded } from '../../core/record.ts'
import { frameKinds } from '../../spark/frames.ts'
import { columnsOf, workerAnswers } from '../spark/block-reader.ts'
import { arrivalTime, inputOf } from './inputs.ts'
import { flawOf, prototypesNow, stepsOf } from './properties.ts'
import { randomOf } from './random.ts'

export interface FuzzOptions {
  readonly model: Model
  readonly inputs: number
  readonly seed: number
  /** The worker's input and output are written there. */
  readonly scratchDir: string
  /** Called after each batch with the inputs done. */
  readonly onProgress?: (inputs: number) => void
}

export interface Fuzzed {
  readonly inputs: number
  /** Those inside aggregates each by itself. */
  readonly records: number
  readonly contributions: number
  /** Records by `taken`, or by the reason they were rejected for. */
  readonly verdicts: Readonly<Record<string, number>>
}

const batchInputs = 1000
const shardId = 'shardId-000000000000'

/**
 * Decodes inputs that the seed decides by the speed functions' path and by the Spark worker's.
 * @throws at the first that breaks a property, with its bytes
 */
export const fuzz = ({ model, inputs, seed, scratchDir, onProgress }: FuzzOptions): Fuzzed => {
  const random = randomOf(seed)
  const before = prototypesNow()
  const verdicts: Record<string, number> = {}
  let [records, contributions] = [0, 0]
  for (let done = 0; done < inputs; ) {
    const batch = Array.from({ length: Math.min(batchInputs, inputs - done) }, () => inputOf(random))
    const received = readKinesisEvent({ Records: batch.map(kinesisRecord) }).records
    const sides = received.map((record) => speedSide(model, record))
    const worked = batchSide(model, scratchDir, received)
    const expected = sides.flat().map(({ text }) => text)
    const differing = expected.findIndex((text, index) => text !== worked[index])
    if (differing >= 0 || worked.length !== expected.length)
      throw new Error(`Speed and batch differ: ${expected[differing]} and ${worked[differing]}.`)
    for (const { verdict, parts } of sides.flat()) {
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
      records += 1
      contributions += parts
    }
    if (prototypesNow() !== before)
      throw new Error(`A record among ${done} to ${done + batch.length} changed a prototype.`)
    done += batch.length
    onProgress?.(done)
  }
  return { inputs, records, contributions, verdicts }
}

const kinesisRecord = (bytes: Buffer, index: number): KinesisEventRecord => ({
  eventID: `${shardId}:${index + 1}`,
  kinesis: {
    sequenceNumber: String(index + 1),
    partitionKey: 'k',
    approximateArrivalTimestamp: arrivalTime / 1000,
    data: bytes.toString('base64'),
  },
})

interface SpeedSide {
  readonly verdict: string
  readonly parts: number
  readonly text: string
}

const speedSide = (model: Model, received: ReceivedRecord): SpeedSide[] => {
  try {
    if (received.text === null && stepsOf(received.bytes.subarray(4)) > received.bytes.length)
      throw new Error('its message takes more steps than it has bytes')
    return expandAggregates([received]).map((record) => {
      const decoded = model.decode(record)
      const flaw = flawOf(model, decoded)
      if (flaw !== null) throw new Error(flaw)
      const batch = model.contributions(decoded, 'batch')
      const text = describe(record.subSequence ?? 0, decoded, batch)
      if (describe(record.subSequence ?? 0, model.decode({ ...record }), batch) !== text)
        throw new Error('it is decoded otherwise the second time')
      const speed = model.contributions(decoded, 'speed')
      const shared = batch.filter(({ distinct }) => distinct !== true)
      if (JSON.stringify(speed) !== JSON.stringify(shared)) throw new Error('speed and batch contribute otherwise')
      return { verdict: decoded.rejection?.reason ?? 'taken', parts: batch.length, text }
    })
  } catch (cause) {
    throw new Error(`The record ${Buffer.from(received.bytes).toString('base64')} (base64): ${cause}`, { cause })
  }
}

/** All that must be the same on both sides, as one text. -0 is 0: no store tells them apart. */
const describe = (
  subSequence: number,
  { type, id, eventTime, rejection }: Pick<Decoded, 'type' | 'id' | 'eventTime' | 'rejection'>,
  contributions: readonly Contribution[],
): string =>
  JSON.stringify([
    subSequence,
    type,
    id,
    eventTime,
    rejection?.reason ?? null,
    rejection?.detail ?? null,
    contributions.map(({ metric, bucket, dims, component, op, value, distinct }) => [
      ...[metric, bucket, dims, component, op, value, distinct === true],
    ]),
  ])

const batchSide = (model: Model, scratchDir: string, received: readonly ReceivedRecord[]): string[] => {
  const source = { name: 'raw/x', shardId, above: null, upTo: '9'.repeat(64) }
  const frames = [
    { kind: frameKinds.source, payload: Buffer.from(JSON.stringify(source)) },
    { kind: frameKinds.lines, payload: Buffer.from(`${received.map(encodeRawLine).join('\n')}\n`) },
  ]
  return workerAnswers(model, scratchDir, frames)
    .filter(({ kind }) => kind === frameKinds.block)
    .flatMap((block) => recordsOfBlock(columnsOf(block)))
}

/** Columns stand in the order of `Block.take`; a text takes three places. */
const recordsOfBlock = ({ counts, text, numbers, offsets }: ReturnType<typeof columnsOf>): string[] => {
  const [types, ids, times, subs, reasons, details] = [text(0), text(3), numbers(6), numbers(16), text(24), text(27)]
  const [ends, metrics, buckets, dimEnds, dims] = [offsets(30), text(31), numbers(34), offsets(35), text(36)]
  const [components, ops, values, distincts] = [text(39), text(42), numbers(45), numbers(46)]
  return Array.from({ length: counts[0] ?? 0 }, (_, row) => {
    const contributions = range(ends[row], ends[row + 1]).map((at) => ({
      metric: String(metrics[at]),
      bucket: buckets[at] ?? Number.NaN,
      dims: dims.slice(dimEnds[at], dimEnds[at + 1]),
      component: String(components[at]),
      op: ops[at] as Contribution['op'],
      value: values[at] ?? Number.NaN,
      ...(distincts[at] === 1 ? { distinct: true as const } : {}),
    }))
    const reason = reasons[row] as NonNullable<Decoded['rejection']>['reason'] | null
    const rejection = reason === null || reason === undefined ? null : { reason, detail: String(details[row]) }
    const decoded = { type: String(types[row]), id: String(ids[row]), eventTime: times[row] ?? Number.NaN, rejection }
    return describe(subs[row] ?? Number.NaN, decoded, contributions)
  })
}

const range = (from = 0, to = 0): number[] => Array.from({ length: to - from }, (_, index) => from + index)
