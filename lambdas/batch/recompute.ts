import { type Batch, specificationKey } from './batch.ts'
import { findDataset } from './find-dataset.ts'
import { reached, refuseEnded } from './reached.ts'
import type { Run } from './run.ts'
import { refuseOtherModel } from './sealed-model.ts'

/**
 * Begins the Spark job; a second try of the same execution begins none.
 * @throws where other definitions were deployed since the seal: the job would count by them; and where the execution
 * ended meanwhile: then no job of it is left
 */
export const startRecompute = async (batch: Batch, run: Run): Promise<Run> => {
  const { jobs, bucket } = batch
  const dataset = await findDataset(batch, run.datasetId)
  refuseOtherModel(batch, dataset)
  refuseEnded(dataset)
  const uri = `s3://${bucket}/${specificationKey(run.datasetId)}`
  const jobRunId = await jobs.start(run.datasetId, uri, run.executionName)
  await cancelEnded(batch, run)
  return { ...run, jobRunId, jobDone: false }
}

/**
 * Whoever ends an execution notes that first and then cancels its jobs; here a job is begun first and the note looked
 * for then. So of the two at once, one at least sees the other's.
 */
const cancelEnded = async (batch: Batch, { datasetId }: Run): Promise<void> => {
  const dataset = await findDataset(batch, datasetId)
  if (dataset.state === 'failed') await batch.jobs.cancelAll(datasetId)
  refuseEnded(dataset)
}

/** @throws where the job ended otherwise than well, with what the engine says of it, or the execution did */
export const pollRecompute = async (batch: Batch, run: Run): Promise<Run> => {
  if (run.jobRunId === undefined) throw new Error(`The run of ${run.datasetId} has no job to look at.`)
  const state = await batch.jobs.state(run.jobRunId)
  if (!state.ended) return { ...run, jobDone: false }
  if (!state.succeeded) throw new Error(`The Spark job ${run.jobRunId} of ${run.datasetId} ended: ${state.detail}`)
  await reached(batch, run, 'recomputed', 'recompute')
  return { ...run, jobDone: true }
}
