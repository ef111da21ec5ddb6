/** The parts that a status asks. */
export type Part = 'warehouse' | 'archive' | 'stream' | 'windows'

/** What a part said where it could not be asked, in short. */
export type Unreachable = Readonly<Partial<Record<Part, string>>>

const maxReason = 300

/** Asks parts, of which any may be down: what the others say is still worth knowing, and so is who does not answer. */
export class Reach {
  readonly #limitMs: number
  readonly #unreachable: Partial<Record<Part, string>> = {}

  /** @param limitMs how long a part may take to answer, ms: one that hangs must not hide the others */
  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  get unreachable(): Unreachable {
    return this.#unreachable
  }

  /** The answer; null where the part does not answer, which `unreachable` then says. */
  async ask<Answer>(part: Part, work: () => Promise<Answer>): Promise<Answer | null> {
    let timer: NodeJS.Timeout | undefined
    const tooLong = new Promise<never>((_, reject) => {
      const limit = (): void => reject(new Error(`it did not answer within ${this.#limitMs / 1000} s`))
      timer = setTimeout(limit, this.#limitMs)
    })
    try {
      return await Promise.race([work(), tooLong])
    } catch (error) {
      this.#unreachable[part] ??= (error instanceof Error ? error.message : String(error)).slice(0, maxReason)
      return null
    } finally {
      clearTimeout(timer)
    }
  }
}
