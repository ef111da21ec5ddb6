import { ResourceNotFoundException, type _Record as StreamRecord } from '@aws-sdk/client-kinesis'
import type { Log } from '../running.ts'
import { type Backoff, backoffMs } from './backoff.ts'
import { type BatchLimits, dueBatch, largestPayloadBytes } from './batch.ts'
import type { Checkpoints } from './checkpoints.ts'
import { type EventRecord, eventJson, eventRecordFrom } from './event.ts'
import type { Mapping } from './mapping.ts'
import { type ShardReader, shardReader } from './reader.ts'
import { type Outcome, readOutcome } from './response.ts'
import type { Services } from './services.ts'
import { type Signal, signal } from './signal.ts'

/** What a shard's consumer works with. */
export interface ShardContext {
  readonly services: Services
  readonly mapping: Mapping
  readonly roleArn: string
  readonly region: string
  readonly checkpoints: Checkpoints
  readonly log: Log
  readonly now: () => number
  readonly random: () => number
  /** Aborted when no further batch may begin. */
  readonly stopping: AbortSignal
  /** Aborted when invocations still running are to be given up. */
  readonly givingUp: AbortSignal
}

const idlePollMs = 200
/** Read ahead while the function runs, up to this. */
const bufferRecords = 20_000
const bufferBytes = 16 * 1024 * 1024
const backoff: Backoff = { firstMs: 100, longestMs: 30_000 }

interface Buffered extends EventRecord {
  readonly readAt: number
}

/** Takes one shard's records to one function, one batch at a time, in order. */
class ShardConsumer {
  readonly #context: ShardContext
  readonly #shardId: string
  readonly #reader: ShardReader<EventRecord>
  readonly #limits: BatchLimits
  readonly #changed: Signal = signal()
  #buffer: Buffered[] = []
  #bytes = 0
  #ended = false
  #over = false
  #failures = 0
  #lastDone: string | undefined

  constructor(context: ShardContext, shardId: string) {
    this.#context = context
    this.#shardId = shardId
    this.#lastDone = context.checkpoints.get(shardId)?.sequenceNumber
    this.#limits = {
      batchSize: context.mapping.batchSize,
      batchingWindowMs: context.mapping.batchingWindowMs,
      payloadBytes: largestPayloadBytes,
    }
    const { streamArn } = context.mapping
    const source = { shardId, streamArn, region: context.region, roleArn: context.roleArn }
    const convert = (record: StreamRecord) => eventRecordFrom(source, record)
    this.#reader = shardReader(context.services, { streamArn, shardId }, this.#lastDone, convert, context.now)
    context.stopping.addEventListener('abort', () => this.#changed.raise(), { once: true })
  }

  async run(): Promise<void> {
    const reading = this.#readAhead()
    try {
      await this.#deliver()
    } finally {
      this.#over = true
      this.#changed.raise()
      await reading
    }
  }

  get #stopping(): boolean {
    return this.#over || this.#context.stopping.aborted
  }

  #say(line: string): void {
    this.#context.log(`${this.#context.mapping.functionName} ${this.#shardId}: ${line}`)
  }

  async #readAhead(): Promise<void> {
    let failures = 0
    while (!this.#stopping && !this.#ended) {
      if (this.#buffer.length >= bufferRecords || this.#bytes >= bufferBytes) {
        await this.#changed.wait(Number.POSITIVE_INFINITY)
        continue
      }
      try {
        const count = await this.#readOnce()
        failures = 0
        if (count === 0 && !this.#ended) await this.#pause(idlePollMs)
      } catch (error) {
        failures += 1
        await this.#pauseAfter(`reading failed (${failures} in a row): ${error}`, failures)
      }
    }
    this.#changed.raise()
  }

  async #readOnce(): Promise<number> {
    const { records, ended } = await this.#readOrEnd()
    const readAt = this.#context.now()
    for (const record of records) {
      this.#buffer.push({ ...record, readAt })
      this.#bytes += record.bytes
    }
    this.#ended = ended
    if (records.length > 0) this.#changed.raise()
    return records.length
  }

  /** A shard that the stream no longer lists has ended; the emulator forgets a shard as soon as it is split or merged. */
  async #readOrEnd() {
    try {
      return await this.#reader.read()
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error
      const listed = await this.#context.services.listShards(this.#context.mapping.streamArn)
      if (listed.some(({ shardId }) => shardId === this.#shardId)) throw error
      this.#say('the stream no longer has this shard; records of it that were not read before can not be had any more')
      return { records: [], ended: true }
    }
  }

  async #deliver(): Promise<void> {
    while (!this.#stopping) {
      if (this.#ended && this.#buffer.length === 0) return this.#end()
      const now = this.#context.now()
      const firstReadAt = this.#buffer[0]?.readAt ?? now
      const due = dueBatch(this.#buffer, this.#limits, { now, firstReadAt, ended: this.#ended })
      if ('waitMs' in due) await this.#changed.wait(due.waitMs)
      else await this.#deliverAll(due.take)
    }
  }

  /** Invokes the function until the buffer's first `count` records are done; a retry never takes in later records. */
  async #deliverAll(count: number): Promise<void> {
    let left = count
    while (left > 0 && !this.#stopping) {
      const batch = this.#buffer.slice(0, left)
      const { done, reason } = await this.#invoke(batch)
      await this.#markDone(done)
      left -= done
      if (left === 0) this.#failures = 0
      else {
        this.#failures = done > 0 ? 1 : this.#failures + 1
        const from = this.#buffer[0]?.sequenceNumber
        const text = `${done} of ${batch.length} records done, retrying from ${from} (attempt ${this.#failures + 1}): ${reason}`
        await this.#pauseAfter(text, this.#failures)
      }
    }
  }

  async #invoke(batch: readonly Buffered[]): Promise<Outcome> {
    const { services, mapping, givingUp } = this.#context
    try {
      const result = await services.invoke(mapping.functionArn, eventJson(batch), givingUp)
      return readOutcome(result, batch, mapping.reportsItemFailures)
    } catch (error) {
      return { done: 0, reason: `the invocation failed: ${error}` }
    }
  }

  async #markDone(count: number): Promise<void> {
    const last = this.#buffer[count - 1]
    if (!last) return
    this.#lastDone = last.sequenceNumber
    await this.#context.checkpoints.save(this.#shardId, { sequenceNumber: this.#lastDone, ended: false })
    for (const { bytes } of this.#buffer.slice(0, count)) this.#bytes -= bytes
    this.#buffer = this.#buffer.slice(count)
    this.#changed.raise()
  }

  async #end(): Promise<void> {
    const sequenceNumber = this.#lastDone === undefined ? {} : { sequenceNumber: this.#lastDone }
    await this.#context.checkpoints.save(this.#shardId, { ...sequenceNumber, ended: true })
    this.#say('read to its end')
  }

  async #pauseAfter(line: string, failures: number): Promise<void> {
    if (this.#stopping) return this.#say(`${line}; stopping`)
    const waitMs = backoffMs(failures, backoff, this.#context.random)
    this.#say(`${line}; next in ${Math.round(waitMs)} ms`)
    await this.#pause(waitMs)
  }

  /** Waits, but not past the order to stop. */
  async #pause(ms: number): Promise<void> {
    const until = this.#context.now() + ms
    while (!this.#stopping && this.#context.now() < until) await this.#changed.wait(until - this.#context.now())
  }
}

/**
 * Works on a shard until it has ended and all its records are done, or until `stopping`.
 * @throws where a checkpoint can't be written
 */
export const consumeShard = (context: ShardContext, shardId: string): Promise<void> =>
  new ShardConsumer(context, shardId).run()
