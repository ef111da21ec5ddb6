import type { Part } from './parts.ts'
import type { Log, Running } from './running.ts'

/** The parts that run, to be stopped in the reverse order of their start. */
export class RunningParts {
  readonly #running: { name: string; part: Running }[] = []
  readonly #logOf: (part: string) => Log
  readonly #log: Log

  constructor(logOf: (part: string) => Log, log: Log) {
    this.#logOf = logOf
    this.#log = log
  }

  has(name: string): boolean {
    return this.#running.some((each) => each.name === name)
  }

  /** @throws the part's own error, with its name before it. */
  async start({ name, start }: Part): Promise<void> {
    const startedAt = performance.now()
    try {
      this.#running.push({ name, part: await start(this.#logOf(name)) })
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
    this.#log(`started ${name} in ${Math.round(performance.now() - startedAt)} ms`)
  }

  /** Stops all, whatever goes wrong with one; what went wrong is logged and counted. */
  async stop(): Promise<number> {
    let failures = 0
    for (let each = this.#running.pop(); each !== undefined; each = this.#running.pop()) {
      try {
        await each.part.stop()
        this.#log(`stopped ${each.name}`)
      } catch (error) {
        failures++
        this.#log(`could not stop ${each.name}: ${error instanceof Error ? error.stack : error}`)
      }
    }
    return failures
  }
}
