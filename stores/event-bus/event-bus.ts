/** Something that happened, for whoever listens. */
export interface BusEvent {
  /** What kind of thing: rules match it. */
  readonly detailType: string
  /** Its content, which becomes JSON. */
  readonly detail: { readonly id: string }
  /** When it happened: epoch ms. */
  readonly at: number
}

/** Where events are put for others. */
export interface EventBus {
  /**
   * Puts all of them, in order. One may be delivered more than once: its `detail.id` tells.
   * @throws where some could not be put; others of them may have been
   */
  publish(events: readonly BusEvent[]): Promise<void>
}
