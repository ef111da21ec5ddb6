import { setTimeout as sleep } from 'node:timers/promises'
import { percentText } from '../core/quantity-text.ts'
import type { ExecutionState, Step } from '../stores/executions/executions.ts'
import { type BatchProblem, refusal } from './ask-batch.ts'
import type { Connection } from './connection.ts'
import { homeOf, localStage } from './environment.ts'
import { CommandError } from './exit.ts'
import type { Answer } from './output.ts'
import { duration } from './progress.ts'
import type { Session } from './session.ts'
import { failureSentence, promotedSentence } from './what-is-served.ts'

const pollEveryMs = 1000
/** Work that a step began, asked after: its time is that step's. */
const polls = /^Poll/
const isWork = (step: Step): boolean => step.kind === 'entered' && step.isTask && !polls.test(step.state)

export interface StepTiming {
  readonly step: string
  readonly elapsedMs: number
}

export interface Outcome {
  readonly answer: Answer
  /** Where the run ended: Done, NothingNew, Held. */
  readonly ended: string
  readonly datasetId: string | null
  /** It was computed, and differs too much from what is served or lacks records, whether or not it was to be served. */
  readonly held: boolean
  readonly timings: readonly StepTiming[]
}

type Following = Pick<Session, 'progress' | 'stage' | 'env' | 'cwd'>
type Followed = Pick<Connection, 'executions' | 'batch'>

/**
 * Follows an execution to its end, naming each step as it begins.
 * @throws a CommandError where it failed, with the step, the reason and where its log is; or where another is under way
 */
export const follow = async (connection: Followed, executionArn: string, session: Following): Promise<Outcome> => {
  const executions = await connection.executions()
  let shownUpTo = 0
  for (;;) {
    const state = await executions.state(executionArn)
    const steps = await executions.steps(executionArn)
    for (const step of steps.filter((each) => each.eventId > shownUpTo)) {
      shownUpTo = step.eventId
      if (isWork(step)) session.progress.say(`  ${step.state}`)
    }
    if (state.status === 'SUCCEEDED') return outcomeOf(connection, steps, state)
    if (state.status !== 'RUNNING')
      throw failureOf(steps, state, executionArn, session, await servedAfterFailure(connection, steps, state))
    await sleep(pollEveryMs)
  }
}

const outcomeOf = async (
  connection: Pick<Connection, 'batch'>,
  steps: readonly Step[],
  state: ExecutionState,
): Promise<Outcome> => {
  const ended = steps.findLast((step) => step.kind === 'entered')?.state ?? 'Done'
  const run = lastRun(steps, state)
  const datasetId = datasetOf(run)
  const timings = timingsOf(steps)
  if (ended === 'Busy' && run?.problem !== undefined) throw refusal(run.problem)
  const isHeld = ended === 'Held'
  const beyond = beyondOf(run)
  return {
    ended,
    datasetId,
    held: isHeld && (run?.promote !== false || beyond.length > 0),
    timings,
    answer: {
      json: { ended, datasetId, drift: run?.drift ?? null, behind: behindOf(run), beyond, timings },
      tables: [
        {
          columns: ['step', 'took'],
          rows: timings.map(({ step, elapsedMs }) => [step, duration(elapsedMs)]),
        },
      ],
      notes: [await sentenceOf(connection, ended, datasetId, run), ...(isHeld ? beyond : [])],
    },
  }
}

const sentenceOf = async (
  connection: Pick<Connection, 'batch'>,
  ended: string,
  datasetId: string | null,
  run: Run | null,
): Promise<string> => {
  if (ended === 'NothingNew')
    return 'Nothing new: the live dataset holds all that the archive does. Nothing was changed.'
  if (datasetId === null) throw new CommandError(`The execution ended in step ${ended}, and named no dataset.`)
  if (ended !== 'Held') return `${await promotedSentence(connection, datasetId)}${behindSentence(run)}`
  if (run?.promote === false && beyondOf(run).length === 0)
    return `Dataset ${datasetId} is loaded, not live. \`tidemark promote ${datasetId}\` serves it.`
  return `Dataset ${datasetId} is held back, for what is said below; the live dataset stays. \`tidemark datasets ${datasetId}\` shows what differs; \`tidemark promote ${datasetId} --accept-drift\` serves it all the same.`
}

