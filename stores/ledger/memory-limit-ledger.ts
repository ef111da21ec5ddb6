import type { Crossing } from '../../core/crossing.ts'
import { scaleDecimal } from '../../core/definition/quantity.ts'
import type { MetricData } from '../../core/model.ts'
import { hasLocalBuckets, isOfDays, keepsLocalDay } from '../../core/zoned-metric.ts'
import type { LimitQuery } from '../../sql/limits.ts'
import { cellsIn, gapsOf, latestIn } from '../states/memory.ts'
import { type MemoryWarehouse, refuseMoved } from '../warehouse/memory.ts'
import type { Committed } from '../warehouse/memory-tables.ts'
import type { KeptCrossing, LimitLedger, LimitWatch, Looked } from './limit-ledger.ts'

/** The limits' ledger in memory: what the SQL adapter does, under the same contract tests. */
export class MemoryLimitLedger implements LimitLedger {
  readonly #warehouse: MemoryWarehouse

  constructor(warehouse: MemoryWarehouse) {
    this.#warehouse = warehouse
  }

  async facts(): Promise<string> {
    const { model, control, speedPosition } = this.#warehouse.committed
    return JSON.stringify([
      model[0]?.revision,
      control[0]?.revision,
      speedPosition.map(({ shardId, revision }) => `${shardId} ${revision}`).sort(),
    ])
  }

  async watch(limitName: string, since: number): Promise<LimitWatch> {
    const isIts = (watch: LimitWatch): boolean => watch.limitName === limitName
    const known = this.#warehouse.committed.limitWatch.find(isIts)
    if (known !== undefined) return known
    return this.#warehouse.transactLocked('watch limit', (draft) => {
      const watches = draft.table('limitWatch')
      const begun = watches.rows().find(isIts) ?? { limitName, since, revision: 0 }
      if (!watches.rows().includes(begun)) watches.insert(begun)
      return begun
    })
  }

  async look(watch: LimitWatch, asked: Omit<LimitQuery, 'since'>, foundAt: number): Promise<Looked> {
    const query = { ...asked, since: watch.since }
    const snapshot = this.#warehouse.committed
    const kept = [query.metric, ...(query.bound === null ? [] : [query.bound.versions])]
    const gaps = kept.reduce((sum, metric) => sum + gapsOf(snapshot, metric), 0)
    const servingVersion = snapshot.model[0]?.servingVersion ?? ''
    return this.#warehouse.transact('look at limit', (draft) => {
      const found = gaps > 0 || servingVersion !== query.modelVersion ? [] : crossed(snapshot, query)
      const live = snapshot.control[0]?.liveDatasetId ?? ''
      draft.table('limitCrossing').insert(
        ...found.map((crossing, index) => {
          const place = { datasetId: live, foundAt, revision: watch.revision + 1, place: index + 1 }
          return { ...crossing, ...place, limit: query.limit, isTold: false }
        }),
      )
      draft.table('limitWatch').update(
        ({ limitName }) => limitName === watch.limitName,
        (row) => {
          refuseMoved('look', watch, row)
          return { ...row, revision: row.revision + 1 }
        },
      )
      return { servingVersion, gaps, found: found.length }
    })
  }

  async untold(limit: number): Promise<KeptCrossing[]> {
    const inOrder = (a: KeptCrossing, b: KeptCrossing): number =>
      a.limit.name < b.limit.name ? -1 : a.limit.name > b.limit.name ? 1 : a.revision - b.revision || a.place - b.place
    return this.#warehouse.committed.limitCrossing
      .filter(({ isTold }) => !isTold)
      .sort(inOrder)
      .slice(0, limit)
  }

  async told(limitName: string, revision: number, place: number): Promise<void> {
    await this.#warehouse.transact('tell limit', (draft) => {
      draft.table('limitCrossing').update(
        (row) => row.limit.name === limitName && row.revision === revision && row.place <= place && !row.isTold,
        (row) => ({ ...row, isTold: true }),
      )
    })
  }

  async crossings(limitName: string, key: string | null, { limit, before }: Parameters<LimitLedger['crossings']>[2]) {
    const isOlder = ({ revision, place }: KeptCrossing): boolean =>
      before === null || revision < before.revision || (revision === before.revision && place < before.place)
    return this.#warehouse.committed.limitCrossing
      .filter((row) => row.limit.name === limitName && (key === null || row.key === key) && isOlder(row))
      .sort((a, b) => b.revision - a.revision || b.place - a.place)
      .slice(0, limit)
  }
}

type Found = Pick<Crossing, 'period' | 'key' | 'threshold' | 'number' | 'value' | 'atMost'>

/** `crossingsSql` of sql/limits.ts. */
const crossed = (tables: Committed, query: LimitQuery): Found[] => {
  const { limit } = query
  const recorded = tables.limitCrossing.filter((row) => row.limit.name === limit.name)
  const bounds = boundsOf(tables, query)
  return valuesOf(tables, query, recorded)
    .sort((a, b) => a.period - b.period || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .flatMap(({ period, key, value }) => {
      const atMost = bounds(key)
      return limit.notifyAt.flatMap((threshold): Found[] => {
        const same = recorded.filter((row) => row.period === period && row.key === key && row.threshold === threshold)
        const number = Math.max(0, ...same.map((row) => row.number))
        const isReached = atMost !== null && value * 100n >= atMost * BigInt(threshold)
        return isReached === (number % 2 === 1) ? [] : [{ period, key, threshold, number: number + 1, value, atMost }]
      })
    })
}

interface Watched {
  readonly period: number
  readonly key: string
  readonly value: bigint
}

const valuesOf = (tables: Committed, query: LimitQuery, recorded: readonly KeptCrossing[]): Watched[] => {
  const { limit, metric, since } = query
  const isOfDates = hasLocalBuckets(metric) || (keepsLocalDay(metric) && isOfDays(limit.per))
  const range = isOfDates ? { from: null, days: { from: since, to: null } } : { from: since }
  const all = {
    by: [limit.each],
    where: [],
    layer: null,
    to: null,
    pin: null,
    limit: Number.POSITIVE_INFINITY,
    offset: 0,
  }
  const values = new Map<string, Watched>()
  const add = (one: Watched): void => {
    const place = `${one.period} ${one.key}`
    values.set(place, { ...one, value: one.value + (values.get(place)?.value ?? 0n) })
  }
  for (const { bucket, dims, value } of cellsIn(tables, { ...all, ...range, metric, per: limit.per })) {
    const [key] = dims
    if (key !== null && key !== undefined) add({ period: bucket ?? 0, key: String(key), value: whole(metric, value) })
  }
  for (const { period, key } of recorded) add({ period, key, value: 0n })
  return [...values.values()]
}

const whole = ({ name }: MetricData, value: unknown): bigint => {
  if (typeof value !== 'bigint') throw new Error(`A value of ${name} is no whole number: ${String(value)}.`)
  return value
}

const boundsOf = (tables: Committed, { limit, bound }: LimitQuery): ((key: string) => bigint | null) => {
  const { atMost } = limit
  if ('amount' in atMost) return () => BigInt(atMost.amount)
  if (bound === null) throw new Error(`${limit.name} has no bound.`)
  const amounts = new Map(
    latestIn(tables, bound.versions)
      .filter(({ isDeleted }) => !isDeleted)
      .map(({ ref, body }) => {
        const told: unknown = JSON.parse(body)[bound.field.name] ?? null
        return [String(ref), told === null ? null : scaleDecimal(String(told), bound.field.scale)]
      }),
  )
  return (key) => amounts.get(key) ?? null
}
