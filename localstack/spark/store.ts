import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StartRequest } from './request.ts'

/** https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/job-states.html */
export type JobRunState =
  | 'SUBMITTED'
  | 'QUEUED'
  | 'PENDING'
  | 'SCHEDULED'
  | 'RUNNING'
  | 'SUCCESS'
  | 'FAILED'
  | 'CANCELLING'
  | 'CANCELLED'

const ended: ReadonlySet<JobRunState> = new Set(['SUCCESS', 'FAILED', 'CANCELLED'])

/** A job run and all that is known of it; times in epoch ms. */
export interface JobRun {
  readonly applicationId: string
  readonly jobRunId: string
  readonly request: StartRequest
  readonly createdAt: number
  readonly updatedAt: number
  readonly startedAt?: number
  readonly endedAt?: number
  readonly state: JobRunState
  readonly stateDetails: string
}

export const hasEnded = (run: JobRun): boolean => ended.has(run.state)

/** The job runs, each in its own folder with its logs. */
export interface JobRunStore {
  all(): readonly JobRun[]
  get(jobRunId: string): JobRun | undefined
  /** Keeps the run on disk before it returns. */
  save(run: JobRun): void
  folderOf(jobRunId: string): string
}

/** Opens the runs under `stateDir/runs`. */
export const openJobRuns = (stateDir: string): JobRunStore => {
  const root = join(stateDir, 'runs')
  mkdirSync(root, { recursive: true })
  const fileOf = (jobRunId: string) => join(root, jobRunId, 'run.json')
  const runs = new Map<string, JobRun>()
  for (const jobRunId of readdirSync(root)) runs.set(jobRunId, JSON.parse(readFileSync(fileOf(jobRunId), 'utf8')))
  return {
    all: () => [...runs.values()],
    get: (jobRunId) => runs.get(jobRunId),
    save: (run) => {
      mkdirSync(join(root, run.jobRunId), { recursive: true })
      writeFileSync(`${fileOf(run.jobRunId)}.new`, JSON.stringify(run))
      renameSync(`${fileOf(run.jobRunId)}.new`, fileOf(run.jobRunId))
      runs.set(run.jobRunId, run)
    },
    folderOf: (jobRunId) => join(root, jobRunId),
  }
}
