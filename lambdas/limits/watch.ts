import { type ToldCrossing, toldCrossing } from '../../core/crossing.ts'
import { eventOf, type LimitData, type ModelData } from '../../core/model.ts'
import { placingOf } from '../../core/zoned-metric.ts'
import type { LimitQuery } from '../../sql/limits.ts'
import type { EventBus } from '../../stores/event-bus/event-bus.ts'
import type { KeptCrossing, LimitLedger } from '../../stores/ledger/limit-ledger.ts'
import type { ModelLedger } from '../../stores/ledger/model-ledger.ts'
import type { Models } from '../../stores/models/models.ts'
import { TransactionFailed } from '../../stores/warehouse/warehouse.ts'

/** What limits are watched with. */
export interface Watching {
  /** The definitions that are deployed: their limits are in force. */
  readonly model: ModelData
  readonly models: Pick<Models, 'data'>
  readonly modelLedger: Pick<ModelLedger, 'models'>
  readonly ledger: LimitLedger
  readonly dialect: LimitQuery['dialect']
  readonly bus: EventBus
  readonly now: () => number
}

/** What one round came to. */
export interface Watched {
  /** Crossings written, by limit. */
  readonly found: Readonly<Record<string, number>>
  /** Limits that could not be looked at, and why: the next round looks again. */
  readonly waiting: Readonly<Record<string, string>>
  /** Events put on the bus. */
  readonly told: number
}

/** The `detail-type` of a crossing's event. */
const crossingDetailType = 'Limit Crossed'

/** Watches the limits of a stage, round by round. */
export class LimitWatcher {
  readonly #watching: Watching
  /** By what every limit was looked at last; null: not yet, or not to its end. */
  #seen: string | null = null

  constructor(watching: Watching) {
    this.#watching = watching
  }

  /**
   * Looks at every limit, unless nothing changed since it did, writes what crossed, and tells what was written and not
   * told yet. Whatever fails or is cut short in it, the next round goes on with: a crossing is written once, and told
   * until that was noted.
   * @throws where a limit could not be looked at: once the others were, and what was written is told
   */
  async round(): Promise<Watched> {
    const found: Record<string, number> = {}
    const waiting: Record<string, string> = {}
    const failures: Error[] = []
    // Read before: what changes meanwhile is seen by the next round.
    const facts = await this.#watching.ledger.facts()
    if (facts !== this.#seen) {
      this.#seen = null
      for (const limit of this.#watching.model.limits ?? []) {
        try {
          const looked = await lookAt(this.#watching, limit)
          if (typeof looked === 'number') found[limit.name] = looked
          else waiting[limit.name] = looked
        } catch (error) {
          failures.push(new Error(`Limit ${limit.name} could not be looked at`, { cause: error }))
        }
      }
      if (Object.keys(waiting).length + failures.length === 0) this.#seen = facts
    }
    const told = await tellAll(this.#watching)
    if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join('; '))
    return { found, waiting, told }
  }
}

const messageOf = ({ message, cause }: Error): string =>
  `${message}: ${cause instanceof Error ? cause.message : String(cause)}`

/** Others may look or promote at the same moment. */
const maxAttempts = 4

/** @returns how many crossings were found, or what the limit waits for */
const lookAt = async (watching: Watching, limit: LimitData): Promise<number | string> => {
  const { models, modelLedger, ledger, now } = watching
  for (let attempt = 1; ; attempt++) {
    const { servingVersion } = await modelLedger.models()
    const query = queryOf(limit, watching, await models.data(servingVersion))
    if (typeof query === 'string') return query
    const watch = await ledger.watch(limit.name, periodOf(limit, watching.model, now()))
    try {
      const looked = await ledger.look(watch, query, now())
      if (looked.servingVersion === servingVersion)
        return looked.gaps === 0 ? looked.found : `${limit.metric} was defined anew, and no dataset holds it yet`
    } catch (error) {
      if (!(error instanceof TransactionFailed) || attempt === maxAttempts) throw error
    }
    if (attempt === maxAttempts) return 'other definitions are served at every look'
  }
}

/** What is watched is what is served: the metric as it is deployed may not have a dataset yet. */
const queryOf = (
  limit: LimitData,
  { model, dialect }: Pick<Watching, 'model' | 'dialect'>,
  served: ModelData,
): Omit<LimitQuery, 'since'> | string => {
  const building = (name: string): string => `${name} is deployed, and in no dataset yet`
  const [metric, deployed] = [served, model].map(({ metrics }) => metrics.find(({ name }) => name === limit.metric))
  if (metric === undefined || metric.version !== deployed?.version) return building(limit.metric)
  const { atMost } = limit
  if ('amount' in atMost) return { limit, metric, bound: null, modelVersion: served.version, dialect }
  const [entity, deployedEntity] = [served, model].map(({ entities }) =>
    entities?.find(({ name }) => name === atMost.entity),
  )
  if (entity === undefined || entity.versions.version !== deployedEntity?.versions.version)
    return building(atMost.entity)
  const field = eventOf(served, entity).fields.find(({ name }) => name === atMost.field)
  if (field === undefined) return building(`${atMost.entity}.${atMost.field}`)
  return { limit, metric, bound: { versions: entity.versions, field }, modelVersion: served.version, dialect }
}

/** The start of the period that an instant falls in, as buckets are told. */
const periodOf = (limit: LimitData, model: ModelData, now: number): number => placingOf(model, limit).bucketOf(now)

/** A page is told, then noted: whoever is cut short between tells it again, under the same ids. */
const pageSize = 100

const tellAll = async ({ ledger, bus }: Watching): Promise<number> => {
  for (let told = 0; ; ) {
    const page = await ledger.untold(pageSize)
    if (page.length === 0) return told
    await bus.publish(page.map(eventOfCrossing))
    for (const last of lastOfEachLook(page)) await ledger.told(last.limit.name, last.revision, last.place)
    told += page.length
  }
}

const eventOfCrossing = (crossing: KeptCrossing): { detailType: string; detail: ToldCrossing; at: number } => ({
  detailType: crossingDetailType,
  detail: toldCrossing(crossing),
  at: crossing.foundAt,
})

const lastOfEachLook = (page: readonly KeptCrossing[]): KeptCrossing[] =>
  page.filter(({ limit, revision }, place) => {
    const next = page[place + 1]
    return next === undefined || next.limit.name !== limit.name || next.revision !== revision
  })
