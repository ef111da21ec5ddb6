import { validationFault } from './faults.ts'

/**
 * Reads a request's fields one by one. What nobody read by the time of `done` is a field that this endpoint doesn't know or
 * emulate: a ValidationException that names it, so that nothing asked for is silently left out.
 */
export class InputReader {
  readonly #operation: string
  readonly #rest: Map<string, unknown>

  constructor(operation: string, body: unknown) {
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw validationFault('The request is not a JSON object.')
    this.#operation = operation
    this.#rest = new Map(Object.entries(body).filter(([, value]) => value !== null))
  }

  text(name: string, maxLength = Number.POSITIVE_INFINITY): string | undefined {
    const value = this.#take(name)
    if (value === undefined) return undefined
    if (typeof value !== 'string') throw validationFault(`${name} is not a string.`)
    if (value.length === 0 || value.length > maxLength) {
      throw validationFault(`${name} has ${value.length} characters; ${this.#operation} takes 1 to ${maxLength}.`)
    }
    return value
  }

  requiredText(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw validationFault(`${name} is required by ${this.#operation}.`)
    return value
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.#take(name)
    if (value === undefined) return undefined
    if (!Number.isInteger(value) || Number(value) < min || Number(value) > max) {
      throw validationFault(
        `${name} is ${JSON.stringify(value)}; ${this.#operation} takes an integer from ${min} to ${max}.`,
      )
    }
    return Number(value)
  }

  list(name: string): unknown[] {
    const value = this.#take(name)
    if (value === undefined) return []
    if (!Array.isArray(value) || value.length === 0) throw validationFault(`${name} is not a list of at least one.`)
    return value
  }

  /** Accepts a field only with the one value that this endpoint emulates. */
  only(name: string, emulated: string | boolean): void {
    const value = this.#take(name)
    if (value === undefined || value === emulated) return
    throw validationFault(
      `${name} ${JSON.stringify(value)} is not supported here: ${this.#operation} takes ${JSON.stringify(emulated)} only.`,
    )
  }

  done(): void {
    const [name] = this.#rest.keys()
    if (name !== undefined) throw validationFault(`${name} is not supported here by ${this.#operation}.`)
  }

  #take(name: string): unknown {
    const value = this.#rest.get(name)
    this.#rest.delete(name)
    return value
  }
}
