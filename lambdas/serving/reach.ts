/** The parts that a status asks. */
export type Part = 'warehouse' | 'archive' | 'stream' | 'windows'

/** What a part said where it could not be asked, in short. */
export type Unreachable = Readonly<Partial<Record<Part, string>>>

const maxReason = 300

/** Asks parts, of which any may be down: what the others say is still worth knowing, and so is who does not answer. */
export class Reach {
  readonly #unreachable: Partial<Record<Part, string>> = {}

  get unreachable(): Unreachable {
    return this.#unreachable
  }

  /** The answer; null where the part does not answer, which `unreachable` then says. */
  async ask<Answer>(part: Part, work: () => Promise<Answer>): Promise<Answer | null> {
    try {
      return await work()
    } catch (error) {
      this.#unreachable[part] ??= (error instanceof Error ? error.message : String(error)).slice(0, maxReason)
      return null
    }
  }
}
