import { keepers } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { bucketText } from '../../core/zoned-metric.ts'
import type { DatasetManifest } from '../../spark/specification.ts'
import { driftOf, type Parity, slotOf } from '../../stores/ledger/dataset.ts'
import { type Batch, manifestKey } from './batch.ts'
import { driftAllowed, valueText } from './drift.ts'

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
    parity: (await batch.ledger.parity(datasetId)).map((parity) => described(batch, parity)),
    counts: manifest?.counts ?? null,
  }
}

/** A function's answer is at most 6 MB; the ledger keeps more of a metric's buckets. */
const answeredBuckets = 100

/** A comparison in words and figures as they are answered: times ISO 8601, values as the metric's own. */
const described = (batch: Batch, { buckets, ...parity }: Parity) => {
  const metric = keepers(batch.model).find(({ name }) => name === parity.metric)
  const textOf = (value: bigint | null) =>
    value === null ? null : metric === undefined ? value.toString() : valueText(metric.measure, value)
  return {
    ...parity,
    drift: driftOf({ ...parity, buckets }),
    allowed: metric === undefined ? null : driftAllowed(batch, metric),
    buckets: buckets.slice(0, answeredBuckets).map(({ bucket, reasons, servedValue, builtValue, ...rows }) => ({
      bucket: metric === undefined ? new Date(bucket).toISOString() : bucketText(metric, bucket),
      reasons,
      served: textOf(servedValue),
      built: textOf(builtValue),
      ...rows,
    })),
  }
}
