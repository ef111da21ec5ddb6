import type { RawRecord } from '../../core/record.ts'
import type { StreamShard } from '../../stores/stream/stream.ts'

export interface SimulatedShard extends StreamShard {
  readonly records: RawRecord[]
  isOpen: boolean
}

/** A Kinesis stream: shards, their records in order, and what becomes of them by splits and merges. */
export class SimulatedStream {
  readonly all: SimulatedShard[] = []
  #sequence = 0

  constructor(shards: number) {
    for (let more = shards; more > 0; more--) this.#open([])
  }

  get open(): SimulatedShard[] {
    return this.all.filter(({ isOpen }) => isOpen)
  }

  get records(): RawRecord[] {
    return this.all.flatMap(({ records }) => records)
  }

  /** @returns the record, accepted. @param gap sequence numbers that are left out before it */
  put(shard: SimulatedShard, text: string | null, arrivalTime: number, gap: number): RawRecord {
    this.#sequence += 1 + gap
    const sequenceNumber = String(this.#sequence).padStart(64, '0')
    const record = { shardId: shard.shardId, sequenceNumber, arrivalTime, text }
    shard.records.push(record)
    return record
  }

  split(parent: SimulatedShard): void {
    parent.isOpen = false
    this.#open([parent.shardId])
    this.#open([parent.shardId])
  }

  merge(one: SimulatedShard, other: SimulatedShard): void {
    one.isOpen = false
    other.isOpen = false
    this.#open([one.shardId, other.shardId])
  }

  async shards(): Promise<StreamShard[]> {
    return this.all.map(({ shardId, parentShardIds }) => ({ shardId, parentShardIds }))
  }

  #open(parentShardIds: readonly string[]): void {
    const shardId = `shardId-${String(this.all.length).padStart(12, '0')}`
    this.all.push({ shardId, parentShardIds, records: [], isOpen: true })
  }
}
