import { isKeptBy, type Kept, type LineUp, versionsOf } from '../../core/line-up.ts'
import { keepers, type ModelData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { commentsSql } from '../../sql/comments.ts'
import { installedViews, installSql, otherThan, switchSql } from '../../sql/installed-views.ts'
import type { Dataset } from '../../stores/ledger/dataset.ts'
import type { Serving } from '../../stores/ledger/dataset-ledger.ts'
import { latestModelsKey } from '../../stores/models/models.ts'
import type { Batch } from './batch.ts'

type Counting = Pick<Batch, 'archive' | 'modelLedger'>

/** Tells who has no warehouse which models are deployed, served and counted by. */
export const tellModels = async ({ archive, modelLedger }: Counting): Promise<void> => {
  for (let told = -1; ; ) {
    const models = await modelLedger.models()
    if (models.revision === told) return
    await archive.putJson(latestModelsKey, models)
    told = models.revision
  }
}

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
    const served = await batch.models.data(after.servingVersion)
    const standing = installedViews(served, await dataOf(batch, before.lineUp), batch.dialect)
    const leaner = otherThan(standing, installedViews(served, await dataOf(batch, after.lineUp), batch.dialect))
    if (leaner.size > 0) await batch.ledger.install([...installSql(leaner), ...commentsSql(served)])
  }
  await tellModels(batch)
}

/**
 * How a dataset is served: by the definitions that made it, and by their views. Each shard counts by them from then on:
 * one that took up another line-up meanwhile, and ran no more, would have a hole that no edge tells of.
 * @throws Problem model_retired where the speed side does not count by them, or began to above its marks
 */
export const servingOf = async (batch: Batch, dataset: Dataset): Promise<Serving> => {
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
  return {
    known,
    modelVersion: data.version,
    views:
      data.version === served.version
        ? []
        : switchSql(installedViews(served, counted, dialect), installedViews(data, counted, dialect)),
    comments: commentsSql(data),
  }
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
