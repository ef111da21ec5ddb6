import { createHash } from 'node:crypto'
import { lakeColumnsOf } from '../../core/lake-columns.ts'
import { keepers, type MetricData, type ModelData } from '../../core/model.ts'
import type { RawObject } from '../../core/raw-archive.ts'
import { localOffsets, storedDimensions } from '../../core/zoned-metric.ts'
import type { RecomputeSpecification, ResultSpecification, Served } from '../../spark/specification.ts'
import { keepsBodies, keepsVersions } from '../../sql/states.ts'
import { exclusionsKey } from '../../stores/archive/exclusions.ts'
import type { Dataset, Marks } from '../../stores/ledger/dataset.ts'

import { streamStart } from '../../stores/ledger/speed-ledger.ts'

import { ancestorsOf } from '../../stores/stream/ancestors.ts'

import { type Batch, manifestKey, specificationKey } from './batch.ts'
import { enforceExclusions } from './exclude.ts'
import { takeUpLineUp } from './models.ts'
import { described } from './problem-answer.ts'
import { servedBeside } from './reasons.ts'
import type { Run, SealRequest } from './run.ts'
import { refuseOtherModel } from './sealed-model.ts'
import { type ArchivedShard, drawMarks } from './tidemark.ts'
import { unarchivedUpTo } from './unarchived.ts'
import { othersUnderWay, showLife, underWayProblem } from './under-way.ts'

/** What a dataset is built on: nothing for a full recompute. */
interface Base {
  readonly datasetId: string
  readonly marks: Marks
}

/**
 * Draws the tidemark: for each shard a mark that every record is on one side of, and on one side only. It is registered
 * before anything is recomputed. Where another run is under way nothing is changed, and the answer says which.
 */
export const seal = async (batch: Batch, request: SealRequest): Promise<Run> => {
  const { executionName, promote, reloadDatasetId } = request
  const run = { executionName, promote, rollback: reloadDatasetId !== null }
  if (reloadDatasetId !== null) return { ...run, datasetId: reloadDatasetId, next: 'load' }
  const datasetId = datasetIdOf(request)
  const datasets = await batch.ledger.datasets()
  const registered = datasets.find((dataset) => dataset.datasetId === datasetId) ?? null
  if (registered !== null) refuseOtherModel(batch, registered)
  if (registered !== null && (await batch.archive.getJson(specificationKey(datasetId))) !== null)
    return { ...run, datasetId, next: 'recompute' }
  const { alone, other } = await othersUnderWay(batch, datasets, datasetId)
  if (registered === null && other !== null)
    return { ...run, datasetId, next: 'busy', problem: described(underWayProblem(other)) }
  // A dataset registered by an interrupted seal keeps its base and exclusions too, whatever came since.
  const exclusions = registered?.exclusions ?? (await enforceExclusions(batch)).revision
  const base =
    registered === null ? await baseFor(batch, exclusions, request.full) : await baseOf(batch, registered.baseDatasetId)
  const shards = await shardsOf(batch, base)
  const raw = await rawAbove(batch, shards, base)
  const marks =
    registered === null ? await registrableMarks(batch, base, exclusions, raw) : await batch.ledger.marks(datasetId)
  const isNew = Object.entries(marks).some(([shard, mark]) => mark > (base.marks[shard] ?? ''))
  if (!isNew) return { ...run, datasetId, next: 'nothing' }
  const dataset = {
    datasetId,
    baseDatasetId: base.datasetId,
    kind: base.datasetId === '' ? 'full' : 'incremental',
    modelVersion: batch.model.version,
    exclusions,
    marks,
    metrics: keepers(batch.model),
    sealedAt: batch.now(),
  } as const
  await showLife(batch, { datasetId, executionName })
  await batch.ledger.register(dataset, alone)
  if (!(await isRegisteredAs(batch, { datasetId, base, exclusions, marks }))) return seal(batch, request)
  await batch.archive.putJson(
    specificationKey(datasetId),
    specification(batch, {
      datasetId,
      base,
      exclusions,
      marks,
      raw,
      served: await servedAtSeal(batch, base, marks, raw),
    }),
  )
  return { ...run, datasetId, next: 'recompute' }
}

interface Drawn {
  readonly datasetId: string
  readonly base: Base
  readonly exclusions: number
  readonly marks: Marks
}

/**
 * Whether what was drawn holds: an earlier try of this execution, given up on and still at work, may have registered
 * something else, by other definitions even, and another execution may have come first, so that nothing was.
 */
const isRegisteredAs = async (
  { ledger, model }: Batch,
  { datasetId, base, exclusions, marks }: Drawn,
): Promise<boolean> => {
  const registered = await ledger.dataset(datasetId)
  const held = Object.entries(await ledger.marks(datasetId))
  return (
    registered?.modelVersion === model.version &&
    registered.baseDatasetId === base.datasetId &&
    registered.exclusions === exclusions &&
    held.length === Object.keys(marks).length &&
    held.every(([shardId, mark]) => marks[shardId] === mark)
  )
}

/** The same for each try of one execution: `ds-20260101T120000Z-1a2b3c4d`. */
const datasetIdOf = ({ executionName, startedAt }: SealRequest): string => {
  const time = new Date(startedAt)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:]/g, '')
  return `ds-${time}-${executionHash(executionName)}`
}

/** How a dataset's id ends for an execution. */
export const executionHash = (executionName: string): string =>
  createHash('sha256').update(executionName).digest('hex').slice(0, 8)

