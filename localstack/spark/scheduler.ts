import { randomBytes } from 'node:crypto'
import type { Log } from '../running.ts'
import { conflict, invalid } from './errors.ts'
import { type Driver, type JobPlace, startDriver, tidy, whyFailed } from './job.ts'
import type { StartRequest } from './request.ts'
import { hasEnded, type JobRun, type JobRunStore } from './store.ts'

export interface SchedulerOptions {
  readonly place: JobPlace
  readonly store: JobRunStore
  readonly log: Log
  readonly now: () => number
  /** How long a minute of a job's time limit takes; tests shorten it. */
  readonly minuteMs: number
}

/** More would fight for a laptop's memory. */
const runsAtOnce = 2

type Change = Partial<Pick<JobRun, 'state' | 'stateDetails' | 'startedAt' | 'endedAt'>>

/** Takes job runs through their states, a few at a time, in the order they came. */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #queue: string[] = []
  readonly #active = new Map<string, Promise<void>>()
  readonly #drivers = new Map<string, Driver>()
  #stopping = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#takeUp()
  }

  /** Begins a job run; the same token begins none. @throws ConflictException where the token came with another request */
  start(applicationId: string, request: StartRequest): JobRun {
    const { store, now } = this.#options
    const twin = store
      .all()
      .find((run) => run.applicationId === applicationId && run.request.clientToken === request.clientToken)
    if (twin && JSON.stringify(twin.request) !== JSON.stringify(request))
      throw conflict(`clientToken ${request.clientToken} began job run ${twin.jobRunId} with other parameters`)
    if (twin) return twin
    const jobRunId = `00${randomBytes(7).toString('hex')}`
    const at = now()
    const created = { applicationId, jobRunId, request, createdAt: at, updatedAt: at }
    store.save({ ...created, state: 'SUBMITTED', stateDetails: 'Waiting to be scheduled.' })
    this.#enqueue(jobRunId)
    return this.#run(jobRunId)
  }

  /** @throws ValidationException where the run has ended */
  cancel(run: JobRun): void {
    if (hasEnded(run)) throw invalid(`Job run ${run.jobRunId} is ${run.state}, which can't be cancelled`)
    const queuedAt = this.#queue.indexOf(run.jobRunId)
    if (queuedAt >= 0) {
      this.#queue.splice(queuedAt, 1)
      this.#change(run.jobRunId, {
        state: 'CANCELLED',
        stateDetails: 'Cancelled before it ran.',
        endedAt: this.#options.now(),
      })
    } else this.#kill(run.jobRunId, 'Cancelled by request.')
  }

  /** Ends what runs, as failed; what waits, waits for the next start. */
  async stop(): Promise<void> {
    this.#stopping = true
    await Promise.all([...this.#drivers.values()].map((driver) => driver.kill()))
    await Promise.all(this.#active.values())
  }

  /** After a start: what waited, waits again; what ran can't go on, for its driver died with the endpoint. */
  #takeUp(): void {
    const { store, now } = this.#options
    for (const run of store.all().toSorted((a, b) => a.createdAt - b.createdAt)) {
      if (hasEnded(run)) continue
      if (run.state === 'SUBMITTED' || run.state === 'QUEUED') this.#enqueue(run.jobRunId)
      else {
        const state = run.state === 'CANCELLING' ? 'CANCELLED' : 'FAILED'
        const stateDetails = `The laptop stage's Spark endpoint ended while the job run was ${run.state}. Start the job again.`
        this.#change(run.jobRunId, { state, stateDetails, endedAt: now() })
      }
    }
  }

  #run(jobRunId: string): JobRun {
    const run = this.#options.store.get(jobRunId)
    if (!run) throw new Error(`Job run ${jobRunId} is lost`)
    return run
  }

  #change(jobRunId: string, change: Change): void {
    const run = { ...this.#run(jobRunId), ...change, updatedAt: this.#options.now() }
    this.#options.store.save(run)
    this.#options.log(`job run ${jobRunId} ${run.state}: ${run.stateDetails}`)
  }

  #enqueue(jobRunId: string): void {
    this.#queue.push(jobRunId)
    this.#fill()
    if (this.#queue.includes(jobRunId))
      this.#change(jobRunId, { state: 'QUEUED', stateDetails: `${runsAtOnce} job runs are running already.` })
  }

  #fill(): void {
    while (!this.#stopping && this.#active.size < runsAtOnce) {
      const jobRunId = this.#queue.shift()
      if (jobRunId === undefined) return
      this.#change(jobRunId, { state: 'PENDING', stateDetails: 'Fetching its files.' })
      this.#active.set(jobRunId, this.#work(jobRunId))
    }
  }

  async #work(jobRunId: string): Promise<void> {
    const folder = this.#options.store.folderOf(jobRunId)
    try {
      const end = await this.#drive(jobRunId, folder)
      this.#change(jobRunId, { ...end, endedAt: this.#options.now() })
      await tidy(folder)
    } catch (error) {
      this.#change(jobRunId, { state: 'FAILED', stateDetails: String(error), endedAt: this.#options.now() })
    } finally {
      this.#drivers.delete(jobRunId)
      this.#active.delete(jobRunId)
      this.#fill()
    }
  }

  async #drive(jobRunId: string, folder: string): Promise<Change> {
    const begin = await startDriver(this.#options.place, this.#run(jobRunId), folder)
    if (this.#isCancelling(jobRunId)) return { state: 'CANCELLED' }
    if (this.#stopping) return this.#cutOff()
    this.#change(jobRunId, { state: 'SCHEDULED', stateDetails: 'Starting its driver.' })
    const driver = begin()
    this.#drivers.set(jobRunId, driver)
    this.#change(jobRunId, { state: 'RUNNING', stateDetails: `Its logs: ${folder}`, startedAt: this.#options.now() })
    const timer = this.#limit(jobRunId)
    const exit = await driver.ended
    clearTimeout(timer)
    await driver.kill()
    if (this.#isCancelling(jobRunId)) return { state: 'CANCELLED' }
    if (exit === 0) return { state: 'SUCCESS', stateDetails: '' }
    return this.#stopping ? this.#cutOff() : { state: 'FAILED', stateDetails: await whyFailed(folder, exit) }
  }

  #cutOff(): Change {
    return { state: 'FAILED', stateDetails: "The laptop stage's Spark endpoint was stopped while the job ran." }
  }

  #isCancelling(jobRunId: string): boolean {
    return this.#run(jobRunId).state === 'CANCELLING'
  }

  #limit(jobRunId: string): NodeJS.Timeout | undefined {
    const minutes = this.#run(jobRunId).request.executionTimeoutMinutes
    if (minutes === 0) return undefined
    const stateDetails = `Cancelled: it ran longer than its limit of ${minutes} minutes.`
    // A timer can't be set further ahead than 2^31 - 1 ms, some 24 days.
    return setTimeout(() => this.#kill(jobRunId, stateDetails), Math.min(minutes * this.#options.minuteMs, 2 ** 31 - 1))
  }

  #kill(jobRunId: string, stateDetails: string): void {
    if (this.#isCancelling(jobRunId)) return
    this.#change(jobRunId, { state: 'CANCELLING', stateDetails })
    // A driver that has not begun is not begun any more.
    this.#drivers
      .get(jobRunId)
      ?.kill()
      .catch((error) => this.#options.log(`job run ${jobRunId} could not be killed: ${error}`))
  }
}
