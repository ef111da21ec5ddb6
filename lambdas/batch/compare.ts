import { keepers, type MetricData } from '../../core/model.ts'
import { type Comparison, type Control, driftOf, type Marks, type Parity, slotOf } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'
import { driftBeyond, sentenceOf } from './drift.ts'
import { findDataset } from './find-dataset.ts'
import { factsOf, reasonsOf } from './reasons.ts'
import type { Run } from './run.ts'
import { refuseOtherModel } from './sealed-model.ts'
import { shardsBehind } from './tidemark.ts'

/**
 * Compares what was served up to the new tidemark with what the dataset would serve there, and keeps the comparison.
 * A dataset that was served before is promoted, or held, as it is: it was compared when it was made.
 */
export const compare = async (batch: Batch, run: Run): Promise<Run> => {
  if (run.rollback && (await batch.ledger.dataset(run.datasetId))?.state === 'promoted')
    return { ...run, next: run.promote ? 'promote' : 'hold' }
  refuseOtherModel(batch, await findDataset(batch, run.datasetId))
  const control = await batch.ledger.control()
  const marks = await batch.ledger.marks(run.datasetId)
  // Read before comparing: a speed table that gets there meanwhile may have been compared half way.
  const behind = shardsBehind(marks, await batch.ledger.speedPositions())
  const comparisons: Compared[] = []
  for (const metric of keepers(batch.model))
    comparisons.push(await compareMetric(batch, run.datasetId, control, marks, metric))
  // Asked after the comparing: positions only grow, so what holds now held all the while.
  const facts = await factsOf(batch, run.datasetId, marks)
  const parities = comparisons.map(
    ({ metric, isServed, comparison }): Parity => ({
      ...comparison,
      buckets: comparison.buckets.map((difference) => ({
        ...difference,
        reasons: isServed ? reasonsOf(metric, difference, facts) : ['definition'],
      })),
    }),
  )
  await batch.ledger.recordParity(run.datasetId, parities)
  const served = parities.filter((_, place) => comparisons[place]?.isServed)
  // What is served lacks records that the speed table never counted; without facts, nothing tells them from a fault.
  const beyond = behind.length > 0 && facts === null ? [] : driftBeyond(batch, served)
  const answer = { ...run, drift: Math.max(0, ...served.map(driftOf)), behind, beyond: beyond.map(sentenceOf) }
  return { ...answer, next: !run.promote || beyond.length > 0 ? 'hold' : 'promote' }
}

interface Compared {
  readonly metric: MetricData
  readonly isServed: boolean
  readonly comparison: Comparison
}

const compareMetric = async (
  batch: Batch,
  datasetId: string,
  control: Control,
  marks: Marks,
  metric: MetricData,
): Promise<Compared> => {
  const slot = slotOf(control, datasetId)
  if (slot === null) throw new Error(`${datasetId} stands in no slot; it can't be compared.`)
  const served = { datasetId: control.liveDatasetId, positions: marks }
  const comparison = await batch.states.compare(metric, slot, datasetId, served)
  return { metric, isServed: await isServed(batch, metric), comparison }
}

/** A metric whose definition changed was not served whole, so there is nothing to compare its rows with. */
export const isServed = async ({ states }: Batch, metric: MetricData): Promise<boolean> =>
  (await states.gaps(metric)) === 0
