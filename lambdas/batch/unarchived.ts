import { firstOutside, type RawObject } from '../../core/raw-archive.ts'
import type { Served } from '../../spark/specification.ts'
import type { Marks } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'

/** The raw objects of a shard above its base's mark. */
interface RawShard {
  readonly shardId: string
  readonly objects: readonly RawObject[]
}

/**
 * By shard the first sequence number, above the base's mark and up to the new one, that the speed table read a record of and no raw
 * object holds. The archive takes a shard's records in order, so that one between two of its objects never was in any of
 * them: it expired, or an object was removed. What is missing between two ends of the speed table doesn't show.
 */
export const unarchivedUpTo = async (
  { speedLedger }: Pick<Batch, 'speedLedger'>,
  baseMarks: Marks,
  marks: Marks,
  raw: readonly RawShard[],
): Promise<Marks> => {
  const found: Record<string, string> = {}
  for (const { shardId, objects } of raw) {
    const [from, to] = [baseMarks[shardId] ?? '', marks[shardId] ?? '']
    const missing = from < to ? firstOutside(await speedLedger.ends(shardId, from, to), objects) : null
    if (missing !== null) found[shardId] = missing
  }
  return found
}

/** A sentence for each shard whose archive has a hole: a dataset that is served would pass it. */
export const holesOf = ({ unarchived = {} }: Pick<Served, 'unarchived'>): string[] =>
  Object.entries(unarchived).map(
    ([shardId, missing]) =>
      `The archive has a hole in ${shardId}: the speed table counted record ${missing}, which no object under raw/ holds. This dataset lacks it, and what else is missing there.`,
  )
