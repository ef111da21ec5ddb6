import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { loadModel } from '#model'
import { S3Archive, s3Client } from '../../stores/archive/s3.ts'
import { SqlLimitLedger } from '../../stores/ledger/sql-limit-ledger.ts'
import { ArchivedModels } from '../../stores/models/archived.ts'
import { LatestModels } from '../../stores/models/line-ups.ts'
import { SqlStates } from '../../stores/states/sql.ts'
import { KinesisStream, kinesisClient } from '../../stores/stream/kinesis.ts'
import { RedshiftDataWarehouse, warehouseClient } from '../../stores/warehouse/redshift-data.ts'
import { ValkeyWindowStore } from '../../stores/window/valkey.ts'
import { readEnvironment } from './env.ts'
import { problemResponse } from './problem-response.ts'
import { answerServed, type Sources } from './served-model.ts'

/** The HTTP API gives up after 30 s: a query is given 20, then cancelled. */
const patienceMs = 20_000

const environment = readEnvironment(process.env)
const archive = new S3Archive(s3Client(environment.endpointUrl), environment.dataBucket)
const warehouse = new RedshiftDataWarehouse(warehouseClient(), environment.warehouse, patienceMs)
const sources: Promise<Sources> = loadModel().then((own) => ({
  models: new ArchivedModels(archive, own),
  latest: new LatestModels(archive, own.data.version, Date.now),
  states: new SqlStates(warehouse, ''),
  deployed: own.data,
  limits: new SqlLimitLedger(warehouse),
  archive,
  stream: new KinesisStream(kinesisClient(), environment.streamName),
  windows: new ValkeyWindowStore(environment.cacheEndpoint, environment.cacheTls),
  reach: { overlapMs: environment.entityOverlapMs, retentionMs: environment.speedRetentionMs },
  now: Date.now,
}))

/** Answers the HTTP API. */
export const handler = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  const startedAt = performance.now()
  const response = await answer(event)
  const durationMs = Math.round(performance.now() - startedAt)
  console.log(JSON.stringify({ message: 'answered', path: event.rawPath, status: response.statusCode, durationMs }))
  return response
}

/** The text that was posted; null: it was asked. */
const postedIn = ({ requestContext, body = '', isBase64Encoded }: APIGatewayProxyEventV2): string | null => {
  if (requestContext.http.method !== 'POST') return null
  return isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body
}

const answer = async (event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> => {
  try {
    const query = new URLSearchParams(event.rawQueryString)
    const body = await answerServed(await sources, event.rawPath, query, postedIn(event))
    return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  } catch (error) {
    return problemResponse(error)
  }
}
