import type { Contribution } from '../../core/contribution.ts'
import type { Model } from '../../core/model.ts'
import type { RecomputeSpecification } from '../../spark/specification.ts'
import type { Archive } from '../archive/archive.ts'
import type { JobState, Jobs } from './jobs.ts'
import { jsonLines, naiveRecompute, type ResultsFormat } from './naive-recompute.ts'

export interface MemoryJobsOptions {
  readonly archive: Archive
  /** What a job runs, at the moment when it runs. */
  readonly model: () => Model
  /** JSON lines, where none is given. */
  readonly format?: ResultsFormat
  readonly tamper?: (contributions: Contribution[]) => Contribution[]
}

interface JobRun {
  readonly datasetId: string
  readonly specificationUri: string
  state: JobState
}

/**
 * The batch engine in memory. A job that was begun stands until `run` or `fail` ends it, or for ever: a job may be lost.
 * Cancelling ends it at once; if it was at work, its files appear all the same.
 */
export class MemoryJobs implements Jobs {
  readonly #options: MemoryJobsOptions
  readonly #runs = new Map<string, JobRun>()

  constructor(options: MemoryJobsOptions) {
    this.#options = options
  }

  async start(datasetId: string, specificationUri: string, attempt: string): Promise<string> {
    const runId = `${datasetId}-${attempt}`
    if (!this.#runs.has(runId)) this.#runs.set(runId, { datasetId, specificationUri, state: { ended: false } })
    return runId
  }

  async state(runId: string): Promise<JobState> {
    return this.#run(runId).state
  }

  async cancelAll(datasetId: string): Promise<number> {
    const cancelled = [...this.#runs.values()].filter((run) => run.datasetId === datasetId && !run.state.ended)
    for (const run of cancelled) run.state = { ended: true, succeeded: false, detail: 'CANCELLED' }
    return cancelled.length
  }

  /** The runs that have not ended, oldest first. */
  unended(): string[] {
    return [...this.#runs].filter(([, { state }]) => !state.ended).map(([runId]) => runId)
  }

  /** Does a job's work, and ends it: well, or as failed with what went wrong. */
  async run(runId: string): Promise<void> {
    const { specificationUri } = this.#run(runId)
    const { archive, model, format = jsonLines, tamper } = this.#options
    try {
      const key = specificationUri.replace(/^s3:\/\/[^/]+\//, '')
      const specification = (await archive.getJson(key)) as RecomputeSpecification | null
      if (specification === null) throw new Error(`There is no specification ${specificationUri}.`)
      await naiveRecompute({ archive, model: model(), format, tamper }, specification)
      this.#end(runId, { ended: true, succeeded: true, detail: 'SUCCESS' })
    } catch (error) {
      this.fail(runId, error instanceof Error ? error.message : String(error))
    }
  }

  async runAll(): Promise<void> {
    for (const runId of this.unended()) await this.run(runId)
  }

  /** Ends a job without its work. */
  fail(runId: string, detail: string): void {
    this.#end(runId, { ended: true, succeeded: false, detail: `FAILED: ${detail}` })
  }

  #end(runId: string, state: JobState): void {
    const run = this.#run(runId)
    if (!run.state.ended) run.state = state
  }

  #run(runId: string): JobRun {
    const run = this.#runs.get(runId)
    if (run === undefined) throw new Error(`There is no job run ${runId}.`)
    return run
  }
}
