/** A part of the laptop stage that runs. */
export interface Running {
  /** Ends the part and all that it started; resolves once nothing of it is left. */
  stop(): Promise<void>
}

/** Writes one line to the part's own log. */
export type Log = (line: string) => void
