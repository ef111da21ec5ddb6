import { isKeptBy, type Kept, type LineUp, versionsOf } from '../../core/line-up.ts'
import { keepers, type ModelData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { commentsSql } from '../../sql/comments.ts'
import { installedViews, installSql, otherThan } from '../../sql/installed-views.ts'
import type { Dataset } from '../../stores/ledger/dataset.ts'
import type { Serving } from '../../stores/ledger/dataset-ledger.ts'
import { type DeployedModels, maxAttempts } from '../../stores/ledger/model-ledger.ts'
import { latestModelsKey } from '../../stores/models/models.ts'
import { TransactionFailed } from '../../stores/warehouse/warehouse.ts'
import type { Batch } from './batch.ts'
import { changedViews, maxChangedViews } from './changed-views.ts'

type Counting = Pick<Batch, 'archive' | 'modelLedger'>

/** Tells who has no warehouse which models are deployed, served and counted by. */
export const tellModels = async ({ archive, modelLedger }: Counting): Promise<void> =>
  archive.putNewest(latestModelsKey, await modelLedger.models())

/** Every shard counts by the line-up in force: the function of an idle or closed one did not run since that changed. */
export const takeUpLineUp = async ({ ledger, speedLedger }: Batch, lineUp: LineUp): Promise<void> => {
  for (const shardId of await ledger.shardsBesides(lineUp)) await speedLedger.position(shardId)
}

/** Ends counting by models that nothing needs any more, in every shard. */
export const retireModels = async (batch: Batch): Promise<void> => {
  const before = await batch.modelLedger.models()
  const after = await batch.modelLedger.retire()
  if (after.lineUp !== before.lineUp) {
    await takeUpLineUp(batch, after.lineUp)
    await makeLeaner(batch, before.lineUp, after)
  }
  await tellModels(batch)
}

/**
 * Makes the views that held more models than are counted by now. A deploy that comes between has made them all, and
 * they are left to it; where another dataset came to be served, they are made for that.
 */
const makeLeaner = async (batch: Batch, before: LineUp, after: DeployedModels): Promise<void> => {
  const { models, modelLedger, ledger, dialect } = batch
  const standing = installedViews(await models.data(after.servingVersion), await dataOf(batch, before), dialect)
  for (let known = after, attempt = 1; ; attempt++) {
    const served = await models.data(known.servingVersion)
    const leaner = otherThan(standing, installedViews(served, await dataOf(batch, known.lineUp), dialect))
    if (leaner.size === 0) return
    try {
      await ledger.installAsOf(known, [...installSql(leaner), ...commentsSql(served)])
      return
    } catch (error) {
      if (!(error instanceof TransactionFailed) || attempt === maxAttempts) throw error
      const moved = await modelLedger.models()
      if (moved.revision === known.revision) throw error
      if (moved.modelVersion !== known.modelVersion || moved.servingVersion === known.servingVersion) return
      known = moved
    }
  }
}

/**
 * How a dataset is served: by the definitions that made it, and by their views. Each shard counts by them from then on:
 * one that took up another line-up meanwhile, and ran no more, would have a hole that no edge tells of.
 * @returns also the statements that come before, `prepared`
 * @throws Problem model_retired where the speed side does not count by them, or began to above its marks; too_many_views
 */
export const servingOf = async (batch: Batch, dataset: Dataset): Promise<Serving & { readonly prepared: string[] }> => {
  const { models, modelLedger, dialect } = batch
  const known = await modelLedger.models()
  const served = await models.data(known.servingVersion)
  const data = await models.data(dataset.modelVersion)
  const counted = await dataOf(batch, known.lineUp)
  if (!isKeptBy(keptOf(data), counted.map(keptOf))) throw retired(dataset, `which the speed side no longer counts by`)
  await takeUpLineUp(batch, known.lineUp)
  const marks = await batch.ledger.marks(dataset.datasetId)
  for (const [shardId, edge] of Object.entries(await batch.ledger.versionEdges(dataset.modelVersion)))
    if (Number(edge) !== 0 && (marks[shardId] ?? '') < edge)
      throw retired(dataset, `by which the speed side counts ${shardId} from ${edge} on, above its mark there`)
  const to = { known, modelVersion: data.version, comments: commentsSql(data) }
  if (data.version === served.version) return { ...to, prepared: [], views: [] }
  const { prepared, switched, changed } = changedViews(data, { served, counted, dialect })
  if (changed > maxChangedViews)
    throw new Problem(
      'too_many_views',
      409,
      `${dataset.datasetId} is of model ${data.version}. Between that and ${served.version}, which is served, the columns of ${changed} views differ, and one promotion can replace ${maxChangedViews} at most. Serve a dataset of definitions between them first.`,
    )
  return { ...to, prepared: installSql(prepared), views: switched }
}

const dataOf = async ({ models }: Pick<Batch, 'models'>, lineUp: LineUp): Promise<ModelData[]> => {
  const all: ModelData[] = []
  for (const version of versionsOf(lineUp)) all.push(await models.data(version))
  return all
}

const keptOf = (data: ModelData): Kept => ({ version: data.version, keepers: keepers(data) })

const retired = ({ datasetId, modelVersion }: Dataset, why: string): Problem =>
  new Problem(
    'model_retired',
    409,
    `${datasetId} is of model ${modelVersion}, ${why}. Deploy its definitions, where others are deployed, and run \`tidemark recompute\`.`,
  )
