/** An event as sessions keep it. */
export interface KeptEvent {
  /** The metric that keeps it: `MetricData.name`. */
  readonly keeper: string
  readonly key: string | number | boolean
  /** Its place in the order of events (`keptComponent`). */
  readonly component: string
  /** What it says, as JSON. */
  readonly body: string
}

/** The events of one key without a gap between them, as of some time. */
export interface Session {
  readonly key: string | number | boolean
  /** Of its first and its last event, epoch ms. */
  readonly startedAt: number
  readonly lastAt: number
  readonly events: number
  /** What it came to; null: the definition says nothing of it. */
  readonly state: string | null
  /** Whether no event of the time asked for, or later, can be of it. */
  readonly isClosed: boolean
  /** Why events were passed over by `step`, one text for each. */
  readonly failures: readonly string[]
}

/** Folds the kept events of keys into their sessions. */
export interface SessionFold {
  /**
   * The sessions of one key, in their order.
   * @param kept in any order; what comes twice by its id counts once
   * @param asOf epoch ms: what happened then or later is left out
   */
  readonly sessions: (kept: readonly KeptEvent[], asOf: number) => Session[]
  /**
   * The same of a key whose events were read from some time on: the sessions that are sure whatever came before it. null:
   * one that begins within the range may be unsure, and all of the key's events are needed.
   * @param range epoch ms: events were read from `from` on, and no session is asked for that begins before `start`
   */
  readonly sure: (
    kept: readonly KeptEvent[],
    asOf: number,
    range: { readonly from: number; readonly start: number },
  ) => Session[] | null
}
