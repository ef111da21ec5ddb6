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

/** Holds a dataset to have been loaded whole once, so that its files can be loaded again. @throws Problem not_loaded */
export const refuseNeverWhole = ({ datasetId, state }: Dataset): void => {
  if (state !== 'promoted' && state !== 'loaded')
    throw new Problem('not_loaded', 409, `${datasetId} is ${state}: it was never whole, so it can't be served.`)
}
