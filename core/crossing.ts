import type { AnsweredValue } from './answer.ts'
import type { LimitData } from './model.ts'
import { answeredQuantity } from './quantity-text.ts'
import { bucketText } from './zoned-metric.ts'

/** A part of a limit that a value reached, or fell back below. */
export interface Crossing {
  /** As it was when it was crossed. */
  readonly limit: LimitData
  /** The period's start, as buckets are told: epoch ms. */
  readonly period: number
  readonly key: string
  /** A percent of the limit's `notifyAt`. */
  readonly threshold: number
  /** From 1 on, of this part of this key's limit in this period: odd ones are reached, even ones fallen back below. */
  readonly number: number
  /** Scaled, as is the bound; null: there was none any more. */
  readonly value: bigint
  readonly atMost: bigint | null
  /** What was live; '': nothing yet. */
  readonly datasetId: string
  /** Epoch ms. */
  readonly foundAt: number
}

/** A crossing as people and programs are told it. */
export interface ToldCrossing {
  /** The same however often it is told, and nobody else's. */
  readonly id: string
  readonly limit: string
  readonly metric: string
  /** The dimension that holds the key, and the key, as text. */
  readonly each: string
  readonly key: string
  readonly per: string
  /** The period's start: ISO 8601, or a local date of the metric's zone. */
  readonly period: string
  readonly zone?: string
  /** Which part of the limit, `80%`, and whether it was reached or the value fell back below it. */
  readonly threshold: string
  readonly crossed: 'reached' | 'fell back'
  readonly number: number
  readonly value: AnsweredValue
  /** null: there is no limit any more. */
  readonly atMost: AnsweredValue | null
  readonly unit: string
  readonly datasetId: string
  /** ISO 8601. */
  readonly foundAt: string
}

export const toldCrossing = (crossing: Crossing): ToldCrossing => {
  const { limit, key, threshold, number, value, atMost } = crossing
  const { name, metric, each, per, zone, unit, scale } = limit
  const period = bucketText({ per, ...(zone === undefined ? {} : { zone }) }, crossing.period)
  return {
    // The key last: it may hold anything.
    id: `${name}/${period}/${threshold}%/${number}/${key}`,
    limit: name,
    ...{ metric, each, key, per, period },
    ...(zone === undefined ? {} : { zone }),
    threshold: `${threshold}%`,
    crossed: number % 2 === 1 ? 'reached' : 'fell back',
    number,
    value: answeredQuantity(value, scale),
    atMost: atMost === null ? null : answeredQuantity(atMost, scale),
    unit,
    datasetId: crossing.datasetId,
    foundAt: new Date(crossing.foundAt).toISOString(),
  }
}
