import { invalid } from './errors.ts'
import type { JobRun } from './store.ts'

const release = 'emr-7.14.0'
const account = '000000000000'
const createdBy = `arn:aws:iam::${account}:root`

const applicationArn = (applicationId: string) =>
  `arn:aws:emr-serverless:us-east-1:${account}:/applications/${applicationId}`

/** A job run's ARN. */
export const arnOf = ({ applicationId, jobRunId }: JobRun) => `${applicationArn(applicationId)}/jobruns/${jobRunId}`

/** Times go over the wire in seconds. */
const seconds = (ms: number): number => ms / 1000

const facts = (run: JobRun) => ({
  applicationId: run.applicationId,
  arn: arnOf(run),
  createdBy,
  createdAt: seconds(run.createdAt),
  updatedAt: seconds(run.updatedAt),
  executionRole: run.request.executionRoleArn,
  state: run.state,
  stateDetails: run.stateDetails,
  releaseLabel: release,
  mode: 'BATCH',
  attempt: 1,
  ...(run.request.name === undefined ? {} : { name: run.request.name }),
})

/** https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_JobRun.html */
export const jobRunAnswer = (run: JobRun) => ({
  ...facts(run),
  jobRunId: run.jobRunId,
  jobDriver: run.request.jobDriver,
  tags: run.request.tags ?? {},
  executionTimeoutMinutes: run.request.executionTimeoutMinutes,
  ...(run.startedAt === undefined ? {} : { startedAt: seconds(run.startedAt) }),
  ...(run.endedAt === undefined ? {} : { endedAt: seconds(run.endedAt) }),
  ...(run.startedAt === undefined || run.endedAt === undefined
    ? {}
    : { totalExecutionDurationSeconds: Math.round((run.endedAt - run.startedAt) / 1000) }),
})

/** Any application exists, and is started. */
export const applicationAnswer = (applicationId: string, startedAt: number) => ({
  applicationId,
  name: applicationId,
  arn: applicationArn(applicationId),
  releaseLabel: release,
  type: 'Spark',
  state: 'STARTED',
  createdAt: seconds(startedAt),
  updatedAt: seconds(startedAt),
})

const listParameters = new Set(['states', 'createdAtAfter', 'createdAtBefore', 'maxResults', 'nextToken', 'mode'])
const largestPage = 50

const timeIn = (query: URLSearchParams, name: string, fallback: number): number => {
  const text = query.get(name)
  const ms = text === null ? fallback : Date.parse(text)
  if (Number.isNaN(ms)) throw invalid(`${name} is no time: ${text}`)
  return ms
}

const wholeIn = (query: URLSearchParams, name: string, fallback: number, low: number, high: number): number => {
  const number = Number(query.get(name) ?? fallback)
  if (!Number.isInteger(number) || number < low || number > high)
    throw invalid(`${name} must be a whole number from ${low} to ${high}, not ${query.get(name)}`)
  return number
}

/** A page of an application's runs, the newest first. @throws ValidationException naming a parameter that is not implemented */
export const listAnswer = (runs: readonly JobRun[], query: URLSearchParams) => {
  const unknown = [...query.keys()].find((name) => !listParameters.has(name))
  if (unknown) throw invalid(`The laptop stage does not implement ListJobRuns' ${unknown}`)
  const states = query.getAll('states')
  const after = timeIn(query, 'createdAtAfter', Number.NEGATIVE_INFINITY)
  const before = timeIn(query, 'createdAtBefore', Number.POSITIVE_INFINITY)
  const found = runs
    .filter((run) => states.length === 0 || states.includes(run.state))
    .filter(({ createdAt }) => createdAt >= after && createdAt <= before)
    .toSorted((a, b) => b.createdAt - a.createdAt)
  const from = wholeIn(query, 'nextToken', 0, 0, Number.MAX_SAFE_INTEGER)
  const to = from + wholeIn(query, 'maxResults', largestPage, 1, largestPage)
  return {
    jobRuns: found.slice(from, to).map((run) => ({ ...facts(run), id: run.jobRunId, type: 'SPARK_SUBMIT' })),
    ...(to < found.length ? { nextToken: String(to) } : {}),
  }
}