interface Run {
  readonly datasetId?: unknown
  readonly problem?: BatchProblem
  readonly promote?: unknown
  readonly drift?: unknown
  readonly behind?: unknown
  readonly beyond?: unknown
}

/** The shards whose speed table had not reached the mark. */
const behindOf = (run: Run | null): string[] => (Array.isArray(run?.behind) ? run.behind.map(String) : [])

/** A sentence for each metric that differs by more than it may. */
const beyondOf = (run: Run | null): string[] => (Array.isArray(run?.beyond) ? run.beyond.map(String) : [])

const behindSentence = (run: Run | null): string => {
  const behind = behindOf(run)
  if (behind.length === 0) return ''
  return ` The speed table lagged behind it at the seal in ${behind.join(', ')}, and what that explains of their difference (drift ${percentText(Number(run?.drift ?? 0))}) held nothing back; \`tidemark status\` shows how far it is.`
}

const lastRun = (steps: readonly Step[], { output }: Pick<ExecutionState, 'output'>): Run | null =>
  runOf(output) ?? runOf(steps.findLast((step) => runOf(step.data) !== null)?.data)

const datasetOf = (run: Run | null): string | null => (typeof run?.datasetId === 'string' ? run.datasetId : null)

/** A step's answer is the run itself, or holds it as `run`. */
const runOf = (data: unknown): Run | null => {
  if (data === null || typeof data !== 'object') return null
  if ('datasetId' in data) return data
  return 'run' in data ? runOf(data.run) : null
}

/** Each step of work from its entry to the next step's, waiting and polling counted to what is waited for. */
export const timingsOf = (steps: readonly Step[]): StepTiming[] => {
  const entered = steps.filter(isWork)
  const endedAt = steps.at(-1)?.at ?? 0
  return entered.map((step, index) => ({
    step: step.state,
    elapsedMs: (entered[index + 1]?.at ?? endedAt) - step.at,
  }))
}

/** An execution that is ended from outside runs no step that could say why; a rule has its job cancelled, which takes a moment. */
const endedOutside: Partial<Record<ExecutionState['status'], string>> = {
  ABORTED: 'somebody stopped the execution; its Spark job is being cancelled, too',
  TIMED_OUT: 'it took longer than the state machine allows; its Spark job is being cancelled, too',
}

const servedAfterFailure = (
  connection: Pick<Connection, 'batch'>,
  steps: readonly Step[],
  state: ExecutionState,
): Promise<string> =>
  failureSentence(connection, datasetOf(lastRun(steps, state)), {
    // Ending an execution does not end the step that it is at.
    mayBePromotedYet: state.status !== 'FAILED' && lastEntered(steps) === 'Promote',
  })

/** The step that it was at, besides those that note its failure. */
const lastEntered = (steps: readonly Step[]): string | undefined =>
  steps.findLast((step) => step.kind === 'entered' && !['RecordFailure', 'Failed'].includes(step.state))?.state

const failureOf = (
  steps: readonly Step[],
  state: ExecutionState,
  executionArn: string,
  { stage, env, cwd }: Following,
  served: string,
): CommandError => {
  const recorded = steps.findLast((step) => step.kind === 'entered' && step.state === 'RecordFailure')?.data
  const why = causeOf(recorded) ?? [state.error, state.cause].filter(Boolean).join(': ')
  const log =
    stage === localStage
      ? `Logs: ${homeOf(env, cwd)}/logs, or \`tidemark local logs\``
      : `Log: the batch function's log group, and the execution ${executionArn}`
  return new CommandError(
    `The recompute ${state.status === 'FAILED' ? 'failed' : `ended as ${state.status}`} in step ${lastEntered(steps) ?? 'Seal'}: ${why || (endedOutside[state.status] ?? 'no reason was given')}\n${served} ${log}`,
  )
}

/** Step Functions hands on `{Error, Cause}`; a function's Cause is itself JSON with an `errorMessage`. */
const causeOf = (data: unknown): string | null => {
  const error = (data as { error?: { Error?: string; Cause?: string } } | null)?.error
  if (error === undefined || error === null) return null
  const cause = error.Cause ?? ''
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: string }
    return errorMessage ?? cause
  } catch (problem) {
    if (problem instanceof SyntaxError) return [error.Error, cause].filter(Boolean).join(': ')
    throw problem
  }
}
