import type { First, Identity } from '../../core/duplicates.ts'

/** One record that asks whether it counts. */
export interface Claim extends First {
  readonly identity: Identity
}

/**
 * Which record of each identity came first in each shard's line, as long as a twin of it may still be read. Answers
 * rest on the stream's order and the records' own arrival times alone, never on who asks when: everybody who asks for
 * a shard's records in order (again, with other bounds, hours behind another) is told the same.
 */
export interface Identities {
  /**
   * Remembers the claims that are firsts, and says of each claim, in their order, whether it is a duplicate.
   * @param claims of one shard, in the stream's order
   * @param ancestors the shards that this one came from, their parents too: all that they hold is earlier
   * @throws where the memory does not answer; some of the claims may be remembered then, which changes no answer
   */
  claim(shardId: string, ancestors: readonly string[], claims: readonly Claim[]): Promise<boolean[]>
  close(): Promise<void>
}

/** A span is forgotten this long after anybody last asked about it: the time that a stalled function may stall. */
export const forgottenAfterMs = (windowMs: number): number => windowMs + 3_600_000
