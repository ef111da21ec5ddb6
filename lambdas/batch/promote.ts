import { keepers } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { type Control, type Marks, type Parity, standsLoaded } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'
import { isServed } from './compare.ts'
import { driftBeyond, sentenceOf } from './drift.ts'
import { findDataset, refuseNeverWhole } from './find-dataset.ts'
import { lowestMarksInSlots } from './lowest-marks.ts'
import { retireModels, servingOf, tellModels } from './models.ts'
import { factsOf } from './reasons.ts'
import type { Run } from './run.ts'
import { executionHash } from './seal.ts'
import { holesOf } from './unarchived.ts'

/** Serves the run's dataset, once: who serves another one after that is not overruled by a second try. */
export const promote = async (batch: Batch, run: Run): Promise<Run> => {
  const control = await batch.ledger.control()
  if (control.liveDatasetId !== run.datasetId && !(await wasServed(batch, run)))
    await serve(batch, control, run.datasetId, run.rollback ? backStep(run.executionName) : 'promote')
  await tellModels(batch)
  return run
}

/** A dataset that is brought back was served before: there, the step that it was last at tells by whom. */
const wasServed = async ({ ledger }: Batch, { datasetId, rollback: isBack, executionName }: Run): Promise<boolean> => {
  const dataset = await ledger.dataset(datasetId)
  return dataset?.state === 'promoted' && (!isBack || dataset.step === backStep(executionName))
}

/** Names the execution that served a dataset it brought back. At most 32 characters. */
const backStep = (executionName: string): string => `rollback-${executionHash(executionName)}`

/**
 * Serves a loaded dataset by hand.
 * @throws Problem unknown_dataset, not_loaded, not_compared, drift_too_large, speed_rows_pruned, model_retired, too_many_views
 */
export const promoteDataset = async (
  batch: Batch,
  datasetId: string,
  acceptDrift: boolean,
): Promise<{ liveDatasetId: string }> => {
  const dataset = await findDataset(batch, datasetId)
  const control = await batch.ledger.control()
  const parities = await batch.ledger.parity(datasetId)
  if (!standsLoaded(control, datasetId)) refuseNeverWhole(dataset)
  if (parities.length === 0 && !acceptDrift)
    throw new Problem(
      'not_compared',
      409,
      `${datasetId} was never compared with what is served; recompute again, or promote it by --accept-drift.`,
    )
  const facts = await factsOf(batch, datasetId)
  const holes = facts === null ? [] : holesOf(facts.served)
  const beyond = driftBeyond(batch, await servedParities(batch, parities), facts)
  if (beyond.length + holes.length > 0 && !acceptDrift)
    throw new Problem(
      'drift_too_large',
      409,
      `${datasetId} is held:\n${[...beyond.map(sentenceOf), ...holes].join('\n')}\nLook at it by \`tidemark datasets ${datasetId}\`, and serve it all the same by \`tidemark promote ${datasetId} --accept-drift\`.`,
      {
        beyond: beyond.map(({ metric, drift, allowed }) => ({ metric: metric.name, drift, allowed })),
        unarchived: facts?.served.unarchived ?? {},
      },
    )
  await serve(batch, control, datasetId, 'promote')
  await tellModels(batch)
  return { liveDatasetId: datasetId }
}

/** Of the metrics that are served whole: where a definition changed, there is nothing to compare with. */
const servedParities = async (batch: Batch, parities: readonly Parity[]): Promise<Parity[]> => {
  const served: Parity[] = []
  for (const parity of parities) {
    const metric = keepers(batch.model).find(({ name }) => name === parity.metric)
    if (metric !== undefined && (await isServed(batch, metric))) served.push(parity)
  }
  return served
}

/**
 * Goes back to the dataset in the standby slot, or names the older one that must be loaded first.
 * @throws Problem unknown_dataset, nothing_to_roll_back_to, already_live, not_loaded, never_served, speed_rows_pruned, model_retired, too_many_views
 */
