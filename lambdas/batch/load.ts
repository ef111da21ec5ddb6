import { createHash } from 'node:crypto'
import { keepers, type MetricData } from '../../core/model.ts'
import type { DataFile, DatasetManifest } from '../../spark/specification.ts'
import { batchTable, type Slot, slots } from '../../sql/states.ts'
import { qualified } from '../../sql/table.ts'
import { type Control, slotOf } from '../../stores/ledger/dataset.ts'
import { epochMsOf } from '../../stores/warehouse/sql-time.ts'
import { type Batch, manifestKey } from './batch.ts'
import { findDataset } from './find-dataset.ts'
import { reached, refuseEnded } from './reached.ts'
import type { Run } from './run.ts'
import { executionHash } from './seal.ts'

/** Takes the standby slot for the dataset and begins a transaction for each metric. @throws where the execution ended meanwhile */
export const startLoad = async (batch: Batch, run: Run): Promise<Run> => {
  refuseEnded(await findDataset(batch, run.datasetId))
  const manifest = await readManifest(batch, run.datasetId)
  const slot = await takeSlot(batch, run)
  if (slot === null) return { ...run, statementIds: [], loadDone: false }
  const statementIds: string[] = []
  for (const metric of keepers(batch.model)) {
    const manifestUri = await stageCopyManifest(batch, run, metric, filesOf(manifest, metric))
    const load = { metric, slot, datasetId: run.datasetId, manifestUri }
    statementIds.push(await batch.states.startLoad(load, tokenOf(run, metric)))
  }
  return { ...run, statementIds, loadDone: false }
}

/**
 * One token for each execution and metric: a second try begins no second load. By name and version: metrics that differ
 * in their names alone have one version. 64 characters, the most that a token may have.
 */
const tokenOf = ({ datasetId, executionName }: Run, { name, version }: MetricData): string =>
  createHash('sha256')
    .update(JSON.stringify([datasetId, executionName, name, version]))
    .digest('hex')

const readManifest = async ({ archive, model }: Batch, datasetId: string): Promise<DatasetManifest> => {
  const manifest = (await archive.getJson(manifestKey(datasetId))) as DatasetManifest | null
  if (manifest === null)
    throw new Error(`Dataset ${datasetId} has no manifest (${manifestKey(datasetId)}): it was never recomputed.`)
  if (manifest.modelVersion !== model.version)
    throw new Error(
      `Dataset ${datasetId} was made by model ${manifest.modelVersion}, and ${model.version} is deployed; recompute it with --full, or deploy the definitions it was made by.`,
    )
  return manifest
}

const filesOf = (manifest: DatasetManifest, metric: MetricData): DataFile[] =>
  Object.values(manifest.results[metric.name] ?? {}).flat()

/** COPY's manifest: it names the files, since a prefix would also match others, and their sizes, which Parquet needs. */
const stageCopyManifest = async (
  batch: Batch,
  { datasetId, executionName }: Run,
  metric: MetricData,
  files: readonly DataFile[],
): Promise<string | null> => {
  if (files.length === 0) return null
  const key = `staging/load/${datasetId}/${executionName}/${metric.name}.manifest`
  await batch.archive.putJson(key, {
    entries: files.map((file) => ({
      url: `s3://${batch.bucket}/${file.key}`,
      mandatory: true,
      meta: { content_length: file.bytes },
    })),
  })
  return `s3://${batch.bucket}/${key}`
}

/**
 * The slot that is not served, owned by this dataset from here on; null where it stands loaded in a slot already.
 * @throws where a dataset is being loaded there by a run that has not failed
 */
const takeSlot = async ({ ledger, now, executionLimitMs }: Batch, run: Run): Promise<Slot | null> => {
  const { datasetId } = run
  const control = await ledger.control()
  const own = slotOf(control, datasetId)
  if (own !== null && control.slots[own].state === 'loaded') return null
  const slot = own ?? standbySlot(control)
  const { datasetId: ownerId, state } = control.slots[slot]
  const owner = state === 'loading' ? await ledger.dataset(ownerId) : null
  const isOurs = own !== null && (!run.rollback || owner?.step === reloadStep(run.executionName))
  if (isOurs) return own
  // Whoever began a load that long ago has ended, even where nobody could note it; what it left can't commit any more.
  const isAbandoned = owner !== null && now() - epochMsOf(owner.updatedAt) > executionLimitMs
  if (owner !== null && owner.state !== 'failed' && !isAbandoned)
    throw new Error(
      `Slot ${slot} is being loaded with ${ownerId}; ${datasetId} can be loaded once that is done, or ${executionLimitMs / 60_000} minutes after it began.`,
    )
  await ledger.takeSlot(control, slot, datasetId, run.rollback ? reloadStep(run.executionName) : 'load', now())
  return slot
}

/** Names the execution that brings a dataset back: unlike a new dataset's, its id does not. At most 32 characters. */
export const reloadStep = (executionName: string): string => `reload-${executionHash(executionName)}`

const standbySlot = (control: Control): Slot =>
  slots.find((slot) => control.liveDatasetId === '' || control.slots[slot].datasetId !== control.liveDatasetId) ??
  'blue'

/** @throws where a load was rolled back, a table holds another number of rows than the dataset's files, or the execution ended */
export const pollLoad = async (batch: Batch, run: Run): Promise<Run> => {
  if (!(await haveEnded(batch, run.statementIds ?? []))) return { ...run, loadDone: false }
  const control = await batch.ledger.control()
  const slot = slotOf(control, run.datasetId)
  if (slot === null)
    throw new Error(`${run.datasetId} lost its slot to another dataset while it was loaded; recompute again.`)
  if (control.slots[slot].state !== 'loaded') {
    await checkRows(batch, run.datasetId, slot)
    const isServed = !run.rollback && (await reached(batch, run, 'loaded', 'load')) === 'promoted'
    // Then another try of this step was first, and control moved on since it was read here.
    if (!isServed) await batch.ledger.setSlot(control, slot, run.datasetId, 'loaded')
  }
  return { ...run, loadDone: true }
}

/** A failed transaction counts once all have ended: one still running would write to a slot given to another. */
const haveEnded = async ({ states }: Batch, statementIds: readonly string[]): Promise<boolean> => {
  const ends = await Promise.allSettled(statementIds.map((statementId) => states.isLoaded(statementId)))
  if (ends.some((end) => end.status === 'fulfilled' && !end.value)) return false
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return true
}

const checkRows = async (batch: Batch, datasetId: string, slot: Slot): Promise<void> => {
  const manifest = await readManifest(batch, datasetId)
  for (const metric of keepers(batch.model)) {
    const expected = filesOf(manifest, metric).reduce((sum, { rows }) => sum + rows, 0)
    const loaded = await batch.states.rowsLoaded(metric, slot, datasetId)
    if (loaded !== expected)
      throw new Error(
        `${qualified(batchTable(metric, slot))} holds ${loaded} rows of ${datasetId}; its files hold ${expected}.`,
      )
  }
}
