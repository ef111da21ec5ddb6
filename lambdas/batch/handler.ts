import { randomUUID } from 'node:crypto'
import { loadModel } from '#model'
import { S3Archive, s3Client } from '../../stores/archive/s3.ts'
import { stageRows } from '../../stores/archive/staging.ts'
import { EmrServerlessJobs } from '../../stores/jobs/emr-serverless.ts'
import { SqlDatasetLedger } from '../../stores/ledger/sql-dataset-ledger.ts'
import { SqlExclusionLedger } from '../../stores/ledger/sql-exclusion-ledger.ts'
import { SqlModelLedger } from '../../stores/ledger/sql-model-ledger.ts'
import { SqlReplayOutputs } from '../../stores/ledger/sql-replay-outputs.ts'
import { SqlSpeedLedger } from '../../stores/ledger/sql-speed-ledger.ts'
import { ArchivedModels } from '../../stores/models/archived.ts'
import { LineUps } from '../../stores/models/line-ups.ts'
import { SqlStates } from '../../stores/states/sql.ts'
import { KinesisStream, kinesisClient } from '../../stores/stream/kinesis.ts'
import { RedshiftDataWarehouse, warehouseClient } from '../../stores/warehouse/redshift-data.ts'
import type { Batch } from './batch.ts'
import { readEnvironment } from './env.ts'
import type { Run } from './run.ts'
import { isReading, runStep, type StepRequest } from './steps.ts'

/** Comparing large datasets takes minutes; the function itself may run for fifteen. */
const patienceMs = 12 * 60_000
const readingPatienceMs = 20_000

const environment = readEnvironment(process.env)
const archive = new S3Archive(s3Client(environment.endpointUrl), environment.dataBucket)
const warehouse = new RedshiftDataWarehouse(warehouseClient(), environment.warehouse, patienceMs)
const { copyRoleArn, dataBucket, executionLimitMs, silentAfterMs, speedRetentionMs, duplicatesWindowMs, maxDrift } =
  environment

const staging = { warehouse, copyRoleArn, stageRows: stageRows(archive, dataBucket, randomUUID) }

const batch: Promise<Batch> = loadModel().then((own) => {
  const models = new ArchivedModels(archive, own)
  return {
    model: own.data,
    models,
    lineUps: new LineUps(models),
    modelLedger: new SqlModelLedger(warehouse),
    dialect: environment.dialect,
    archive,
    bucket: dataBucket,
    signsOfLife: archive,
    stream: new KinesisStream(kinesisClient(), environment.streamName),
    states: new SqlStates(warehouse, copyRoleArn),
    ledger: new SqlDatasetLedger(warehouse),
    exclusions: new SqlExclusionLedger(warehouse),
    speedLedger: new SqlSpeedLedger(staging),
    outputs: new SqlReplayOutputs(staging),
    jobs: new EmrServerlessJobs(environment.spark),
    executionLimitMs,
    silentAfterMs,
    speedRetentionMs,
    duplicatesWindowMs,
    maxDrift,
    now: Date.now,
    unique: randomUUID,
  }
})

/** The same for what a person only looks at. */
const readingBatch: Promise<Batch> = batch.then((all) => {
  const impatient = new RedshiftDataWarehouse(warehouseClient(), environment.warehouse, readingPatienceMs)
  const outputs = new SqlReplayOutputs({ ...staging, warehouse: impatient })
  const [ledger, exclusions] = [new SqlDatasetLedger(impatient), new SqlExclusionLedger(impatient)]
  return { ...all, ledger, exclusions, outputs }
})

/** What the state machine does next, and why a dataset is held: `lib/layers/alarms.ts` looks for these in the log. */
const whatIsNext = (answer: unknown): Partial<Pick<Run, 'next' | 'beyond'>> => {
  const { next, beyond } = (answer ?? {}) as Partial<Run>
  return { ...(next === undefined ? {} : { next }), ...(beyond === undefined ? {} : { beyond }) }
}

/** Runs one step of the recompute state machine, or one of the command line's requests. */
export const handler = async (request: StepRequest): Promise<unknown> => {
  const startedAt = performance.now()
  const durationMs = (): number => Math.round(performance.now() - startedAt)
  try {
    const answer = await runStep(await (isReading(request) ? readingBatch : batch), request)
    console.log(
      JSON.stringify({ message: 'step done', step: request.step, ...whatIsNext(answer), durationMs: durationMs() }),
    )
    return answer
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    console.error(JSON.stringify({ message: 'step failed', step: request.step, durationMs: durationMs(), error: text }))
    throw error
  }
}
