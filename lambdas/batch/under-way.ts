import { Problem } from '../../core/problem.ts'
import type { Dataset } from '../../stores/ledger/dataset.ts'
import type { Alone } from '../../stores/ledger/dataset-ledger.ts'
import { epochMsOf } from '../../stores/warehouse/sql-time.ts'
import type { Batch } from './batch.ts'
import type { Run } from './run.ts'

/** What a run leaves beside its specification for as long as it goes on. */
interface SignOfLife {
  readonly executionName: string
  /** Epoch ms. */
  readonly seenAt: number
}

const signKey = (datasetId: string): string => `jobs/${datasetId}.alive.json`

/** Called by each step of a run up to its load's end: by this another seal tells it from one that was lost. */
export const showLife = async (
  { signsOfLife, now }: Batch,
  { datasetId, executionName }: Pick<Run, 'datasetId' | 'executionName'>,
): Promise<void> => {
  const sign: SignOfLife = { executionName, seenAt: now() }
  await signsOfLife.putJson(signKey(datasetId), sign)
}

interface Other {
  readonly dataset: Dataset
  readonly executionName: string
  /** Epoch ms at which it counts as lost unless it is seen again. */
  readonly lostAt: number
}

/** The other runs of this model that were begun and have not ended: no run of another model can be loaded any more. */
export const othersUnderWay = async (
  batch: Batch,
  datasets: readonly Dataset[],
  datasetId: string,
): Promise<{ readonly alone: Alone; readonly other: Other | null }> => {
  const { signsOfLife, model, executionLimitMs, silentAfterMs } = batch
  const sealedAfter = batch.now() - executionLimitMs
  const lost: string[] = []
  let other: Other | null = null
  for (const dataset of datasets) {
    const isBegun = dataset.state === 'sealed' || dataset.state === 'recomputed'
    if (!isBegun || dataset.datasetId === datasetId || dataset.modelVersion !== model.version) continue
    if (epochMsOf(dataset.sealedAt) <= sealedAfter) continue
    const sign = (await signsOfLife.getJson(signKey(dataset.datasetId))) as SignOfLife | null
    const lostAt = Math.max(sign?.seenAt ?? 0, epochMsOf(dataset.sealedAt)) + silentAfterMs
    if (batch.now() > lostAt) lost.push(dataset.datasetId)
    else other = { dataset, executionName: sign?.executionName ?? 'unknown', lostAt }
  }
  return { alone: { modelVersion: model.version, sealedAfter, lost }, other }
}

/** Why a recompute was not begun: the one that is under way, since when, and what to do. */
export const underWayProblem = ({ dataset, executionName, lostAt }: Other): Problem => {
  const { datasetId, state, step } = dataset
  const since = new Date(epochMsOf(dataset.sealedAt)).toISOString()
  const at = state === 'recomputed' ? 'recomputed, being loaded' : 'being recomputed'
  return new Problem(
    'recompute_under_way',
    409,
    `Recompute ${datasetId} (execution ${executionName}) is under way since ${since}: ${at}. Try again once it has ended, as \`tidemark datasets ${datasetId}\` shows. Should it have died without a word, it counts as lost from ${new Date(lostAt).toISOString()} on.`,
    { datasetId, executionName, since, state, step, lostAt: new Date(lostAt).toISOString() },
  )
}
