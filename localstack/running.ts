/** A part of the laptop stage that runs. */
export interface Running {
  /** Ends the part and all that it started; resolves once nothing of it is left. */
  stop(): Promise<void>
  /** Resolves, with how, once the part's process has ended, however that came. Missing where it has none of its own. */
  readonly ended?: Promise<string>
}

/** Writes one line to the part's own log. */
export type Log = (line: string) => void
