import type { Batch } from './batch.ts'
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
  const datasetId = run?.datasetId ?? (await datasetOfExecution(batch, executionName))
  if (datasetId === null || run?.rollback === true) return { datasetId, cancelledJobs: 0 }
  const cancelledJobs = await batch.jobs.cancelAll(datasetId)
  const dataset = await batch.ledger.dataset(datasetId)
  if (dataset !== null && dataset.state !== 'promoted' && dataset.state !== 'failed')
    await batch.ledger.noteFailure(datasetId, dataset.step, dataset.reason || reasonOf(error), batch.now(), 'failed')
  return { datasetId, cancelledJobs }
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
