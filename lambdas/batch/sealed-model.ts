import type { Dataset } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'

/**
 * A deploy may come between two steps of a run, or two tries of one: what the older definitions sealed is not to be
 * recomputed by the newer ones, nor to be specified by them. @throws where the dataset is of another model
 */
export const refuseOtherModel = (
  { model }: Pick<Batch, 'model'>,
  { datasetId, modelVersion }: Pick<Dataset, 'datasetId' | 'modelVersion'>,
): void => {
  if (modelVersion !== model.version)
    throw new Error(
      `Dataset ${datasetId} was sealed by model ${modelVersion}, and ${model.version} is deployed since; recompute again.`,
    )
}
