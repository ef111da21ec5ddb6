import { Problem } from '../../core/problem.ts'
import type { DatasetManifest } from '../../spark/specification.ts'
import { slotOf } from '../../stores/ledger/dataset.ts'
import { type Batch, manifestKey } from './batch.ts'

/** All datasets, newest first, each with its slot and whether it is live. */
export const listDatasets = async ({ ledger }: Batch) => {
  const control = await ledger.control()
  const datasets = await ledger.datasets()
  return datasets.map((dataset) => ({
    ...dataset,
    slot: slotOf(control, dataset.datasetId),
    live: dataset.datasetId === control.liveDatasetId,
  }))
}

/** One dataset with its tidemark, how it compared with what was served, and what its recompute counted. */
export const describeDataset = async (batch: Batch, datasetId: string) => {
  const found = (await listDatasets(batch)).find((dataset) => dataset.datasetId === datasetId)
  if (found === undefined)
    throw new Problem('unknown_dataset', 404, `There is no dataset ${datasetId}; \`tidemark datasets\` lists them.`)
  const manifest = (await batch.archive.getJson(manifestKey(datasetId))) as DatasetManifest | null
  return {
    ...found,
    tidemark: await batch.ledger.marks(datasetId),
    parity: await batch.ledger.parity(datasetId),
    counts: manifest?.counts ?? null,
  }
}
