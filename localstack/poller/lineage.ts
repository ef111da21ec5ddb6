/** A shard as the stream lists it. */
export interface ListedShard {
  readonly shardId: string
  readonly parents: readonly string[]
}

/**
 * The listed shards to start: those not yet started, each parent of which has been read to its end. A parent that is no longer listed
 * counts as read, unless it is still being worked on: the stream has forgotten it.
 * @param active shards being worked on
 * @param ended shards read to their end, all of their records done
 */
export const startableShards = (
  listed: readonly ListedShard[],
  active: ReadonlySet<string>,
  ended: ReadonlySet<string>,
): readonly string[] => {
  const known = new Set(listed.map((shard) => shard.shardId))
  const isOpen = (parent: string): boolean => active.has(parent) || (known.has(parent) && !ended.has(parent))
  return listed
    .filter(({ shardId, parents }) => !active.has(shardId) && !ended.has(shardId) && !parents.some(isOpen))
    .map((shard) => shard.shardId)
}
