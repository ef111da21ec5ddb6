import { setTimeout as sleep } from 'node:timers/promises'
import type { Stream, StreamRecord } from '../stores/stream/stream.ts'

export interface FeedOptions {
  /** Records a second at most. Left out: as fast as the stream takes them. */
  readonly rate?: number
  readonly onProgress?: (accepted: number, retried: number) => void
  readonly signal?: AbortSignal
  readonly now?: () => number
  readonly pause?: (ms: number) => Promise<unknown>
}

export interface Fed {
  readonly accepted: number
  readonly retried: number
  /** The greatest sequence number accepted, padded, by shard. */
  readonly lastSequenceNumbers: Readonly<Record<string, string>>
}

/** One PutRecords takes 500. */
const requestRecords = 500

/**
 * Puts records on the stream in their order, one request at a time. Stops between requests once the signal is aborted.
 * @throws what the stream throws
 */
export const feed = async (
  stream: Stream,
  records: AsyncIterable<StreamRecord>,
  options: FeedOptions = {},
): Promise<Fed> => {
  const { now = () => performance.now(), pause = sleep, rate } = options
  const startedAt = now()
  let [accepted, retried, sent] = [0, 0, 0]
  const lastSequenceNumbers: Record<string, string> = {}
  for await (const batch of batches(records, rate)) {
    if (options.signal?.aborted) break
    if (rate !== undefined) await pause(Math.max(0, startedAt + (sent / rate) * 1000 - now()))
    const outcome = await stream.put(batch)
    sent += batch.length
    accepted += outcome.accepted
    retried += outcome.retried
    for (const [shardId, last] of Object.entries(outcome.lastSequenceNumbers))
      if (last > (lastSequenceNumbers[shardId] ?? '')) lastSequenceNumbers[shardId] = last
    options.onProgress?.(accepted, retried)
  }
  return { accepted, retried, lastSequenceNumbers }
}

/** A tenth of a second's worth at a rate, so that the stream sees a flow rather than bursts. */
const batches = async function* (
  records: AsyncIterable<StreamRecord>,
  rate: number | undefined,
): AsyncGenerator<StreamRecord[]> {
  const size = rate === undefined ? requestRecords : Math.min(requestRecords, Math.max(1, Math.floor(rate / 10)))
  let batch: StreamRecord[] = []
  for await (const record of records) {
    batch.push(record)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
