import { DuplicateCheck } from '../../../lambdas/speed/duplicate-check.ts'
import type { Identities } from '../../../stores/identities/identities.ts'
import { MemoryIdentities } from '../../../stores/identities/memory.ts'
import type { StreamShard } from '../../../stores/stream/stream.ts'

/** As the stages set it. */
export const duplicatesWindowMs = 600_000

/** The check for duplicates, on a memory of its own unless another is given. */
export const duplicatesOn = (
  identities: Identities = new MemoryIdentities(duplicatesWindowMs, Date.now),
  shards: readonly StreamShard[] = [],
): DuplicateCheck =>
  new DuplicateCheck({ identities, stream: { shards: async () => [...shards] }, windowMs: duplicatesWindowMs })
