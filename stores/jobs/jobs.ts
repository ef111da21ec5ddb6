/** Where a batch job is. */
export type JobState =
  | { readonly ended: false }
  | { readonly ended: true; readonly succeeded: boolean; readonly detail: string }

/** The engine that runs recomputes. */
export interface Jobs {
  /** Begins the job for a dataset; called again for the same dataset and attempt it begins none. @returns the run's id */
  start(datasetId: string, specificationUri: string, attempt: string): Promise<string>
  state(runId: string): Promise<JobState>
  /** Cancels every run of the dataset that has not ended. @returns how many */
  cancelAll(datasetId: string): Promise<number>
}
