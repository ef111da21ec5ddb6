import type { Snapshot } from '../../stores/states/states.ts'

/** Speed counts the records above `above` under a revision of the exclusions. */
interface Stretch {
  /** Padded; '' from the shard's start. */
  readonly above: string
  readonly revision: number
}

/** Which revisions of the exclusions an answer is by: where they differ, what was excluded in between is in it in part. */
export interface ReceiptExclusions {
  /** The dataset's; null: there is none yet. */
  readonly batch: number | null
  /** The oldest that a record above the tidemark may be counted under. */
  readonly speed: number
  /** The shards whose records above the mark are not all by that one, each with its stretches in stream order. */
  readonly stretches: Readonly<Record<string, readonly Stretch[]>>
}

export const receiptExclusions = ({ exclusions, marks, positions }: Snapshot): ReceiptExclusions => {
  const byShard = Object.keys(positions).map((shardId) => {
    const own = exclusions.speed.filter((stretch) => stretch.shardId === shardId)
    return [shardId, stretchesAbove(own, marks[shardId] ?? '')] as const
  })
  const revisions = byShard.flatMap(([, stretches]) => stretches.map(({ revision }) => revision))
  const speed = revisions.length === 0 ? (exclusions.batch ?? 0) : Math.min(...revisions)
  const mixed = byShard.filter(([, stretches]) => stretches.some(({ revision }) => revision !== speed))
  return { batch: exclusions.batch, speed, stretches: Object.fromEntries(mixed) }
}

/** The first one begins at or below the mark. */
const stretchesAbove = (own: readonly Stretch[], mark: string): Stretch[] => {
  const from = own.findLastIndex(({ above }) => above <= mark)
  const begun = from === -1 ? [{ above: '', revision: 0 }] : []
  return [...begun, ...own.slice(Math.max(from, 0)).map(({ above, revision }) => ({ above, revision }))]
}
