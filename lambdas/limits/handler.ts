import { setTimeout as sleep } from 'node:timers/promises'
import { loadModel } from '#model'
import { S3Archive, s3Client } from '../../stores/archive/s3.ts'
import { EventBridge, eventBridgeClient } from '../../stores/event-bus/eventbridge.ts'
import { SqlLimitLedger } from '../../stores/ledger/sql-limit-ledger.ts'
import { SqlModelLedger } from '../../stores/ledger/sql-model-ledger.ts'
import { ArchivedModels } from '../../stores/models/archived.ts'
import { RedshiftDataWarehouse, warehouseClient } from '../../stores/warehouse/redshift-data.ts'
import { readEnvironment } from './env.ts'
import { LimitWatcher, type Watched } from './watch.ts'

/** A look reads a metric's periods on both sides; the function itself may run for five minutes. */
const patienceMs = 4 * 60_000

const environment = readEnvironment(process.env)
const archive = new S3Archive(s3Client(environment.endpointUrl), environment.dataBucket)
const warehouse = new RedshiftDataWarehouse(warehouseClient(), environment.warehouse, patienceMs)

const watcher: Promise<LimitWatcher> = loadModel().then(
  (own) =>
    new LimitWatcher({
      model: own.data,
      models: new ArchivedModels(archive, own),
      modelLedger: new SqlModelLedger(warehouse),
      ledger: new SqlLimitLedger(warehouse),
      dialect: environment.dialect,
      bus: new EventBridge(eventBridgeClient(), `tidemark.${environment.stage}`, (ms) => sleep(ms)),
      now: Date.now,
    }),
)

/** One round of watching the stage's limits: invoked by its schedule. */
export const handler = async (): Promise<Watched> => {
  const startedAt = performance.now()
  const durationMs = (): number => Math.round(performance.now() - startedAt)
  try {
    const watched = await (await watcher).round()
    console.log(JSON.stringify({ message: 'limits watched', durationMs: durationMs(), ...watched }))
    return watched
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    console.error(JSON.stringify({ message: 'watching limits failed', durationMs: durationMs(), error: text }))
    throw error
  }
}
