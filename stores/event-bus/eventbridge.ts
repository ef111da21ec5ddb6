import { EventBridgeClient, PutEventsCommand, type PutEventsResultEntry } from '@aws-sdk/client-eventbridge'
import type { BusEvent, EventBus } from './event-bus.ts'

/** EventBridge's quota of one PutEvents: 10 entries, 256 KB in all; an event here is a few KB at most. */
const maxEntries = 10
/** Of entries that were not taken, most of them throttled. */
const maxAttempts = 4

/** An account's default event bus. */
export class EventBridge implements EventBus {
  readonly #client: EventBridgeClient
  readonly #source: string
  readonly #sleep: (ms: number) => Promise<void>

  /** @param source what rules match all of a stage's events by: `tidemark.STAGE` */
  constructor(client: EventBridgeClient, source: string, sleep: (ms: number) => Promise<void>) {
    this.#client = client
    this.#source = source
    this.#sleep = sleep
  }

  async publish(events: readonly BusEvent[]): Promise<void> {
    for (let from = 0; from < events.length; from += maxEntries) await this.#put(events.slice(from, from + maxEntries))
  }

  async #put(events: readonly BusEvent[], attempt = 1): Promise<void> {
    const { Entries: results = [] } = await this.#client.send(
      new PutEventsCommand({
        Entries: events.map(({ detailType, detail, at }) => ({
          Source: this.#source,
          DetailType: detailType,
          Detail: JSON.stringify(detail),
          Time: new Date(at),
        })),
      }),
    )
    const refused = events.filter((_, place) => isRefused(results[place]))
    if (refused.length === 0) return
    const { ErrorCode: code, ErrorMessage: message } = results.find(isRefused) ?? {}
    if (attempt === maxAttempts)
      throw new Error(`EventBridge did not take ${refused.length} of ${events.length} events: ${code}: ${message}`)
    await this.#sleep(100 * 2 ** attempt)
    await this.#put(refused, attempt + 1)
  }
}

/** An answer that says nothing of an entry has not taken it. */
const isRefused = (result: PutEventsResultEntry | undefined): boolean => result?.EventId === undefined

export const eventBridgeClient = (): EventBridgeClient => new EventBridgeClient({})
