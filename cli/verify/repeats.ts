/** What the speed side leaves out: by the stage's setting, and the shards as its stream lists them. */
export interface RepeatRule {
  readonly windowMs: number
  readonly shards: readonly { readonly shardId: string; readonly parentShardIds: readonly string[] }[]
}

/** A record of an event that came more than once. */
export interface Repeatable {
  readonly shard: string
  /** Padded. */
  readonly seq: string
  readonly sub: number
  /** Epoch ms. */
  readonly arrival: number
}

/**
 * Of one event's records, those that their producer had sent before: another one that counts stands earlier in the same
 * shard, or in one that the shard came from, and they arrived no further apart than the window.
 */
export const repeatsAmong = (records: readonly Repeatable[], { windowMs, shards }: RepeatRule): Repeatable[] => {
  const parents = new Map(shards.map(({ shardId, parentShardIds }) => [shardId, parentShardIds]))
  const lineOf = (shard: string): string[] => [shard, ...(parents.get(shard) ?? []).flatMap(lineOf)]
  const lines = new Map(records.map(({ shard }) => [shard, lineOf(shard)]))
  const depth = ({ shard }: Repeatable): number => lines.get(shard)?.length ?? 0
  // A shard's line is longer than that of any that it came from: these are judged first.
  const inOrder = [...records].sort((a, b) => depth(a) - depth(b) || compareTexts(a.seq, b.seq) || a.sub - b.sub)
  const counting: Repeatable[] = []
  const repeats: Repeatable[] = []
  for (const record of inOrder) {
    const isRepeat = counting.some(
      ({ shard, arrival }) =>
        lines.get(record.shard)?.includes(shard) && Math.abs(arrival - record.arrival) <= windowMs,
    )
    ;(isRepeat ? repeats : counting).push(record)
  }
  return repeats
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
