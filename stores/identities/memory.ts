import { type First, type Identity, isDuplicateOf, spansAround } from '../../core/duplicates.ts'
import { type Claim, forgottenAfterMs, type Identities } from './identities.ts'

interface Span {
  readonly firsts: Map<Identity, readonly First[]>
  expiresAt: number
}

/** The identities in memory: what the Valkey adapter does, under the same contract tests. */
export class MemoryIdentities implements Identities {
  readonly #windowMs: number
  readonly #now: () => number
  readonly #spans = new Map<string, Span>()

  /** @param now wall clock, epoch ms: what spans are forgotten by */
  constructor(windowMs: number, now: () => number) {
    this.#windowMs = windowMs
    this.#now = now
  }

  async claim(shardId: string, ancestors: readonly string[], claims: readonly Claim[]): Promise<boolean[]> {
    return claims.map((claim) => {
      const isHeldEarlier = ancestors.some((ancestor) => this.#isNear(ancestor, claim))
      return isHeldEarlier || this.#claim(shardId, claim)
    })
  }

  /** What Valkey does where it is emptied. */
  lose(): void {
    this.#spans.clear()
  }

  async close(): Promise<void> {
    // Nothing is held open.
  }

  #claim(shardId: string, claim: Claim): boolean {
    const { identity, place, arrivalTime } = claim
    const isDuplicate = isDuplicateOf(this.#firsts(shardId, claim), claim, this.#windowMs)
    const { firsts } = this.#span(shardId, spansAround(arrivalTime, this.#windowMs)[0])
    const others = (firsts.get(identity) ?? []).filter((first) => first.place !== place)
    firsts.set(identity, isDuplicate ? others : [...others, { place, arrivalTime }])
    return isDuplicate
  }

  #isNear(shardId: string, claim: Claim): boolean {
    return this.#firsts(shardId, claim).some(
      ({ arrivalTime }) => Math.abs(arrivalTime - claim.arrivalTime) <= this.#windowMs,
    )
  }

  #firsts(shardId: string, { identity, arrivalTime }: Claim): First[] {
    return spansAround(arrivalTime, this.#windowMs).flatMap(
      (span) => this.#span(shardId, span).firsts.get(identity) ?? [],
    )
  }

  #span(shardId: string, span: number): Span {
    const key = `${shardId}/${span}`
    const now = this.#now()
    for (const [other, { expiresAt }] of this.#spans) if (expiresAt <= now) this.#spans.delete(other)
    const held = this.#spans.get(key) ?? { firsts: new Map(), expiresAt: 0 }
    held.expiresAt = now + forgottenAfterMs(this.#windowMs)
    this.#spans.set(key, held)
    return held
  }
}
