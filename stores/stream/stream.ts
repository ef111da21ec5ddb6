/** One record as a producer hands it over. */
export interface StreamRecord {
  readonly data: Uint8Array
  /** 1 to 256 characters; records of one key go to one shard, in order of acceptance. */
  readonly partitionKey: string
}

export interface PutOutcome {
  readonly accepted: number
  /** How often a record had to be sent again: throttled, or failed inside Kinesis. */
  readonly retried: number
  /** The greatest sequence number accepted, padded to 64 digits, by shard. */
  readonly lastSequenceNumbers: Readonly<Record<string, string>>
}

export interface StreamShard {
  readonly shardId: string
  /** None for a shard that was there from the start; one after a split, two after a merge. */
  readonly parentShardIds: readonly string[]
}

export interface Stream {
  /**
   * Puts all records, in any number of requests; sends again what was throttled.
   * @throws RecordTooLarge before anything is sent; RecordsNotAccepted where some stayed refused.
   */
  put(records: readonly StreamRecord[]): Promise<PutOutcome>
  /** All shards, closed ones included as long as Kinesis keeps them. */
  shards(): Promise<StreamShard[]>
  /**
   * When the first record after a sequence number arrived that the stream still holds, epoch ms; null: there is none.
   * @param sequenceNumber padded or not; '': from the oldest record on
   */
  oldestAfter(shardId: string, sequenceNumber: string): Promise<number | null>
}

export class RecordTooLarge extends Error {
  override readonly name = 'RecordTooLarge'
  readonly index: number
  readonly recordBytes: number

  constructor(index: number, recordBytes: number, maxRecordBytes: number) {
    super(
      `Record ${index} has ${recordBytes} bytes with its partition key; the stream takes ${maxRecordBytes}. Nothing was put.`,
    )
    this.index = index
    this.recordBytes = recordBytes
  }
}

export class RecordsNotAccepted extends Error {
  override readonly name = 'RecordsNotAccepted'
  /** What was accepted all the same. */
  readonly outcome: PutOutcome
  readonly refused: readonly StreamRecord[]

  constructor(outcome: PutOutcome, refused: readonly StreamRecord[], attempts: number, lastError: string) {
    super(
      `${refused.length} records were refused ${attempts} times (last: ${lastError}); ${outcome.accepted} were accepted. Put the refused ones again, more slowly.`,
    )
    this.outcome = outcome
    this.refused = refused
  }
}
