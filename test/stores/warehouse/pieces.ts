import type { MergeOp } from '../../../core/contribution.ts'
import type { MetricData } from '../../../core/model.ts'
import type { Cell } from '../../../core/state.ts'
import type { Slot } from '../../../sql/states.ts'
import type { Control } from '../../../stores/ledger/dataset.ts'
import type { NewDataset } from '../../../stores/ledger/dataset-ledger.ts'
import {
  type CountedCell,
  countedCells,
  type MicroBatch,
  type SpeedPosition,
} from '../../../stores/ledger/speed-ledger.ts'
import type { StatesQuestion } from '../../../stores/states/states.ts'
import type { StateRow } from '../../../stores/warehouse/memory-tables.ts'
import { arrival, type BatchStage, sequence, shardA } from '../../localstack/tidemark/batch-stage.ts'

export const day = Date.parse('2026-01-01T00:00:00Z')
export const hourMs = 3_600_000

export const metricOf = (stage: BatchStage, name: string): MetricData => {
  const metric = stage.model.data.metrics.find((each) => each.name === name)
  if (metric === undefined) throw new Error(`The stage's model has no ${name}.`)
  return metric
}

const opOfComponent = (component: string): MergeOp =>
  component === 'min' ? 'min' : component === 'max' || /^r\d/.test(component) ? 'max' : 'sum'

export const cell = (
  metric: string,
  bucket: number,
  dims: readonly (string | null)[],
  components: Readonly<Record<string, number>>,
): Cell => ({
  metric,
  bucket,
  dims,
  components: new Map(
    Object.entries(components).map(([name, value]) => [name, { op: opOfComponent(name), value }] as const),
  ),
})

export const microBatch = (stage: BatchStage, edge: number, cells: readonly Cell[], shardId = shardA): MicroBatch => ({
  shardId,
  cells: countedBy(stage, cells),
  edge: sequence(edge),
  committedAt: arrival + edge,
})

/** The cells as the deployed model counts them. */
export const countedBy = (stage: BatchStage, cells: readonly Cell[]): CountedCell[] =>
  countedCells(cells, new Map(stage.model.data.metrics.map(({ name, version }) => [name, version])))

/** Serves a dataset by the deployed model. */
export const serve = async (
  stage: BatchStage,
  control: Control,
  datasetId: string,
  step = 'promote',
): Promise<void> => {
  const known = await stage.modelLedger.models()
  const serving = { known, modelVersion: stage.model.data.version, views: [], comments: [] }
  await stage.ledger.serve(control, datasetId, serving, step, arrival)
}

export const positionIn = (stage: BatchStage, shardId = shardA): Promise<SpeedPosition> =>
  stage.speedLedger().position(shardId)

/** Commits a micro-batch onto the position that stands. */
export const committed = async (
  stage: BatchStage,
  edge: number,
  cells: readonly Cell[],
  shardId = shardA,
): Promise<SpeedPosition> =>
  stage.speedLedger().commit(await positionIn(stage, shardId), microBatch(stage, edge, cells, shardId))

export const newDataset = (
  stage: BatchStage,
  datasetId: string,
  marks: Readonly<Record<string, number>>,
): NewDataset => ({
  datasetId,
  baseDatasetId: '',
  kind: 'full',
  modelVersion: stage.model.data.version,
  exclusions: 0,
  marks: Object.fromEntries(Object.entries(marks).map(([shardId, mark]) => [shardId, sequence(mark)])),
  metrics: stage.model.data.metrics,
  sealedAt: arrival,
})

let manifests = 0
let tokens = 0

/** A warehouse remembers tokens beyond a stage's reset. */
export const freshToken = (): string => `load-${++tokens}`

/** Puts a metric's rows where COPY finds them. @returns the manifest's URI */
export const stageResults = async (
  stage: BatchStage,
  metric: MetricData,
  rows: readonly StateRow[],
): Promise<string> => {
  const place = `${metric.name}-${++manifests}`
  const key = `results/${place}.${stage.results.extension}`
  const { name, event, per, by } = metric
  const file = await stage.results.encode({ metric: name, event, per, dimensions: by }, rows)
  await stage.archive.putObject(key, file)
  const entries = [{ url: `s3://lake/${key}`, mandatory: true, meta: { content_length: file.length } }]
  await stage.archive.putJson(`staging/${place}.manifest`, { entries })
  return `s3://lake/staging/${place}.manifest`
}

/** Waits until a load has ended. @throws what it failed with */
export const ended = async (stage: BatchStage, loadId: string): Promise<void> => {
  for (let tries = 0; tries < 2000; tries++) {
    if (await stage.states.isLoaded(loadId)) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error(`${loadId} did not end.`)
}

/** Registers a dataset, loads its states into a slot, and leaves the slot loaded. Metrics not named hold nothing. */
export const loaded = async (
  stage: BatchStage,
  slot: Slot,
  dataset: NewDataset,
  rows: Readonly<Record<string, readonly StateRow[]>>,
): Promise<void> => {
  const { ledger, states } = stage
  const { datasetId } = dataset
  await ledger.register(dataset)
  await ledger.takeSlot(await ledger.control(), slot, datasetId, 'load', arrival)
  for (const [name, ofMetric] of Object.entries(rows)) {
    const metric = metricOf(stage, name)
    const manifestUri = await stageResults(stage, metric, ofMetric)
    await ended(stage, await states.startLoad({ metric, slot, datasetId, manifestUri }, freshToken()))
  }
  await ledger.setSlot(await ledger.control(), slot, datasetId, 'loaded')
}

export const question = (metric: MetricData, asked: Partial<StatesQuestion> = {}): StatesQuestion => ({
  metric,
  per: metric.per,
  by: metric.by.map(({ name }) => name),
  where: [],
  layer: null,
  from: null,
  to: null,
  pin: null,
  limit: 1000,
  offset: 0,
  ...asked,
})
