import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { padSequenceNumber } from '../../core/sequence-number.ts'
import { dataOf, type Fact, type PlannedRecord, plan } from './facts.ts'

export interface ProducerOptions {
  readonly streamName: string
  /** Records a second. */
  readonly rate: number
  readonly random: () => number
  readonly now: () => number
}

export interface Sent {
  readonly accepted: number
  /** Records in requests whose answer never came. Each was put again, under the same id and key. */
  readonly unknown: number
  /** Records that the stream refused and took later. */
  readonly refused: number
  /** Records put on purpose under an identity that was there before. */
  readonly twins: number
  readonly seconds: number
}

const requestsPerSecond = 10
const requestsAtOnce = 8
/** The part of the requests whose connection is cut under them, after up to `cutWithinMs`. */
const cutShare = 0.01
const cutWithinMs = 15

/** Before the request leaves, or while it is under way, which its sender can't tell apart. */
const cutOff = (random: () => number): AbortSignal =>
  random() < 0.5 ? AbortSignal.abort() : AbortSignal.timeout(Math.floor(random() * cutWithinMs))

/** Puts orders on the stream at a steady rate, and keeps what each answer said. */
export class Producer {
  /** What was accepted, by `SHARD/PADDED_SEQUENCE_NUMBER`. */
  readonly accepted = new Map<string, Fact>()
  /** What may have been accepted, by its bytes in base64: its answer never came. */
  readonly unknown = new Map<string, Fact>()
  readonly #options: ProducerOptions
  readonly #client: KinesisClient
  readonly #again: PlannedRecord[] = []
  #later: { readonly record: PlannedRecord; readonly at: number }[] = []
  #last = new Map<string, string>()
  #planned = 0
  readonly #sent = { unknown: 0, refused: 0, twins: 0, seconds: 0 }
  #running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined

  constructor(options: ProducerOptions) {
    this.#options = options
    // One attempt: what became of a request must be seen here.
    this.#client = new KinesisClient({
      maxAttempts: 1,
      requestHandler: new NodeHttpHandler({ httpAgent: new Agent({ keepAlive: true }), requestTimeout: 20_000 }),
    })
  }

  get sent(): Sent {
    return { accepted: this.accepted.size, ...this.#sent }
  }

  /** The greatest sequence number accepted, padded, by shard, of the records accepted since `forgetLast`. */
  get last(): ReadonlyMap<string, string> {
    return this.#last
  }

  forgetLast(): void {
    this.#last = new Map()
  }

  start(): void {
    if (this.#running !== undefined) throw new Error('The producer runs already.')
    const stop = new AbortController()
    const done = this.#run(stop.signal)
    // Awaited by `pause`; until then a failure of it is no unhandled one.
    done.catch(() => undefined)
    this.#running = { stop, done }
  }

  /** Ends once all that was begun is accepted, twins that were still to be sent included. */
  async pause(): Promise<void> {
    this.#running?.stop.abort()
    await this.#running?.done
    this.#running = undefined
  }

  close(): void {
    this.#client.destroy()
  }

  async #run(stop: AbortSignal): Promise<void> {
    const startedAt = performance.now()
    const inFlight = new Set<Promise<void>>()
    for (let tick = 0; !stop.aborted; tick += 1) {
      await sleep(Math.max(0, startedAt + (tick * 1000) / requestsPerSecond - performance.now()))
      if (inFlight.size >= requestsAtOnce) await Promise.race(inFlight)
      const request = this.#put(this.#nextBatch()).finally(() => inFlight.delete(request))
      inFlight.add(request)
    }
    this.#sent.seconds += (performance.now() - startedAt) / 1000
    await Promise.all(inFlight)
    const twins = this.#later.map(({ record }) => record)
    this.#later = []
    this.#sent.twins += twins.length
    this.#again.push(...twins)
    while (this.#again.length > 0) await this.#put(this.#again.splice(0, 500))
  }

  #nextBatch(): PlannedRecord[] {
    const { rate, now, random } = this.#options
    const batch = this.#again.splice(0, 100)
    const at = now()
    const due = this.#later.filter((each) => each.at <= at).slice(0, 100)
    this.#later = this.#later.filter((each) => !due.includes(each))
    this.#sent.twins += due.length
    batch.push(...due.map(({ record }) => record))
    for (const size = batch.length + Math.max(1, Math.round(rate / requestsPerSecond)); batch.length < size; ) {
      const { record, later } = plan(this.#planned++, at, random)
      batch.push(record)
      for (const { record: twin, afterMs } of later) this.#later.push({ record: twin, at: at + afterMs })
    }
    return batch
  }

  /** Whatever becomes of the request, each of its records is accepted, or in line to be put again. */
  async #put(batch: readonly PlannedRecord[]): Promise<void> {
    const { random, streamName } = this.#options
    const cut = random() < cutShare ? cutOff(random) : undefined
    const Records = batch.map(({ fact, partitionKey }) => ({ Data: dataOf(fact), PartitionKey: partitionKey }))
    try {
      const command = new PutRecordsCommand({ StreamName: streamName, Records })
      const answer = await this.#client.send(command, cut === undefined ? {} : { abortSignal: cut })
      for (const [index, record] of batch.entries()) this.#accept(record, answer.Records?.[index])
    } catch {
      // Counted: nothing is known of the request, so it counts as sent and is sent again.
      this.#sent.unknown += batch.length
      for (const { fact } of batch) this.unknown.set(dataOf(fact).toString('base64'), fact)
      this.#again.push(...batch)
      await sleep(20)
    }
  }

  #accept(
    record: PlannedRecord,
    answer: { ShardId?: string | undefined; SequenceNumber?: string | undefined } | undefined,
  ): void {
    if (answer?.ShardId === undefined || answer.SequenceNumber === undefined) {
      this.#sent.refused += 1
      this.#again.push(record)
      return
    }
    const sequenceNumber = padSequenceNumber(answer.SequenceNumber)
    this.accepted.set(`${answer.ShardId}/${sequenceNumber}`, record.fact)
    if (sequenceNumber > (this.#last.get(answer.ShardId) ?? '')) this.#last.set(answer.ShardId, sequenceNumber)
  }
}
