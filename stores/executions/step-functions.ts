import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn'
import type { ExecutionState, Executions, Step } from './executions.ts'

const historyPage = 1000

export class StepFunctionsExecutions implements Executions {
  readonly #client: SFNClient
  readonly #stateMachineArn: string

  constructor(client: SFNClient, stateMachineArn: string) {
    this.#client = client
    this.#stateMachineArn = stateMachineArn
  }

  async start(input: unknown): Promise<string> {
    const answer = await this.#client.send(
      new StartExecutionCommand({ stateMachineArn: this.#stateMachineArn, input: JSON.stringify(input) }),
    )
    if (answer.executionArn === undefined) throw new Error(`${this.#stateMachineArn} started without an execution ARN.`)
    return answer.executionArn
  }

  async state(executionArn: string): Promise<ExecutionState> {
    const answer = await this.#client.send(new DescribeExecutionCommand({ executionArn }))
    return {
      status: answer.status ?? 'RUNNING',
      output: answer.output === undefined ? null : JSON.parse(answer.output),
      error: answer.error ?? null,
      cause: answer.cause ?? null,
    }
  }

  async steps(executionArn: string): Promise<Step[]> {
    const steps: Step[] = []
    let nextToken: string | undefined
    do {
      const page = await this.#client.send(
        new GetExecutionHistoryCommand({
          executionArn,
          maxResults: historyPage,
          ...(nextToken === undefined ? {} : { nextToken }),
        }),
      )
      steps.push(...(page.events ?? []).flatMap(stepsOf))
      nextToken = page.nextToken
    } while (nextToken !== undefined)
    return steps
  }
}

const stepsOf = (event: HistoryEvent): Step[] => {
  const isTask = event.type?.startsWith('TaskState') === true
  const place = { eventId: event.id ?? 0, at: event.timestamp?.getTime() ?? 0, isTask }
  const { stateEnteredEventDetails: entered, stateExitedEventDetails: left } = event
  if (entered?.name !== undefined)
    return [{ ...place, kind: 'entered', state: entered.name, data: parsed(entered.input) }]
  if (left?.name !== undefined) return [{ ...place, kind: 'left', state: left.name, data: parsed(left.output) }]
  return []
}

/** History is cut to 256 KB an event, so what stands there need not be whole JSON. */
const parsed = (text: string | undefined): unknown => {
  if (text === undefined) return null
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return text
    throw error
  }
}

export const stepFunctionsClient = (): SFNClient => new SFNClient({})
