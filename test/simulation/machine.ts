/** A state of the recompute state machine, as CloudFormation has it (Amazon States Language, the part that it uses). */
interface State {
  readonly Type: string
  readonly Next?: string
  readonly End?: boolean
  readonly Default?: string
  readonly Choices?: readonly Rule[]
  readonly Catch?: readonly { readonly Next: string; readonly ResultPath?: string | null }[]
  readonly Retry?: readonly { readonly MaxAttempts?: number }[]
  readonly Parameters?: Readonly<Record<string, unknown>>
  readonly ResultPath?: string | null
}

interface Rule {
  readonly Variable: string
  readonly Next: string
  readonly StringEquals?: string
  readonly BooleanEquals?: boolean
}

export interface Machine {
  readonly StartAt: string
  readonly States: Readonly<Record<string, State>>
}

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED'

/** One execution: `advance` takes it one state on. It can't run two states at once, so it is called when idle only. */
export class Execution {
  readonly name: string
  status: ExecutionStatus = 'RUNNING'
  /** The state it is in, or ended in. */
  at: string
  output: unknown
  readonly #machine: Machine
  readonly #startedAt: string
  #attempts = 0

  constructor(machine: Machine, name: string, startedAt: number, input: unknown) {
    this.name = name
    this.#machine = machine
    this.#startedAt = new Date(startedAt).toISOString()
    this.at = machine.StartAt
    this.output = input
  }

  /** @param invoke runs the batch function with a payload */
  async advance(invoke: (payload: unknown) => Promise<unknown>): Promise<void> {
    const state = this.#machine.States[this.at]
    if (state === undefined) throw new Error(`The state machine has no state ${this.at}.`)
    switch (state.Type) {
      case 'Task':
        return this.#task(state, invoke)
      case 'Choice':
        return this.#go(this.#chosen(state))
      case 'Wait':
        return this.#go(state.Next)
      case 'Succeed':
        return this.#end('SUCCEEDED')
      case 'Fail':
        return this.#end('FAILED')
      default:
        throw new Error(`${this.at} is a ${state.Type}, which is not simulated.`)
    }
  }

  abort(): void {
    this.#end('ABORTED')
  }

  async #task(state: State, invoke: (payload: unknown) => Promise<unknown>): Promise<void> {
    try {
      const answer = await invoke(this.#evaluated(state.Parameters))
      if (this.status !== 'RUNNING') return
      this.#place(state.ResultPath, asJson(answer))
      this.#go(state.Next)
    } catch (error) {
      if (this.status !== 'RUNNING') return
      const attempts = state.Retry?.[0]?.MaxAttempts ?? 0
      if (this.#attempts < attempts) {
        this.#attempts++
        return
      }
      this.#caught(state, error)
    }
  }

  #caught(state: State, error: unknown): void {
    const handler = state.Catch?.[0]
    if (handler === undefined) {
      this.#end('FAILED')
      return
    }
    const [name, errorMessage] = error instanceof Error ? [error.name, error.message] : ['Error', String(error)]
    this.#place(handler.ResultPath, { Error: name, Cause: JSON.stringify({ errorMessage }) })
    this.#go(handler.Next)
  }

  /** `$`: the result replaces all; `$.name`: it stands in the state's input; null: it is dropped. */
  #place(path: string | null | undefined, result: unknown): void {
    if (path === null) return
    if (path === undefined || path === '$') this.output = result
    else this.output = { ...(this.output as object), [path.slice(2)]: result }
  }

  #go(next: string | undefined): void {
    if (next === undefined) throw new Error(`${this.at} leads nowhere.`)
    this.#attempts = 0
    this.at = next
  }

  #end(status: ExecutionStatus): void {
    if (this.status === 'RUNNING') this.status = status
  }

  #chosen(state: State): string | undefined {
    const rule = (state.Choices ?? []).find(({ Variable, StringEquals, BooleanEquals }) => {
      const value = this.#read(Variable)
      return StringEquals !== undefined ? value === StringEquals : value === BooleanEquals
    })
    return rule?.Next ?? state.Default
  }

  #evaluated(parameters: State['Parameters']): unknown {
    return Object.fromEntries(
      Object.entries(parameters ?? {}).map(([name, value]) =>
        name.endsWith('.$') ? [name.slice(0, -2), this.#read(String(value))] : [name, value],
      ),
    )
  }

  /** @throws where the path is one that the state machine does not use */
  #read(path: string): unknown {
    if (path === '$$.Execution.Name') return this.name
    if (path === '$$.Execution.StartTime') return this.#startedAt
    if (path === '$') return this.output
    if (!/^\$\.\w+$/.test(path)) throw new Error(`The path ${path} is not simulated.`)
    return (this.output as Record<string, unknown>)[path.slice(2)]
  }
}

/** A function's answer travels as JSON. */
const asJson = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)))
