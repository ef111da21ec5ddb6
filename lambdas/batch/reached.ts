import type { Dataset, DatasetState, ReachedState } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'
import type { Run } from './run.ts'

/**
 * Writes how far a run has come. Where another try of the step was first, and the run may be further by now, nothing is
 * left to write. @returns the state that stands
 * @throws where the run has ended: stopping an execution does not stop the step that it is at
 */
export const reached = async (
  { ledger, now }: Pick<Batch, 'ledger' | 'now'>,
  { datasetId }: Pick<Run, 'datasetId'>,
  state: ReachedState,
  step: string,
): Promise<DatasetState> => {
  const stands = await ledger.setState(datasetId, state, step, now())
  if (stands === state || stands === 'loaded' || stands === 'promoted') return stands
  throw endedMeanwhile(datasetId, stands)
}

/** @throws where the dataset's run has ended without it */
export const refuseEnded = ({ datasetId, state }: Pick<Dataset, 'datasetId' | 'state'>): void => {
  if (state === 'failed') throw endedMeanwhile(datasetId, state)
}

const endedMeanwhile = (datasetId: string, state: DatasetState | null): Error =>
  new Error(
    `Dataset ${datasetId} is ${state ?? 'unknown'} by now: its execution ended while this step was at work; recompute again.`,
  )
