import { randomUUID } from 'node:crypto'
import type { KinesisStreamEvent } from 'aws-lambda'
import { loadModel } from '#model'
import { expandAggregates } from '../../core/aggregate.ts'
import { readKinesisEvent } from '../../core/kinesis-record.ts'
import { LatestExclusions } from '../../stores/archive/exclusions.ts'
import { S3Archive, s3Client } from '../../stores/archive/s3.ts'
import { ValkeyIdentities } from '../../stores/identities/valkey.ts'
import { ArchivedModels } from '../../stores/models/archived.ts'
import { LatestModels, LineUps } from '../../stores/models/line-ups.ts'
import { KinesisStream, kinesisClient } from '../../stores/stream/kinesis.ts'
import { ValkeyWindowStore } from '../../stores/window/valkey.ts'
import { DuplicateCheck } from './duplicate-check.ts'
import { readEnvironment } from './window.env.ts'
import { WindowWriter } from './window.ts'

const environment = readEnvironment(process.env)
const { cacheEndpoint, cacheTls, duplicatesWindowMs: windowMs } = environment
const store = new ValkeyWindowStore(cacheEndpoint, cacheTls)
const duplicates = new DuplicateCheck({
  identities: new ValkeyIdentities({ endpoint: cacheEndpoint, tls: cacheTls, windowMs, answerWithinMs: 5000 }),
  stream: new KinesisStream(kinesisClient({ answerWithinMs: 5000 }), environment.streamName),
  windowMs,
})
const archive = new S3Archive(s3Client(environment.endpointUrl), environment.dataBucket)
const writer = loadModel().then((own) => {
  const models = new LatestModels(archive, own.data.version, Date.now)
  const lineUps = new LineUps(new ArchivedModels(archive, own))
  const exclusions = new LatestExclusions(archive, Date.now)
  return new WindowWriter({ models, lineUps, store, exclusions, duplicates, newEpoch: randomUUID })
})

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
