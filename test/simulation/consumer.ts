import type { RawRecord } from '../../core/record.ts'
import type { FunctionName } from './functions.ts'
import type { SimulatedShard } from './stream.ts'

/** One event source mapping's place in one shard. */
export class Consumer {
  readonly functionName: FunctionName
  readonly shard: SimulatedShard
  isBusy = false
  /** How many records are done. */
  done = 0

  constructor(functionName: FunctionName, shard: SimulatedShard) {
    this.functionName = functionName
    this.shard = shard
  }

  get isAtEnd(): boolean {
    return this.done >= this.shard.records.length
  }

  /** The next records. @param back how many are brought again, as after a lost checkpoint */
  batch(back: number, size: number): { readonly from: number; readonly records: readonly RawRecord[] } {
    const from = Math.max(0, this.done - back)
    return { from, records: this.shard.records.slice(from, this.done + size) }
  }
}

/** Every function's place in every shard; a child shard is begun once its parents are read to their ends. */
export class Consumers {
  readonly #names: readonly FunctionName[]
  readonly #byShard = new Map<SimulatedShard, Map<FunctionName, Consumer>>()

  constructor(names: readonly FunctionName[]) {
    this.#names = names
  }

  /** Those that may be given records now. */
  startable(shards: readonly SimulatedShard[]): Consumer[] {
    return this.all(shards).filter(
      (consumer) => !consumer.isBusy && !consumer.isAtEnd && this.#areParentsDone(consumer, shards),
    )
  }

  all(shards: readonly SimulatedShard[]): Consumer[] {
    return shards.flatMap((shard) => this.#names.map((name) => this.of(name, shard)))
  }

  of(name: FunctionName, shard: SimulatedShard): Consumer {
    const ofShard = this.#byShard.get(shard) ?? new Map<FunctionName, Consumer>()
    this.#byShard.set(shard, ofShard)
    const consumer = ofShard.get(name) ?? new Consumer(name, shard)
    ofShard.set(name, consumer)
    return consumer
  }

  #areParentsDone({ functionName, shard }: Consumer, shards: readonly SimulatedShard[]): boolean {
    return shard.parentShardIds.every((parentId) => {
      const parent = shards.find(({ shardId }) => shardId === parentId)
      if (parent === undefined) return true
      const consumer = this.of(functionName, parent)
      return consumer.isAtEnd && !consumer.isBusy && this.#areParentsDone(consumer, shards)
    })
  }
}
