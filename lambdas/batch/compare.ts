import type { MetricData } from '../../core/model.ts'
import { type Parity, slotOf } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'
import type { Run } from './run.ts'
import { shardsBehind } from './tidemark.ts'

/**
 * Compares what was served up to the new tidemark with what the dataset would serve there, and keeps the comparison.
 * A dataset that was served before is promoted as it is: it was compared when it was made.
 */
export const compare = async (batch: Batch, run: Run): Promise<Run> => {
  if (run.rollback && (await batch.ledger.dataset(run.datasetId))?.state === 'promoted')
    return { ...run, next: 'promote' }
  const control = await batch.ledger.control()
  const slot = slotOf(control, run.datasetId)
  if (slot === null) throw new Error(`${run.datasetId} stands in no slot; it can't be compared.`)
  const marks = await batch.ledger.marks(run.datasetId)
  // Read before comparing: a speed table that gets there meanwhile may have been compared half way.
  const behind = shardsBehind(marks, await batch.ledger.speedPositions())
  const parities: Parity[] = []
  let drift = 0
  for (const metric of batch.model.metrics) {
    const comparable = await isServed(batch, metric)
    const parity = await batch.states.compare(metric, slot, run.datasetId, {
      datasetId: control.liveDatasetId,
      positions: marks,
    })
    parities.push(parity)
    if (comparable) drift = Math.max(drift, driftOf(parity))
  }
  await batch.ledger.recordParity(run.datasetId, parities)
  // What was served lacks records that the speed table never counted: how far the dataset differs says nothing of it.
  const held = !run.promote || (drift > batch.maxDrift && behind.length === 0)
  return { ...run, drift, behind, next: held ? 'hold' : 'promote' }
}

/** A metric whose definition changed was not served whole, so there is nothing to compare its rows with. */
export const isServed = async ({ states }: Batch, metric: MetricData): Promise<boolean> =>
  (await states.gaps(metric)) === 0

/** The part of a metric's rows that differ from what was served. */
export const driftOf = ({ rowsBuilt, rowsMissing, rowsExtra, rowsChanged }: Parity): number =>
  (rowsMissing + rowsExtra + rowsChanged) / Math.max(rowsBuilt, 1)
