import { randomUUID } from 'node:crypto'
import type { KinesisStreamEvent } from 'aws-lambda'
import { loadModel } from '#model'
import { expandAggregates } from '../../core/aggregate.ts'
import { readKinesisEvent } from '../../core/kinesis-record.ts'
import { Exclusions } from '../../stores/archive/exclusions.ts'
import { S3Archive, s3Client } from '../../stores/archive/s3.ts'
import { stageRows } from '../../stores/archive/staging.ts'
import { ValkeyIdentities } from '../../stores/identities/valkey.ts'
import { SqlSpeedLedger } from '../../stores/ledger/sql-speed-ledger.ts'
import { ArchivedModels } from '../../stores/models/archived.ts'
import { LineUps } from '../../stores/models/line-ups.ts'
import { KinesisStream, kinesisClient } from '../../stores/stream/kinesis.ts'
import { RedshiftDataWarehouse, warehouseClient } from '../../stores/warehouse/redshift-data.ts'
import { DuplicateCheck } from './duplicate-check.ts'
import { readEnvironment } from './table.env.ts'
import { TableWriter } from './table.ts'

const environment = readEnvironment(process.env)
const archive = new S3Archive(s3Client(environment.endpointUrl), environment.dataBucket)
const ledger = new SqlSpeedLedger({
  warehouse: new RedshiftDataWarehouse(warehouseClient(), environment.warehouse),
  stageRows: stageRows(archive, environment.dataBucket, randomUUID),
  copyRoleArn: environment.copyRoleArn,
})
/** The table is there for when the cache is not: it waits no longer than this for an answer. */
const answerWithinMs = 2000
const { cacheEndpoint, cacheTls, duplicatesWindowMs: windowMs } = environment
const duplicates = new DuplicateCheck({
  identities: new ValkeyIdentities({ endpoint: cacheEndpoint, tls: cacheTls, windowMs, answerWithinMs }),
  stream: new KinesisStream(kinesisClient({ answerWithinMs }), environment.streamName),
  windowMs,
})
const writer = loadModel().then((own) => {
  const lineUps = new LineUps(new ArchivedModels(archive, own))
  return new TableWriter({ lineUps, ledger, exclusions: new Exclusions(archive), duplicates, now: Date.now })
})

/** Adds each batch to the speed table. An error fails the batch as a whole, and Lambda brings it again. */
export const handler = async (event: KinesisStreamEvent): Promise<void> => {
  const startedAt = performance.now()
  try {
    const { shardId, records } = readKinesisEvent(event)
    const written = await (await writer).write(shardId, expandAggregates(records))
    console.log(
      JSON.stringify({ message: 'table moved', ...written, durationMs: Math.round(performance.now() - startedAt) }),
    )
  } catch (error) {
    console.error(
      JSON.stringify({
        message: 'table failed',
        firstEventID: event.Records[0]?.eventID ?? null,
        records: event.Records.length,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    )
    throw error
  }
}
