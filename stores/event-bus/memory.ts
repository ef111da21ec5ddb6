import type { BusEvent, EventBus } from './event-bus.ts'

/** The bus in memory: all that was ever put, in order. */
export class MemoryEventBus implements EventBus {
  readonly published: BusEvent[] = []

  async publish(events: readonly BusEvent[]): Promise<void> {
    this.published.push(...events)
  }
}
