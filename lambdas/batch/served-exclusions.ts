import type { ServedExclusions } from '../../spark/specification.ts'
import { exclusionsKey } from '../../stores/archive/exclusions.ts'
import type { Marks } from '../../stores/ledger/dataset.ts'
import type { ExclusionStretch } from '../../stores/ledger/exclusion-ledger.ts'

/** What the speed table serves of each shard: all above `from`, and up to `to`. */
export interface Reach {
  readonly from: Marks
  readonly to: Marks
  /** The shards that lag: what they count next goes by what begins at `to`. */
  readonly lagging: Marks
}

/**
 * By which exclusions what is served was counted. Of the stretches there is what lies within reach, and no more: what
 * happens elsewhere changes nothing of it.
 * @param dataset the live dataset's revision
 * @param stretches by shard, in stream order
 */
export const servedExclusions = (
  dataset: number,
  stretches: readonly ExclusionStretch[],
  { from, to, lagging }: Reach,
): ServedExclusions => {
  const byShard: Record<string, { above: string; revision: number }[]> = {}
  for (const [shardId, end] of Object.entries(to)) {
    const start = from[shardId] ?? ''
    const isWithin = (above: string): boolean => above < end || (above === end && shardId in lagging)
    const own = stretches.filter((stretch) => stretch.shardId === shardId && isWithin(stretch.above))
    const first = own.findLast(({ above }) => above <= start)?.revision ?? 0
    const inside = own.filter(({ above }) => above > start).map(({ above, revision }) => ({ above, revision }))
    const within = [...(first === 0 || start >= end ? [] : [{ above: start, revision: first }]), ...inside]
    if (within.length > 0) byShard[shardId] = within
  }
  const revisions = new Set([dataset, ...Object.values(byShard).flatMap((own) => own.map(({ revision }) => revision))])
  revisions.delete(0)
  return {
    dataset,
    stretches: byShard,
    keys: Object.fromEntries([...revisions].map((revision) => [String(revision), exclusionsKey(revision)])),
  }
}