const baseFor = async ({ ledger, model }: Batch, exclusions: number, full: boolean): Promise<Base> => {
  const { liveDatasetId } = await ledger.control()
  const live: Dataset | null = full || liveDatasetId === '' ? null : await ledger.dataset(liveDatasetId)
  const isAlike = live?.modelVersion === model.version && live.exclusions === exclusions
  if (live === null || !isAlike) return { datasetId: '', marks: {} }
  return baseOf({ ledger }, live.datasetId)
}

const baseOf = async ({ ledger }: Pick<Batch, 'ledger'>, datasetId: string): Promise<Base> => ({
  datasetId,
  marks: await ledger.marks(datasetId),
})

type Shard = Pick<ArchivedShard, 'shardId' | 'parentShardIds'>

/** Every shard that the stream, the archive or the base knows; parents before children. */
const shardsOf = async ({ stream, archive }: Batch, base: Base): Promise<Shard[]> => {
  const known = await stream.shards()
  const others = [...(await archive.listRawShards()), ...Object.keys(base.marks)].filter(
    (shardId) => !known.some((shard) => shard.shardId === shardId),
  )
  const gone = [...new Set(others)].map((shardId) => ({ shardId, parentShardIds: [] }))
  return [...gone, ...known].sort((a, b) => (a.shardId < b.shardId ? -1 : 1))
}

interface RawShard extends ArchivedShard {
  /** The raw objects above the base's mark. */
  readonly objects: readonly RawObject[]
}

/** Children are listed first: what is archived of one then has its parents archived whole when these are listed. */
const rawAbove = async ({ archive }: Batch, shards: readonly Shard[], base: Base): Promise<RawShard[]> => {
  const found: RawShard[] = []
  for (const shard of shards.toReversed()) {
    const objects: RawObject[] = []
    for await (const object of archive.listRaw(shard.shardId, base.marks[shard.shardId] ?? null)) objects.push(object)
    const archived =
      objects
        .map(({ last }) => last)
        .sort()
        .at(-1) ?? null
    found.push({ ...shard, objects, archived })
  }
  return found.reverse()
}

const registrableMarks = async (
  batch: Batch,
  base: Base,
  exclusions: number,
  raw: readonly RawShard[],
): Promise<Marks> => {
  await takeUpLineUp(batch, (await batch.modelLedger.models()).lineUp)
  const marks = await drawMarks(batch, base.marks, raw)
  await refuseBelowVersion(batch, marks)
  await refuseBelowExclusions(batch, exclusions, marks)
  return marks
}

/** A mark below the edge at which the speed side began this version would leave the records between in neither side. */
const refuseBelowVersion = async ({ ledger, model }: Batch, marks: Marks): Promise<void> => {
  for (const [shardId, edge] of Object.entries(await ledger.versionEdges(model.version))) {
    if (Number(edge) !== 0 && (marks[shardId] ?? '') < edge)
      throw new Error(
        `Shard ${shardId} runs model ${model.version} from ${edge}, but its archive has only reached ${marks[shardId] ?? 'nothing'}; try again once it has passed that.`,
      )
  }
}

/**
 * Speed leaves out registers that it raised before, under the same exclusions: batch must hold them, and so count
 * under these, too. A mark below the position at which they began would leave a register in neither side.
 */
const refuseBelowExclusions = async ({ exclusions }: Batch, sealed: number, marks: Marks): Promise<void> => {
  for (const { shardId, above } of await exclusions.stretches())
    if (above !== streamStart && (marks[shardId] ?? '') < above)
      throw new Error(
        `Shard ${shardId} counts under other exclusions from ${above}, but its archive has only reached ${marks[shardId] ?? 'nothing'}; try again once it has passed that.`,
      )
  const revision = await exclusions.inForce()
  if (revision !== sealed)
    throw new Error(
      `Revision ${revision} of the exclusions came into force while the tidemark was drawn for ${sealed}; seal again.`,
    )
}

const servedAtSeal = async (batch: Batch, base: Base, marks: Marks, raw: readonly RawShard[]): Promise<Served> => ({
  ...(await servedBeside(batch, marks)),
  duplicatesWindowMs: batch.duplicatesWindowMs,
  ancestors: Object.fromEntries(raw.map(({ shardId }) => [shardId, ancestorsOf(shardId, raw)])),
  unarchived: await unarchivedUpTo(batch, base.marks, marks, raw),
})

interface Sealed {
  readonly datasetId: string
  readonly base: Base
  readonly exclusions: number
  readonly marks: Marks
  readonly raw: readonly RawShard[]
  readonly served: Served
}

/** What the job must know of a metric. */
export const resultSpecification = (model: ModelData, metric: MetricData): ResultSpecification => {
  const offsetsMs = localOffsets(model, metric)
  return {
    metric: metric.name,
    event: metric.event,
    per: metric.per,
    dimensions: storedDimensions(metric),
    ...(offsetsMs === null ? {} : { offsetsMs }),
    ...(keepsBodies(metric) ? { bodies: true } : {}),
    ...(keepsVersions(metric) ? { latest: true } : {}),
  }
}

const specification = (
  batch: Batch,
  { datasetId, base, exclusions, marks, raw, served }: Sealed,
): RecomputeSpecification => ({
  datasetId,
  modelVersion: batch.model.version,
  bucket: batch.bucket,
  baseManifestKey: base.datasetId === '' ? null : manifestKey(base.datasetId),
  marks,
  baseMarks: base.marks,
  rawObjects: raw.flatMap(({ shardId, objects }) => objects.filter(({ first }) => first <= (marks[shardId] ?? ''))),
  results: keepers(batch.model).map((metric) => resultSpecification(batch.model, metric)),
  lakeColumns: lakeColumnsOf(batch.model),
  exclusions,
  exclusionsKey: exclusions === 0 ? null : exclusionsKey(exclusions),
  manifestKey: manifestKey(datasetId),
  served,
})
