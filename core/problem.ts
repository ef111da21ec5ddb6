/** What a caller did wrong or can't have now: a stable code, the HTTP status, and the facts. */
export class Problem extends Error {
  readonly code: string
  readonly status: number
  /** Facts beside the text: what is allowed instead, for instance. */
  readonly facts: Readonly<Record<string, unknown>>

  constructor(code: string, status: number, detail: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(detail)
    this.name = 'Problem'
    this.code = code
    this.status = status
    this.facts = facts
  }
}
