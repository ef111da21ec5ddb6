import { setTimeout as sleep } from 'node:timers/promises'
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'
import { padSequenceNumber } from '../../core/sequence-number.ts'

export interface Sale {
  readonly shop: 'north' | 'south'
  /** Cents. */
  readonly amount: number
  /** ISO 8601. */
  readonly at: string
}

interface Accepted extends Sale {
  readonly shardId: string
  readonly sequenceNumber: string
}

const perSecond = 40
const pauseMs = 250

/** Puts sales on the stream at a steady rate, and keeps where each came to stand. */
export class Seller {
  readonly #client = new KinesisClient({})
  readonly #streamName: string
  readonly #accepted: Accepted[] = []
  #running = false
  #done: Promise<void> = Promise.resolve()
  #request: Promise<unknown> = Promise.resolve()
  #sold = 0

  constructor(streamName: string) {
    this.#streamName = streamName
  }

  start(): void {
    this.#running = true
    this.#done = this.#sell()
    // Awaited by `stop`.
    this.#done.catch(() => undefined)
  }

  async stop(): Promise<void> {
    this.#running = false
    await this.#done
    this.#client.destroy()
  }

  /** The sales at or below the positions; what was under way when it is asked is waited for. */
  async upTo(positions: Readonly<Record<string, string>>): Promise<readonly Sale[]> {
    await this.#request
    return this.#accepted.filter(({ shardId, sequenceNumber }) => sequenceNumber <= (positions[shardId] ?? ''))
  }

  async #sell(): Promise<void> {
    while (this.#running) {
      const request = this.#put(Array.from({ length: (perSecond * pauseMs) / 1000 }, () => this.#next()))
      this.#request = request
      await request
      await sleep(pauseMs)
    }
  }

  #next(): Sale & { readonly id: string } {
    const number = ++this.#sold
    // A large one now and then, so that the maximum goes on rising.
    const amount = ((number * 7919) % 1000) + (number % 50 === 0 ? number : 0)
    return { id: `sale-${number}`, shop: number % 3 === 0 ? 'north' : 'south', amount, at: new Date().toISOString() }
  }

  async #put(sales: readonly (Sale & { readonly id: string })[]): Promise<void> {
    const { Records = [], FailedRecordCount } = await this.#client.send(
      new PutRecordsCommand({
        StreamName: this.#streamName,
        Records: sales.map((one) => ({
          Data: Buffer.from(JSON.stringify({ type: 'sale', ...one })),
          PartitionKey: one.id,
        })),
      }),
    )
    if (FailedRecordCount !== undefined && FailedRecordCount > 0)
      throw new Error(`${FailedRecordCount} sales were refused by the stream.`)
    for (const [place, { ShardId, SequenceNumber }] of Records.entries()) {
      const sold = sales[place]
      if (sold === undefined || ShardId === undefined || SequenceNumber === undefined)
        throw new Error('The stream answered otherwise than it was asked.')
      this.#accepted.push({ ...sold, shardId: ShardId, sequenceNumber: padSequenceNumber(SequenceNumber) })
    }
  }
}
