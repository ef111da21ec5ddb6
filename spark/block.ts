import type { Contribution } from '../core/contribution.ts'
import type { Decoded } from '../core/record.ts'
import { NumberColumn, OffsetColumn, TextColumn } from './columns.ts'
import { packBuffers } from './frames.ts'

/** One record's place in the stream, and its bytes: as text, or where they are not UTF-8, in base64. */
export interface PlacedRecord {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly subSequence: number
  readonly arrivalTime: number
  readonly data: string | null
  readonly dataBase64: string | null
}

/** What the model says of a record. */
export interface DecodedRecord {
  readonly decoded: Decoded
  /** Its event's columns in the lake, as text (`lakeTexts`); empty: it goes nowhere, or is no event. */
  readonly fields: readonly (string | null)[]
  readonly contributions: readonly Contribution[]
  /** The sum of `leftOutHere` and `leftOutThere`, as they hold. */
  readonly leftOut: number
}

/** A block is sent when it holds this much: some MB, whatever the records' size. */
const fullRecords = 8192
const fullBytes = 2 * 1024 * 1024

/** Gathers decoded records as columns. The order of `take` is that of `decoded_block` in `recompute.py`. */
export class Block {
  private readonly eventType = new TextColumn()
  private readonly eventId = new TextColumn()
  private readonly eventTime = new NumberColumn()
  private readonly eventDate = new TextColumn()
  private readonly shardId = new TextColumn()
  private readonly sequenceNumber = new TextColumn()
  private readonly subSequence = new NumberColumn()
  private readonly arrivalTime = new NumberColumn()
  private readonly data = new TextColumn()
  private readonly dataBase64 = new TextColumn()
  private readonly reason = new TextColumn()
  private readonly detail = new TextColumn()
  private readonly contributionEnds = new OffsetColumn()
  private readonly metric = new TextColumn()
  private readonly bucket = new NumberColumn()
  private readonly dimensionEnds = new OffsetColumn()
  private readonly dimension = new TextColumn()
  private readonly component = new TextColumn()
  private readonly op = new TextColumn()
  private readonly value = new NumberColumn()
  private readonly distinct = new NumberColumn()
  private readonly body = new TextColumn()
  private readonly leftOut = new NumberColumn()
  private readonly fieldEnds = new OffsetColumn()
  private readonly field = new TextColumn()

  get empty(): boolean {
    return this.eventType.length === 0
  }

  get full(): boolean {
    return (
      this.eventType.length >= fullRecords ||
      this.data.byteLength + this.dataBase64.byteLength + this.body.byteLength + this.field.byteLength >= fullBytes ||
      this.metric.length >= 8 * fullRecords
    )
  }

  push(record: PlacedRecord, { decoded, fields, contributions, leftOut }: DecodedRecord): void {
    this.eventType.push(decoded.type)
    this.eventId.push(decoded.id)
    this.eventTime.push(decoded.eventTime)
    this.eventDate.push(utcDate(decoded.eventTime))
    this.shardId.push(record.shardId)
    this.sequenceNumber.push(record.sequenceNumber)
    this.subSequence.push(record.subSequence)
    this.arrivalTime.push(record.arrivalTime)
    this.data.push(record.data)
    this.dataBase64.push(record.dataBase64)
    this.reason.push(decoded.rejection?.reason ?? null)
    this.detail.push(decoded.rejection?.detail ?? null)
    for (const contribution of contributions) this.pushContribution(contribution)
    this.contributionEnds.push(this.metric.length)
    this.leftOut.push(leftOut)
    for (const field of fields) this.field.push(field)
    this.fieldEnds.push(this.field.length)
  }

  /** A `block` frame's payload; the block is empty afterwards. */
  take(): Uint8Array[] {
    const counts = [this.eventType.length, this.metric.length, this.dimension.length, this.field.length]
    const columns = [
      ...[this.eventType, this.eventId, this.eventTime, this.eventDate, this.shardId, this.sequenceNumber],
      ...[this.subSequence, this.arrivalTime, this.data, this.dataBase64, this.reason, this.detail],
      ...[
        this.contributionEnds,
        this.metric,
        this.bucket,
        this.dimensionEnds,
        this.dimension,
        this.component,
        this.op,
        this.value,
      ],
      ...[this.distinct, this.body, this.leftOut, this.fieldEnds, this.field],
    ]
    return packBuffers(
      counts,
      columns.flatMap((column) => column.take()),
    )
  }

  private pushContribution(contribution: Contribution): void {
    this.metric.push(contribution.metric)
    this.bucket.push(contribution.bucket)
    for (const dimension of contribution.dims) this.dimension.push(dimension)
    this.dimensionEnds.push(this.dimension.length)
    this.component.push(contribution.component)
    this.op.push(contribution.op)
    this.value.push(contribution.value)
    this.distinct.push(contribution.distinct === true ? 1 : 0)
    this.body.push(contribution.body ?? null)
  }
}

/** A block's flags of a record: the dataset leaves it out; what is served does. */
export const leftOutHere = 1
export const leftOutThere = 2

const dayMs = 86_400_000
let lastDay = Number.NaN
let lastDate = ''

/** YYYY-MM-DD. Events come roughly in order of time, so the last day is the likeliest. */
const utcDate = (eventTime: number): string => {
  const day = Math.floor(eventTime / dayMs)
  if (day !== lastDay) {
    lastDate = new Date(day * dayMs).toISOString().replace(/T.*/, '')
    lastDay = day
  }
  return lastDate
}
