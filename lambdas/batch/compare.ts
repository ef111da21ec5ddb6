import { keepers, type MetricData } from '../../core/model.ts'
import type { Pin } from '../../sql/states.ts'
import { type Comparison, type Control, driftOf, type Parity, slotOf } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'
import { driftBeyond, sentenceOf } from './drift.ts'
import { findDataset } from './find-dataset.ts'
import { factsOf, isStillServed, reasonsOf } from './reasons.ts'
import type { Run } from './run.ts'
import { refuseOtherModel } from './sealed-model.ts'
import { laggingPositions } from './tidemark.ts'
import { holesOf } from './unarchived.ts'

/**
 * Compares what was served up to the new tidemark with what the dataset would serve there, and keeps the comparison. Of
 * shards that lagged at the seal, what is served is taken up to where they were then (where something else is served by
 * now, where they are now): what the speed table counts meanwhile changes nothing of it.
 * A dataset is held where a metric differs by more than it may, and where the archive has a hole.
 * A dataset that was served before is promoted, or held, as it is: it was compared when it was made.
 */
export const compare = async (batch: Batch, run: Run): Promise<Run> => {
  if (run.rollback && (await batch.ledger.dataset(run.datasetId))?.state === 'promoted')
    return { ...run, next: run.promote ? 'promote' : 'hold' }
  refuseOtherModel(batch, await findDataset(batch, run.datasetId))
  const control = await batch.ledger.control()
  const marks = await batch.ledger.marks(run.datasetId)
  const told = await factsOf(batch, run.datasetId)
  const atSeal = told?.served.datasetId === control.liveDatasetId ? told.served : null
  const lagged = atSeal?.positions ?? laggingPositions(marks, await batch.ledger.speedPositions())
  const served = { datasetId: control.liveDatasetId, positions: { ...marks, ...lagged } }
  const comparisons: Compared[] = []
  for (const metric of keepers(batch.model))
    comparisons.push(await compareMetric(batch, run.datasetId, control, served, metric))
  // Asked after the comparing: what is served as at the seal now, was so all the while.
  const facts = atSeal !== null && (await isStillServed(batch, marks, atSeal)) ? told : null
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
  const known = parities.filter((_, place) => comparisons[place]?.isServed)
  const beyond = [...driftBeyond(batch, known, facts).map(sentenceOf), ...(told === null ? [] : holesOf(told.served))]
  const behind = Object.keys(lagged).sort()
  const answer = { ...run, drift: Math.max(0, ...known.map(driftOf)), behind, beyond }
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
  served: Pin,
  metric: MetricData,
): Promise<Compared> => {
  const slot = slotOf(control, datasetId)
  if (slot === null) throw new Error(`${datasetId} stands in no slot; it can't be compared.`)
  const comparison = await batch.states.compare(metric, slot, datasetId, served)
  return { metric, isServed: await isServed(batch, metric), comparison }
}

/** A metric whose definition changed was not served whole, so there is nothing to compare its rows with. */
export const isServed = async ({ states }: Batch, metric: MetricData): Promise<boolean> =>
  (await states.gaps(metric)) === 0
