import { type AnsweredValue, answeredValue } from '../../core/answer.ts'
import { latestOf, toldBy, toldFields } from '../../core/entity.ts'
import { totalOf } from '../../core/entity-total.ts'
import { keptText } from '../../core/kept.ts'
import { type EntityData, eventOf, keepers, type MetricData, type ModelData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import type { EntityAnswer as Found, Version } from '../../stores/states/entity.ts'
import type { Snapshot, States } from '../../stores/states/states.ts'
import { type Receipt, receiptFor } from './receipt.ts'

/** How many children of a kind an answer holds at most. */
const maxChildren = 1000

/** An entity as it is now, with its children and what metrics say of it, all of one snapshot. */
export interface EntityAnswer {
  readonly entity: string
  readonly ref: string | number
  /** The instant that made the latest version win, ISO 8601. */
  readonly latest: string
  /** Decimals are exact text, instants ISO 8601; null where the entity says nothing. */
  readonly fields: Readonly<Record<string, unknown>>
  /** By kind, each with its fields, those first that changed last. Deleted ones are left out. */
  readonly children: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
  /** By kind of children and name. */
  readonly totals: Readonly<Record<string, Readonly<Record<string, AnsweredValue>>>>
  /** By the names that the entity's definition gives them; `value` null: nothing was counted. */
  readonly metrics: Readonly<
    Record<string, { readonly value: AnsweredValue; readonly unit: string; readonly exact: boolean }>
  >
  readonly receipt: EntityReceipt
}

interface EntityReceipt extends Omit<Receipt, 'error' | 'errorKind' | 'exact' | 'metricVersion'> {
  readonly entityVersion: string
  /**
   * How far back in arrival time the speed side is asked for, ms: the live dataset's age and the overlap. It passes over
   * rows at or below the marks only, which are batch's. null: there is no dataset, and speed answers alone.
   */
  readonly queryWindowMs: number | null
}

/** How far back the speed side must reach, and how far it does. */
export interface EntityReach {
  readonly now: number
  /** Added to the live dataset's age. */
  readonly overlapMs: number
  /** How long speed rows are kept at least. */
  readonly retentionMs: number
}

/** The catalogue of entities. */
export const listEntities = (model: ModelData) => ({
  modelVersion: model.version,
  entities: (model.entities ?? []).map((entity) => ({
    name: entity.name,
    version: entity.versions.version,
    description: entity.description,
    owner: entity.owner ?? null,
    event: entity.versions.event,
    ref: entity.ref,
    fields: toldFields(eventOf(model, entity)).map(({ name, kind, unit }) => ({ name, kind, unit })),
    children: entity.children.map((child) => ({
      name: child.name,
      entity: child.entity,
      by: child.parentRef,
      totals: child.totals.map(({ name, measure }) => ({ name, measure: measure.kind, unit: measure.unit })),
    })),
    metrics: entity.metrics.map(({ as, metric }) => ({ name: as, metric })),
  })),
})

/** @throws Problem unknown_entity */
export const findEntity = (model: ModelData, name: string): EntityData => {
  const entity = (model.entities ?? []).find((one) => one.name === name)
  if (entity !== undefined) return entity
  throw new Problem('unknown_entity', 404, `There is no entity ${name}.`, {
    allowed: (model.entities ?? []).map((one) => one.name),
  })
}

/** @throws Problem unknown_ref, too_many_children, definition_changed, dataset_too_old */
export const answerEntity = async (
  model: ModelData,
  states: Pick<States, 'readEntity'>,
  entity: EntityData,
  refText: string,
  reach: EntityReach,
): Promise<EntityAnswer> => {
  const event = eventOf(model, entity)
  const found = await states.readEntity({
    versions: entity.versions,
    ref: readRef(entity, refText),
    children: entity.children.map((child) => ({
      versions: findEntity(model, child.entity).versions,
      parentRef: child.parentRef,
    })),
    metrics: entity.metrics.map(({ metric, dimension }) => ({ metric: keeperOf(model, metric), dimension })),
    limit: maxChildren + 1,
  })
  refuseGaps(entity, found.snapshot)
  const version = knownVersion(entity, refText, found)
  const children = childrenOf(model, entity, refText, found)
  return {
    entity: entity.name,
    ref: version.ref as string | number,
    latest: new Date(latestOf(version.component)).toISOString(),
    fields: toldBy(event, version.body),
    children,
    totals: totalsOf(model, entity, children),
    metrics: Object.fromEntries(
      entity.metrics.map(({ as, metric }, place) => {
        const { measure } = keeperOf(model, metric)
        const cell = found.metrics[place] ?? null
        const value = answeredValue(measure, cell?.value ?? null)
        return [as, { value, unit: measure.unit, exact: cell?.exact ?? true }]
      }),
    ),
    receipt: receiptOf(model, entity, found.snapshot, reach),
  }
}

const keeperOf = (model: ModelData, name: string): MetricData => {
  const keeper = keepers(model).find((one) => one.name === name)
  if (keeper === undefined) throw new Error(`The model has no metric ${name}, which an entity names.`)
  return keeper
}

const readRef = ({ name, versions: { by } }: EntityData, text: string): string | bigint => {
  if (text.includes('\0')) throw new Problem('unknown_ref', 404, 'No ref holds the character NUL.')
  if (by[0]?.type === 'string') return keptText(text)
  if (/^-?\d{1,16}$/.test(text)) return BigInt(text)
  throw new Problem('unknown_ref', 404, `There is no ${name} ${text}: its ref is a whole number.`)
}

const refuseGaps = ({ name, versions: { version } }: EntityData, { gaps }: Snapshot): void => {
  if (gaps === 0) return
  throw new Problem(
    'definition_changed',
    409,
    `${name}, or what its answer holds besides, was defined anew, and no dataset holds it yet; run \`tidemark recompute --full\`.`,
    { entity: name, version },
  )
}

const knownVersion = ({ name }: EntityData, refText: string, { version }: Found): Version => {
  if (version === null) throw new Problem('unknown_ref', 404, `There is no ${name} ${refText}.`)
  if (!version.isDeleted) return version
  const deletedAt = new Date(latestOf(version.component)).toISOString()
  throw new Problem('unknown_ref', 404, `${name} ${refText} was deleted at ${deletedAt}.`, { deletedAt })
}

const childrenOf = (
  model: ModelData,
  { name, children }: EntityData,
  refText: string,
  found: Found,
): Record<string, Record<string, unknown>[]> =>
  Object.fromEntries(
    children.map((child, place) => {
      const versions = found.children[place] ?? []
      if (versions.length > maxChildren)
        throw new Problem(
          'too_many_children',
          422,
          `${name} ${refText} has more than ${maxChildren} ${child.name}; ask analytics.${child.entity} where ${child.parentRef} is its ref, by SQL.`,
        )
      const event = eventOf(model, findEntity(model, child.entity))
      return [child.name, versions.map(({ body }) => toldBy(event, body))]
    }),
  )

const totalsOf = (
  model: ModelData,
  { children }: EntityData,
  told: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>,
): EntityAnswer['totals'] =>
  Object.fromEntries(
    children
      .filter(({ totals }) => totals.length > 0)
      .map(({ name, entity, totals }) => {
        const event = eventOf(model, findEntity(model, entity))
        return [name, Object.fromEntries(totals.map((total) => [total.name, totalOf(total, event, told[name] ?? [])]))]
      }),
  )

const receiptOf = (
  model: ModelData,
  { versions }: EntityData,
  snapshot: Snapshot,
  { now, overlapMs, retentionMs }: EntityReach,
): EntityReceipt => {
  const queryWindowMs = snapshot.sealedAt === null ? null : now - Date.parse(snapshot.sealedAt) + overlapMs
  if (queryWindowMs !== null && queryWindowMs > retentionMs)
    throw new Problem(
      'dataset_too_old',
      503,
      `The live dataset was sealed at ${snapshot.sealedAt}; with an overlap of ${hours(overlapMs)} h, speed would have to reach back ${hours(queryWindowMs)} h, and keeps ${hours(retentionMs)} h. Run \`tidemark recompute\`.`,
      { queryWindowMs, retentionMs },
    )
  const { dataset, tidemark, positions, modelVersion, exclusions, layers } = receiptFor(
    model,
    versions,
    snapshot,
    null,
    true,
  )
  return {
    dataset,
    tidemark,
    positions,
    modelVersion,
    entityVersion: versions.version,
    queryWindowMs,
    exclusions,
    layers,
  }
}

const hours = (ms: number): number => Math.round(ms / 3_600_000)
