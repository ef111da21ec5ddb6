/** How an execution of the recompute state machine stands. */
export interface ExecutionState {
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED' | 'PENDING_REDRIVE'
  readonly output: unknown
  readonly error: string | null
  readonly cause: string | null
}

/** A state that the execution entered or left. */
export interface Step {
  /** Counts up within the execution. */
  readonly eventId: number
  readonly kind: 'entered' | 'left'
  readonly state: string
  /** It does something; other states wait, choose or end. */
  readonly isTask: boolean
  /** Epoch ms. */
  readonly at: number
  /** What the state was given, or answered. */
  readonly data: unknown
}

export interface Executions {
  /** Starts the state machine; answers the execution's ARN. */
  start(input: unknown): Promise<string>
  state(executionArn: string): Promise<ExecutionState>
  /** All steps so far, in order. */
  steps(executionArn: string): Promise<Step[]>
}
