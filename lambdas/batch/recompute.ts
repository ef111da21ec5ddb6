import { type Batch, specificationKey } from './batch.ts'
import { findDataset } from './find-dataset.ts'
import type { Run } from './run.ts'
import { refuseOtherModel } from './sealed-model.ts'

/**
 * Begins the Spark job; a second try of the same execution begins none.
 * @throws where other definitions were deployed since the seal: the job would count by them
 */
export const startRecompute = async (batch: Batch, run: Run): Promise<Run> => {
  const { jobs, bucket } = batch
  refuseOtherModel(batch, await findDataset(batch, run.datasetId))
  const uri = `s3://${bucket}/${specificationKey(run.datasetId)}`
  return { ...run, jobRunId: await jobs.start(run.datasetId, uri, run.executionName), jobDone: false }
}

/** @throws where the job ended otherwise than well, with what the engine says of it */
export const pollRecompute = async ({ jobs, ledger, now }: Batch, run: Run): Promise<Run> => {
  if (run.jobRunId === undefined) throw new Error(`The run of ${run.datasetId} has no job to look at.`)
  const state = await jobs.state(run.jobRunId)
  if (!state.ended) return { ...run, jobDone: false }
  if (!state.succeeded) throw new Error(`The Spark job ${run.jobRunId} of ${run.datasetId} ended: ${state.detail}`)
  await ledger.setState(run.datasetId, 'recomputed', 'recompute', now())
  return { ...run, jobDone: true }
}
