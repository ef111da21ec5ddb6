import {
  CancelJobRunCommand,
  EMRServerlessClient,
  GetJobRunCommand,
  JobRunState,
  paginateListJobRuns,
  StartJobRunCommand,
} from '@aws-sdk/client-emr-serverless'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { JobState, Jobs } from './jobs.ts'

export interface SparkApplication {
  readonly applicationId: string
  readonly roleArn: string
  /** s3:// URI of the job's Python file. */
  readonly jobUri: string
  /** s3:// URI of the archive with Node, the worker and the model, which Spark unpacks as `worker/`. */
  readonly workerUri: string
  readonly submitParameters: string
  readonly timeoutMinutes: number
}

const unended: ReadonlySet<string> = new Set([
  JobRunState.SUBMITTED,
  JobRunState.PENDING,
  JobRunState.SCHEDULED,
  JobRunState.RUNNING,
  JobRunState.QUEUED,
])

export class EmrServerlessJobs implements Jobs {
  readonly #client: EMRServerlessClient
  readonly #application: SparkApplication

  constructor(
    application: SparkApplication,
    client = new EMRServerlessClient({ requestHandler: new NodeHttpHandler() }),
  ) {
    this.#client = client
    this.#application = application
  }

  async start(datasetId: string, specificationUri: string, attempt: string): Promise<string> {
    const { applicationId, roleArn, jobUri, workerUri, submitParameters, timeoutMinutes } = this.#application
    const { jobRunId } = await this.#client.send(
      new StartJobRunCommand({
        applicationId,
        clientToken: `${datasetId}-${attempt}`.slice(0, 64),
        name: datasetId,
        executionRoleArn: roleArn,
        executionTimeoutMinutes: timeoutMinutes,
        jobDriver: {
          sparkSubmit: {
            entryPoint: jobUri,
            entryPointArguments: [specificationUri],
            sparkSubmitParameters: `--conf spark.archives=${workerUri}#worker ${submitParameters}`.trim(),
          },
        },
      }),
    )
    if (jobRunId === undefined) throw new Error(`EMR Serverless began a job for ${datasetId} but named no id for it.`)
    return jobRunId
  }

  async state(runId: string): Promise<JobState> {
    const { jobRun } = await this.#client.send(
      new GetJobRunCommand({ applicationId: this.#application.applicationId, jobRunId: runId }),
    )
    const state = jobRun?.state ?? JobRunState.PENDING
    if (unended.has(state) || state === JobRunState.CANCELLING) return { ended: false }
    const detail = `${state}${jobRun?.stateDetails ? `: ${jobRun.stateDetails}` : ''}`
    return { ended: true, succeeded: state === JobRunState.SUCCESS, detail }
  }

  async cancelAll(datasetId: string): Promise<number> {
    const { applicationId } = this.#application
    let cancelled = 0
    for await (const page of paginateListJobRuns({ client: this.#client }, { applicationId })) {
      for (const run of page.jobRuns ?? []) {
        if (run.name !== datasetId || !unended.has(run.state ?? '')) continue
        await this.#client.send(new CancelJobRunCommand({ applicationId, jobRunId: run.id }))
        cancelled += 1
      }
    }
    return cancelled
  }
}
