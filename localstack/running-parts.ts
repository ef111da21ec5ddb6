import { setTimeout as sleep } from 'node:timers/promises'
import type { Part } from './parts.ts'
import type { Log, Running } from './running.ts'

/** A part that should run. `current` is undefined while it is down. */
interface Kept {
  readonly part: Part
  current: Running | undefined
  /** Settles once it is up again, or given up because all stop. */
  comingBack: Promise<void> | undefined
}

/** How long a part that ended is left before it is started again: doubled at each failure, up to the longest. */
export interface RestartPauses {
  readonly firstMs: number
  readonly longestMs: number
}

const defaultPauses: RestartPauses = { firstMs: 200, longestMs: 10_000 }

/** The parts that should run: started again where they end by themselves, stopped in the reverse order of their start. */
export class RunningParts {
  readonly #kept: Kept[] = []
  readonly #logOf: (part: string) => Log
  readonly #log: Log
  readonly #pauses: RestartPauses
  readonly #stopping = new AbortController()

  constructor(logOf: (part: string) => Log, log: Log, pauses = defaultPauses) {
    this.#logOf = logOf
    this.#log = log
    this.#pauses = pauses
  }

  has(name: string): boolean {
    return this.#kept.some(({ part }) => part.name === name)
  }

  /** @throws the part's own error, with its name before it. */
  async start(part: Part): Promise<void> {
    const kept: Kept = { part, current: undefined, comingBack: undefined }
    try {
      await this.#begin(kept)
    } catch (error) {
      throw new Error(`${part.name}: ${error instanceof Error ? error.message : error}`, { cause: error })
    }
    this.#kept.push(kept)
  }

  async #begin(kept: Kept): Promise<void> {
    const { name, start } = kept.part
    const startedAt = performance.now()
    const running = await start(this.#logOf(name))
    kept.current = running
    this.#log(`started ${name} in ${Math.round(performance.now() - startedAt)} ms`)
    void running.ended?.then(
      (how) => this.#hasEnded(kept, how),
      (error: unknown) => this.#hasEnded(kept, String(error)),
    )
  }

  #hasEnded(kept: Kept, how: string): void {
    if (this.#stopping.signal.aborted) return
    const { name, cannotComeBack } = kept.part
    kept.current = undefined
    this.#log(`${name} ended by itself (${how})${cannotComeBack === undefined ? '' : `: ${cannotComeBack}`}`)
    if (cannotComeBack === undefined) kept.comingBack = this.#bringBack(kept)
  }

  /** Tries until it is up again: whatever keeps it down may be mended meanwhile, and each attempt is logged. */
  async #bringBack(kept: Kept): Promise<void> {
    for (let pauseMs = this.#pauses.firstMs; ; pauseMs = Math.min(pauseMs * 2, this.#pauses.longestMs)) {
      await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch((error: Error) => {
        // The abort is the order to stop, not a failure.
        if (error.name !== 'AbortError') throw error
      })
      if (this.#stopping.signal.aborted) return
      try {
        return await this.#begin(kept)
      } catch (error) {
        this.#log(`could not start ${kept.part.name} again: ${error instanceof Error ? error.message : error}`)
      }
    }
  }

  /** Stops all, whatever goes wrong with one; what went wrong is logged and counted. */
  async stop(): Promise<number> {
    this.#stopping.abort()
    let failures = 0
    for (let kept = this.#kept.pop(); kept !== undefined; kept = this.#kept.pop()) {
      const { name } = kept.part
      try {
        await kept.comingBack
        await kept.current?.stop()
        this.#log(`stopped ${name}`)
      } catch (error) {
        failures++
        this.#log(`could not stop ${name}: ${error instanceof Error ? error.stack : error}`)
      }
    }
    return failures
  }
}
