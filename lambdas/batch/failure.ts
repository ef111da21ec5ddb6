import { slotOf } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'
import { reloadStep } from './load.ts'
import type { Run } from './run.ts'
import { executionHash } from './seal.ts'

/** What Step Functions says of an error; `Cause` is a function's error as JSON text, or plain text. */
interface StepError {
  readonly Error?: string
  readonly Cause?: string
}

export interface FailureReport {
  readonly run?: Partial<Run>
  readonly executionName: string
  readonly error: StepError
}

/** Notes why an execution ended, and cancels its job where one runs. The live dataset is what it was. */
export const recordFailure = async (
  batch: Batch,
  { run, executionName, error }: FailureReport,
): Promise<{ datasetId: string | null; cancelledJobs: number }> => {
  const reloaded = await endReload(batch, executionName, reasonOf(error))
  if (reloaded !== null) return { datasetId: reloaded, cancelledJobs: 0 }
  const datasetId = run?.datasetId ?? (await datasetOfExecution(batch, executionName))
  if (datasetId === null || run?.rollback === true) return { datasetId, cancelledJobs: 0 }
  let cancelledJobs = 0
  try {
    await noteFailed(batch, datasetId, reasonOf(error))
  } finally {
    // Neither waits for the other: where the engine does not answer, the next recompute need not wait for it.
    cancelledJobs = await batch.jobs.cancelAll(datasetId)
  }
  return { datasetId, cancelledJobs }
}

const noteFailed = async ({ ledger, now }: Batch, datasetId: string, reason: string): Promise<void> => {
  const dataset = await ledger.dataset(datasetId)
  // Where it is served, or has failed before, this changes nothing.
  if (dataset !== null) await ledger.noteFailure(datasetId, dataset.step, dataset.reason || reason, now(), 'failed')
}

/**
 * Gives back the slot that an execution was reloading a dataset into, or nothing could be loaded there any more. The
 * dataset itself stays what it was. @returns its id; null where the execution was reloading none
 */
const endReload = async ({ ledger, now }: Batch, executionName: string, reason: string): Promise<string | null> => {
  const step = reloadStep(executionName)
  const dataset = (await ledger.datasets()).find((candidate) => candidate.step === step)
  if (dataset === undefined) return null
  const control = await ledger.control()
  const slot = slotOf(control, dataset.datasetId)
  if (slot !== null && control.slots[slot].state === 'loading') await ledger.setSlot(control, slot, '', 'empty')
  await ledger.noteFailure(dataset.datasetId, 'reload', reason, now(), null)
  return dataset.datasetId
}

const datasetOfExecution = async ({ ledger }: Batch, executionName: string): Promise<string | null> => {
  const ending = `-${executionHash(executionName)}`
  return (await ledger.datasets()).find(({ datasetId }) => datasetId.endsWith(ending))?.datasetId ?? null
}

const reasonOf = ({ Error: name, Cause: cause }: StepError): string => {
  if (cause === undefined) return name ?? 'unknown'
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: string }
    return errorMessage ?? cause
  } catch (error) {
    if (error instanceof SyntaxError) return cause
    throw error
  }
}
