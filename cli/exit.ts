/** What the process ends with. */
export const exitCodes = {
  /** Done. */
  done: 0,
  /** It failed; the message says why and what was left unchanged. */
  failed: 1,
  /** Wrong usage: nothing was tried. */
  usage: 2,
  /** It ran, and the answer is no: figures differ, drift, unhealthy. */
  no: 3,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** An end that a command foresaw: shown as one message, without a stack. */
export class CommandError extends Error {
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode = exitCodes.failed) {
    super(message)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}

/** The command was given what it can't take. */
export const usageError = (message: string): CommandError => new CommandError(message, exitCodes.usage)

/** The process's exit code for whatever ended a command, and what to say of it. */
export const exitOf = (error: unknown): { exitCode: ExitCode; message: string } => {
  if (error instanceof CommandError) return { exitCode: error.exitCode, message: error.message }
  if (error instanceof Error) return { exitCode: exitCodes.failed, message: messageOf(error) }
  return { exitCode: exitCodes.failed, message: String(error) }
}

/** Some errors of the network say nothing themselves and carry what happened as their cause, or as a list. */
export const messageOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ')
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `: ${messageOf(error.cause)}`
  return `${error.message || error.name}${cause}`
}
