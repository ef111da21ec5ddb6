import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'

/** The function ran and threw: its error's name and message. */
export class FunctionFailed extends Error {
  override readonly name = 'FunctionFailed'
  readonly errorType: string

  constructor(functionName: string, errorType: string, errorMessage: string) {
    super(`${functionName}: ${errorMessage}`)
    this.errorType = errorType
  }
}

export type Invoke = (functionName: string, payload: unknown) => Promise<unknown>

/** Invokes a function and waits for its answer. @throws FunctionFailed where it threw */
export const invokeBy =
  (client: LambdaClient): Invoke =>
  async (functionName, payload) => {
    const answer = await client.send(
      new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(payload)) }),
    )
    const text = answer.Payload === undefined ? '' : Buffer.from(answer.Payload).toString('utf8')
    const value: unknown = text === '' ? null : JSON.parse(text)
    if (answer.FunctionError === undefined) return value
    const failure = (value ?? {}) as { errorType?: string; errorMessage?: string }
    throw new FunctionFailed(functionName, failure.errorType ?? answer.FunctionError, failure.errorMessage ?? text)
  }

export const lambdaClient = (): LambdaClient => new LambdaClient({})
