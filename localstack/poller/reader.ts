import { type _Record, ExpiredIteratorException, type GetRecordsCommandOutput } from '@aws-sdk/client-kinesis'
import { comparesAfter } from './event.ts'
import type { Services } from './services.ts'

/** What a read gave: records after the ones read before, and whether the shard has no more. */
export interface Read<T> {
  readonly records: readonly T[]
  readonly ended: boolean
}

/** Reads one shard, each record once, in order. */
export interface ShardReader<T> {
  /** @throws ResourceNotFoundException where the shard or the stream is gone */
  read(): Promise<Read<T>>
}

/** Iterators live for 5 minutes. */
const iteratorLifeMs = 4 * 60_000

/**
 * Reads a shard from after `position` (missing: from its oldest record).
 *
 * The emulator's iterators are indexes into a list, which shift when old records expire, and would then skip records. So each
 * read begins *at* the last record that was read: where that one does not come first, the list has shifted, and the
 * place is looked up again.
 */
export const shardReader = <T>(
  services: Services,
  shard: { readonly streamArn: string; readonly shardId: string },
  startAfter: string | undefined,
  convert: (record: _Record) => T,
  now: () => number,
): ShardReader<T> => {
  let position = startAfter
  let held: { readonly iterator: string; readonly since: number } | undefined

  const lookUp = async () => {
    const start = position === undefined ? 'TRIM_HORIZON' : { at: position }
    const iterator = await services.iterator(shard.streamArn, shard.shardId, start)
    held = { iterator, since: now() }
    return held.iterator
  }

  const heldRecords = async (): Promise<GetRecordsCommandOutput | undefined> => {
    if (!held || now() - held.since > iteratorLifeMs) return undefined
    try {
      const output = await services.records(held.iterator)
      const begins = output.Records?.[0]?.SequenceNumber
      return position === undefined || begins === position ? output : undefined
    } catch (error) {
      if (error instanceof ExpiredIteratorException) return undefined
      throw error
    }
  }

  const isNew = (record: _Record): boolean =>
    position === undefined || comparesAfter(record.SequenceNumber ?? '0', position)

  return {
    read: async () => {
      const output = (await heldRecords()) ?? (await services.records(await lookUp()))
      const found = (output.Records ?? []).filter(isNew)
      // Before the position moves: a record that can't be converted is read again, not skipped.
      const records = found.map(convert)
      const last = found.at(-1)?.SequenceNumber
      if (last !== undefined) {
        position = last
        held = undefined
      }
      return { records, ended: output.NextShardIterator === undefined }
    },
  }
}
