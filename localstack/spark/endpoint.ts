import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { spawnLeashed } from '../leash.ts'
import type { Log, Running } from '../running.ts'
import { applicationAnswer, arnOf, jobRunAnswer, listAnswer } from './answers.ts'
import { ApiError, invalid, notFound } from './errors.ts'
import { inputsFrom } from './inputs.ts'
import { readStartRequest } from './request.ts'
import { Scheduler } from './scheduler.ts'
import { type JobRun, type JobRunStore, openJobRuns } from './store.ts'

/** What the endpoint needs to run. */
export interface SparkEndpointOptions {
  readonly port: number
  readonly s3EndpointUrl: string
  /** Job runs and their logs are kept in its folder `runs`. */
  readonly stateDir: string
  /** The project's Python environment. */
  readonly venvDir: string
  readonly log: Log
  /** `local[2]`, unless given. */
  readonly master?: string
  readonly spawnChild?: typeof spawnLeashed
  readonly now?: () => number
  /** How long a minute of a job's time limit takes; tests shorten it. */
  readonly minuteMs?: number
}

const largestBodyBytes = 1024 * 1024

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > largestBodyBytes) throw invalid(`The request is larger than ${largestBodyBytes} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw invalid(`The request is no JSON: ${error}`)
  }
}

const isApplicationId = (text: string): boolean => /^[0-9a-z]{1,64}$/.test(text)

/** Answers EMR Serverless' requests; https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_Operations.html */
class Api {
  readonly #store: JobRunStore
  readonly #scheduler: Scheduler
  readonly #startedAt: number

  constructor(store: JobRunStore, scheduler: Scheduler, startedAt: number) {
    this.#store = store
    this.#scheduler = scheduler
    this.#startedAt = startedAt
  }

  async answer(request: IncomingMessage): Promise<object> {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const [root, applicationId = '', jobRuns, jobRunId, ...more] = url.pathname
      .split('/')
      .slice(1)
      .map(decodeURIComponent)
    const operation = `${request.method} ${url.pathname}`
    if (root !== 'applications' || (jobRuns !== undefined && jobRuns !== 'jobruns') || more.length > 0)
      throw invalid(`The laptop stage does not implement ${operation}`)
    if (!isApplicationId(applicationId)) throw invalid(`applicationId must match [0-9a-z]{1,64}, not ${applicationId}`)
    const shape = `${request.method}${jobRuns ? ' runs' : ''}${jobRunId ? ' one' : ''}`
    switch (shape) {
      case 'GET':
        return { application: applicationAnswer(applicationId, this.#startedAt) }
      case 'POST runs':
        return this.#start(applicationId, await bodyOf(request))
      case 'GET runs':
        return listAnswer(
          this.#store.all().filter((run) => run.applicationId === applicationId),
          url.searchParams,
        )
      case 'GET runs one':
        return { jobRun: jobRunAnswer(this.#find(applicationId, jobRunId)) }
      case 'DELETE runs one':
        this.#scheduler.cancel(this.#find(applicationId, jobRunId))
        return { applicationId, jobRunId }
      default:
        throw invalid(`The laptop stage does not implement ${operation}`)
    }
  }

  #start(applicationId: string, body: unknown): object {
    const run = this.#scheduler.start(applicationId, readStartRequest(body))
    return { applicationId, jobRunId: run.jobRunId, arn: arnOf(run) }
  }

  #find(applicationId: string, jobRunId = ''): JobRun {
    const run = this.#store.get(jobRunId)
    if (run?.applicationId !== applicationId)
      throw notFound(`Job run ${jobRunId} of application ${applicationId} does not exist`)
    return run
  }
}

const respond = async (api: Api, request: IncomingMessage, response: ServerResponse, log: Log): Promise<void> => {
  const send = (status: number, body: object, headers = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  try {
    send(200, await api.answer(request))
  } catch (error) {
    const known = error instanceof ApiError
    if (!known) log(`${request.method} ${request.url}: ${error instanceof Error ? error.stack : error}`)
    const { name, status, message } = known
      ? error
      : { name: 'InternalServerException', status: 500, message: String(error) }
    send(status, { message }, { 'x-amzn-errortype': name })
  }
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })

/**
 * Speaks EMR Serverless' job runs on 127.0.0.1, and runs each on a real Spark of this machine.
 * @throws where the port is taken
 */
export const startSparkEndpoint = async (options: SparkEndpointOptions): Promise<Running> => {
  const { s3EndpointUrl, venvDir, master = 'local[2]', spawnChild = spawnLeashed, log, now = Date.now } = options
  const inputs = inputsFrom(s3EndpointUrl)
  const store = openJobRuns(options.stateDir)
  const place = { venvDir, s3EndpointUrl, master, inputs, spawnChild }
  let api: Api | undefined
  const server = createServer((request, response) => {
    if (api)
      respond(api, request, response, log).catch((error: Error) => log(`An answer could not be sent: ${error.message}`))
    else response.writeHead(503).end()
  })
  await listen(server, options.port)
  // Only once the port is ours: another endpoint may be at work on the same runs.
  const scheduler = new Scheduler({ place, store, log, now, minuteMs: options.minuteMs ?? 60_000 })
  api = new Api(store, scheduler, now())
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    server.closeAllConnections()
    await closed
    await scheduler.stop()
    inputs.close()
  }
  return { stop }
}
