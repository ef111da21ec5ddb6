import type { StreamShard } from './stream.ts'

/**
 * The shards that a shard came from, their parents too, as far as the stream still lists them: what it has forgotten
 * ended at least a day ago.
 */
export const ancestorsOf = (shardId: string, shards: readonly StreamShard[]): string[] => {
  const parents = new Map(shards.map((shard) => [shard.shardId, shard.parentShardIds]))
  const found = new Set<string>()
  const pending = [...(parents.get(shardId) ?? [])]
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    if (found.has(parent) || !parents.has(parent)) continue
    found.add(parent)
    pending.push(...(parents.get(parent) ?? []))
  }
  return [...found].sort()
}
