import type { ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { soundEngine } from '../../definitions-law/core-answers.ts'
import { coreFlaws, type Flaw } from '../../definitions-law/core-law.ts'
import { type Draw, type Drawn, drawn } from '../../definitions-law/drawn.ts'
import { workerOf } from '../spark-job/spark-on-this-machine.ts'
import { BatchStage } from '../tidemark/batch-stage.ts'
import { SparkJobs } from './spark-jobs.ts'
import { type OnCells, settled, stageFlaws, tell } from './stage-law.ts'

export interface RoundOptions {
  /** Definitions, what is built of them, and the jobs' bucket stand there. */
  readonly dir: string
  readonly onCells?: OnCells
  /** Gets Spark's process, so that who gives up can end it. */
  readonly onStart?: (child: ChildProcess) => void
  /** Called while the stage stands, batch and speed both in every answer. */
  readonly meanwhile?: (stage: BatchStage, round: Drawn) => Promise<void>
  /** Whether an increment then brings everything to batch, and all is asked again. */
  readonly increment: boolean
}

export interface Round {
  readonly round: Drawn
  readonly flaws: readonly Flaw[]
}

/** The same of core alone. */
export const coreRound = async (
  draw: Draw,
  { dir, onCells }: Pick<RoundOptions, 'dir' | 'onCells'>,
): Promise<Round> => {
  const round = await drawn(draw, dir)
  const { model, plan, story } = round
  const flaws = coreFlaws(soundEngine(model), plan, story, (metric, cells) => onCells?.('core', metric, cells))
  return { round, flaws }
}

/**
 * One model's definitions by every layer: core in this process, batch by Spark, speed and answers by PostgreSQL, each
 * held to the recount.
 */
export const runRound = async (draw: Draw, options: RoundOptions): Promise<Round> => {
  const { dir, onCells = () => undefined, onStart = () => undefined, meanwhile, increment } = options
  const { round, flaws: ofCore } = await coreRound(draw, options)
  const { model, story } = round
  const flaws = [...ofCore]
  const workerDir = await workerOf(dir)
  const bucketDir = join(dir, 'bucket')
  mkdirSync(bucketDir)
  const stage = await BatchStage.start('warehouse', model)
  try {
    // Rows below the marks stay beside the dataset that counts them, as they do for days.
    stage.speedRetentionMs = 7 * 86_400_000
    stage.jobs = new SparkJobs({ archive: stage.archive, dir: bucketDir, workerDir, onStart })
    await tell(stage, round)
    flaws.push(...(await stageFlaws(stage, round, story, onCells)))
    await meanwhile?.(stage, round)
    if (increment) {
      await stage.recompute()
      flaws.push(...(await stageFlaws(stage, round, settled(story), onCells)))
    }
  } finally {
    await stage.stop()
  }
  return { round, flaws }
}
