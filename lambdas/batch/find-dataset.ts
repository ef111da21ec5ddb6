import { Problem } from '../../core/problem.ts'
import type { Dataset } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'

/** @throws Problem unknown_dataset */
export const findDataset = async ({ ledger }: Pick<Batch, 'ledger'>, datasetId: string): Promise<Dataset> => {
  const dataset = await ledger.dataset(datasetId)
  if (dataset === null)
    throw new Problem('unknown_dataset', 404, `There is no dataset ${datasetId}; \`tidemark datasets\` lists them.`)
  return dataset
}
