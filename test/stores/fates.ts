/** What becomes of a request: it is let through, or the connection is cut before it took effect, or after. */
export type Fate = 'through' | 'cut before' | 'answer lost'

/** What the requests to come meet, one after another, and then the last of it. */
export class Fates<Of extends string = Fate> {
  #fates: readonly (Of | 'through')[] = ['through']
  /** How many requests met theirs. */
  met = 0

  meet(...fates: readonly (Of | 'through')[]): void {
    this.#fates = fates
    this.met = 0
  }

  next(): Of | 'through' {
    return this.#fates[Math.min(this.met++, this.#fates.length - 1)] ?? 'through'
  }
}

/** A twin's call over a connection that is cut: sent again a few times, as the real store's client does, then given up. */
export const sentOver = async <Answer>(fates: Fates, send: () => Promise<Answer>): Promise<Answer> => {
  for (let tries = 0; tries < 5; tries++) {
    const fate = fates.next()
    if (fate === 'cut before') continue
    const answer = send()
    // A refusal is an answer, too.
    await Promise.allSettled([answer])
    if (fate === 'through') return answer
  }
  throw new Error('The connection was cut.')
}
