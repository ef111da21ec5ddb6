import { randomUUID } from 'node:crypto'
import type { KinesisStreamEvent } from 'aws-lambda'
import { loadModel } from '#model'
import { expandAggregates } from '../../core/aggregate.ts'
import { readKinesisEvent } from '../../core/kinesis-record.ts'
import { ValkeyWindowStore } from '../../stores/window/valkey.ts'
import { readEnvironment } from './window.env.ts'
import { WindowWriter } from './window.ts'

const environment = readEnvironment(process.env)
const store = new ValkeyWindowStore(environment.cacheEndpoint, environment.cacheTls)
const writer = loadModel().then((model) => new WindowWriter({ model, store, newEpoch: randomUUID }))

/** Adds each batch to the sliding windows. An error fails the batch as a whole, and Lambda brings it again. */
export const handler = async (event: KinesisStreamEvent): Promise<void> => {
  const startedAt = performance.now()
  try {
    const { shardId, records } = readKinesisEvent(event)
    const outcome = await (await writer).write(shardId, expandAggregates(records))
    console.log(
      JSON.stringify({ message: 'window moved', ...outcome, durationMs: Math.round(performance.now() - startedAt) }),
    )
  } catch (error) {
    console.error(
      JSON.stringify({
        message: 'window failed',
        firstEventID: event.Records[0]?.eventID ?? null,
        records: event.Records.length,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    )
    throw error
  }
}