export const rollback = async (
  batch: Batch,
  datasetId: string | null,
): Promise<{ liveDatasetId: string } | { reload: string }> => {
  const control = await batch.ledger.control()
  const target = datasetId ?? (await standbyDataset(batch, control))
  if (target === null)
    throw new Problem(
      'nothing_to_roll_back_to',
      409,
      'No other dataset stands loaded; `tidemark datasets` lists those that can be named.',
    )
  const dataset = await findDataset(batch, target)
  if (target === control.liveDatasetId) throw new Problem('already_live', 409, `${target} is what is served now.`)
  refuseNeverWhole(dataset)
  if (standsLoaded(control, target)) {
    if (dataset.state !== 'promoted')
      throw new Problem(
        'never_served',
        409,
        `${target} was never served, so there is no going back to it; \`tidemark promote ${target}\` serves it.`,
      )
    await serve(batch, control, target, 'rollback')
    await tellModels(batch)
    return { liveDatasetId: target }
  }
  await refusePruned(batch, target)
  return { reload: target }
}

/** What was served before and still stands loaded. A dataset that was held, or failed, was never served. */
const standbyDataset = async ({ ledger }: Batch, { liveDatasetId, slots }: Control): Promise<string | null> => {
  const standby = [slots.blue, slots.green].find(
    ({ datasetId, state }) => state === 'loaded' && datasetId !== liveDatasetId,
  )
  if (standby === undefined || (await ledger.dataset(standby.datasetId))?.state !== 'promoted') return null
  return standby.datasetId
}

const serve = async (batch: Batch, control: Control, datasetId: string, step: string): Promise<void> => {
  if (!standsLoaded(control, datasetId))
    throw new Problem(
      'not_loaded',
      409,
      `${datasetId} is not loaded in a slot; \`tidemark rollback ${datasetId}\` loads and serves it.`,
    )
  await refusePruned(batch, datasetId)
  const { prepared, ...serving } = await servingOf(batch, await findDataset(batch, datasetId))
  const known = await batch.ledger.installAsOf(serving.known, prepared)
  await batch.ledger.serve(control, datasetId, { ...serving, known }, step, batch.now())
  if (prepared.length + serving.views.length > 0) await batch.ledger.install(serving.comments)
}

/** Below its mark a dataset answers itself; above it, speed rows must: were they pruned, it would leave a hole. */
const refusePruned = async ({ ledger }: Batch, datasetId: string): Promise<void> => {
  const marks: Marks = await ledger.marks(datasetId)
  for (const [shardId, prunedTo] of Object.entries(await ledger.prunedTo()))
    if (prunedTo > (marks[shardId] ?? ''))
      throw new Problem(
        'speed_rows_pruned',
        409,
        `Speed rows up to ${prunedTo} of ${shardId} are pruned; serving ${datasetId}, whose mark there is ${marks[shardId] ?? 'none'}, would lose them. Count them again from the archive by \`tidemark rollback ${datasetId} --rebuild\`, or make a new dataset by \`tidemark recompute --full\`.`,
      )
}

/** Removes speed rows that no dataset in a slot (or on its way into one) needs any more, and that are older than the stage keeps them. */
export const prune = async (batch: Batch, run: Run): Promise<Run> => {
  const { ledger, speedRetentionMs, now } = batch
  const control = await ledger.control()
  const bounds = await lowestMarksInSlots(batch, control)
  const edges = await ledger.edgesCommittedBefore(bounds, now() - speedRetentionMs)
  const pruned = await ledger.prunedTo()
  const further = Object.entries(edges).filter(([shardId, edge]) => edge > (pruned[shardId] ?? ''))
  // Held to the slots that the bounds were made of: read anew, control would hide what changed since.
  for (let first = 0, { revision } = control; first < further.length; first += shardsAtOnce, revision++)
    await ledger.prune({ ...control, revision }, Object.fromEntries(further.slice(first, first + shardsAtOnce)))
  await retireModels(batch)
  return run
}

/** Four statements a shard and one more make a transaction, which holds at most 40. */
const shardsAtOnce = 9
