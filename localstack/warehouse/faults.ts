/** An error answer of the Data API; `name` is the exception's name in the service's model, from which the SDK makes its class. */
export class ServiceFault extends Error {
  override readonly name: string
  readonly httpStatus: number
  readonly fields: Readonly<Record<string, string>>

  constructor(name: string, message: string, httpStatus = 400, fields: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = name
    this.httpStatus = httpStatus
    this.fields = fields
  }
}

/** The request itself is wrong. */
export const validationFault = (message: string): ServiceFault => new ServiceFault('ValidationException', message)

/** No such statement, or it has no result (yet). */
export const notFoundFault = (message: string, id: string): ServiceFault =>
  new ServiceFault('ResourceNotFoundException', message, 400, { ResourceId: id })

/** A statement that can't be run; its message becomes the statement's `Error`, with the prefix that Redshift writes. */
export class StatementError extends Error {
  override readonly name = 'StatementError'
}

interface PostgresError extends Error {
  severity?: string
  detail?: string
  position?: string
  where?: string
}

/** The text for a failed statement's `Error`: PostgreSQL's own, prefixed and laid out as Redshift's driver does. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `ERROR: ${String(error)}`
  const { severity, detail, position, where } = error as PostgresError
  const lines = [`${severity ?? 'ERROR'}: ${error.message || error.name}`]
  if (detail) lines.push(`Detail: ${detail}`)
  if (position) lines.push(`Position: ${position}`)
  if (where) lines.push(`Where: ${where}`)
  return lines.join('\n  ')
}
