import { Problem } from '../../core/problem.ts'
import { TransactionUnknown } from '../../stores/warehouse/warehouse.ts'
import type { Batch } from './batch.ts'
import { compare } from './compare.ts'
import { type ExcludeRequest, exclude, listExclusions, type UndoRequest, undoExclusion } from './exclude.ts'
import { type FailureReport, recordFailure } from './failure.ts'
import { describeDataset, listDatasets } from './inspect.ts'
import { pollLoad, startLoad } from './load.ts'
import { described } from './problem-answer.ts'
import { promote, promoteDataset, prune, rollback } from './promote.ts'
import { type RebuildRequest, rebuild } from './rebuild.ts'
import { pollRecompute, startRecompute } from './recompute.ts'
import { type ReplayRequest, replay, replayPlan } from './replay.ts'
import { beginOutput, compareOutput, dropOutput, listOutputs, swapOutput, writeOutput } from './replay-output.ts'
import type { Run, SealRequest } from './run.ts'
import { seal } from './seal.ts'
import { showLife } from './under-way.ts'

/** What the state machine and the command line ask of the batch function. */
export type StepRequest =
  | ({ readonly step: 'seal' } & SealRequest)
  | { readonly step: RunStep; readonly run: Run }
  | ({ readonly step: 'recordFailure' } & FailureReport)
  | { readonly step: 'promoteDataset'; readonly datasetId: string; readonly acceptDrift?: boolean }
  | { readonly step: 'rollback'; readonly datasetId?: string }
  | { readonly step: 'replayPlan'; readonly shardId?: string }
  | ({ readonly step: 'replay' } & ReplayRequest)
  | ({ readonly step: 'rebuild' } & RebuildRequest)
  | { readonly step: 'outputs' }
  | { readonly step: 'writeOutput'; readonly name: string; readonly maxRecords?: number }
  | { readonly step: OutputStep; readonly name: string }
  | ({ readonly step: 'exclude' } & ExcludeRequest)
  | ({ readonly step: 'undoExclusion' } & UndoRequest)
  | { readonly step: 'exclusions' }
  | { readonly step: 'datasets' }
  | { readonly step: 'dataset'; readonly datasetId: string }

type RunStep = 'startRecompute' | 'pollRecompute' | 'startLoad' | 'pollLoad' | 'compare' | 'promote' | 'prune'

const runSteps: Readonly<Record<RunStep, (batch: Batch, run: Run) => Promise<Run>>> = {
  startRecompute,
  pollRecompute,
  startLoad,
  pollLoad,
  compare,
  promote,
  prune,
}

/** Those of a run that is under way: once it is loaded, another may begin. */
const stepsToLoad: ReadonlySet<RunStep> = new Set(['startRecompute', 'pollRecompute', 'startLoad', 'pollLoad'])

type OutputStep = 'beginOutput' | 'compareOutput' | 'swapOutput' | 'dropOutput'

const outputSteps: Readonly<Record<OutputStep, (batch: Batch, name: string) => Promise<unknown>>> = {
  beginOutput,
  compareOutput,
  swapOutput,
  dropOutput,
}

const isOutputStep = (request: StepRequest): request is { step: OutputStep; name: string } =>
  request.step in outputSteps

const isRunStep = (request: StepRequest): request is { step: RunStep; run: Run } => request.step in runSteps

/**
 * Runs one step. Each may run twice without harm. For the command line, a Problem is answered as `{problem}`; for the
 * state machine every error is thrown, and noted beside its dataset first.
 */
export const runStep = async (batch: Batch, request: StepRequest): Promise<unknown> => {
  if (isRunStep(request))
    return noteFailures(batch, request.run, request.step, async () => {
      if (!request.run.rollback && stepsToLoad.has(request.step)) await showLife(batch, request.run)
      return runSteps[request.step](batch, request.run)
    })
  if (isOutputStep(request)) return answerProblems(() => outputSteps[request.step](batch, request.name))
  switch (request.step) {
    case 'seal':
      return seal(batch, request)
    case 'recordFailure':
      return recordFailure(batch, request)
    case 'promoteDataset':
      return answerProblems(() => promoteDataset(batch, request.datasetId, request.acceptDrift === true))
    case 'rollback':
      return answerProblems(() => rollback(batch, request.datasetId ?? null))
    case 'replayPlan':
      return answerProblems(() => replayPlan(batch, request.shardId ?? null))
    case 'replay':
      return answerProblems(() => replay(batch, request))
    case 'rebuild':
      return answerProblems(() => rebuild(batch, request))
    case 'outputs':
      return answerReading(() => listOutputs(batch))
    case 'writeOutput':
      return answerProblems(() => writeOutput(batch, request))
    case 'exclude':
      return answerProblems(() => exclude(batch, request))
    case 'undoExclusion':
      return answerProblems(() => undoExclusion(batch, request))
    case 'exclusions':
      return answerReading(() => listExclusions(batch))
    case 'datasets':
      return answerReading(() => listDatasets(batch))
    case 'dataset':
      return answerReading(() => describeDataset(batch, request.datasetId))
    default:
      throw new Error(`The batch function knows no step ${JSON.stringify((request as { step: unknown }).step)}.`)
  }
}

/** @throws what the step does; where the ledger does not take the note of it, saying so, too */
const noteFailures = async (batch: Batch, run: Run, step: string, work: () => Promise<Run>): Promise<Run> => {
  try {
    return await work()
  } catch (error) {
    if (run.rollback) throw error
    const reason = textOf(error)
    try {
      await batch.ledger.noteFailure(run.datasetId, step, reason, batch.now(), null)
    } catch (unnoted) {
      throw new Error(`${reason} (And the ledger did not take the note of it: ${textOf(unnoted)})`, { cause: error })
    }
    throw error
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Steps that change nothing: a person waits for them, so the warehouse is not waited for as long as elsewhere. */
const readingSteps: ReadonlySet<StepRequest['step']> = new Set(['datasets', 'dataset', 'exclusions', 'outputs'])
export const isReading = ({ step }: StepRequest): boolean => readingSteps.has(step)

const answerReading = <Answer>(work: () => Promise<Answer>) =>
  answerProblems(async () => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof TransactionUnknown)) throw error
      throw new Problem('warehouse_busy', 503, 'The warehouse did not answer in time; the query was cancelled.')
    }
  })

const answerProblems = async <Answer>(work: () => Promise<Answer>) => {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return { problem: described(error) }
  }
}
