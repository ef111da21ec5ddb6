import { answerScale, comparedComponent } from '../../core/answer.ts'
import { keepers, type MeasureData, type MetricData } from '../../core/model.ts'
import { answeredQuantity, percentText } from '../../core/quantity-text.ts'
import { bucketText } from '../../core/zoned-metric.ts'
import type { DatasetApart } from '../../spark/specification.ts'
import { type BucketParity, driftOf, type Parity, rowsDiffering } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'

/** A metric that differs from what is served by more than it may. */
export interface Beyond {
  readonly metric: MetricData
  readonly parity: Parity
  readonly allowed: number
  /** The part of its rows that differ, but for those that the speed table had not reached. */
  readonly drift: number
}

/** What the metric allows, else what the stage does. */
export const driftAllowed = ({ maxDrift }: Pick<Batch, 'maxDrift'>, metric: Pick<MetricData, 'maxDrift'>): number =>
  metric.maxDrift ?? maxDrift

type Facts = Pick<DatasetApart, 'behind' | 'duplicate'>

/**
 * How many of a bucket's rows may differ for another reason than that the speed table was behind: where that and twins
 * account for all of the difference, one for each twin at most. What an exclusion changes is proven too, but held for a person to see: it may leave
 * out more than was meant.
 */
const rowsHeld = (metric: string, one: BucketParity, facts: Facts | null): number => {
  const { reasons, bucket } = one
  if (!reasons.includes('behind') || reasons.includes('unknown') || reasons.includes('excluded'))
    return rowsDiffering(one)
  return Math.min(rowsDiffering(one), facts?.duplicate[metric]?.[String(bucket)]?.records ?? 0)
}

/** The same of the buckets that the comparison does not list: none, where no more of them differ than there are others that the speed table was behind in. */
const unlistedRowsHeld = (parity: Parity, facts: Facts | null): number => {
  const { metric, buckets, bucketsDiffering } = parity
  const listed = new Set(buckets.map(({ bucket }) => String(bucket)))
  const areToldBehind = buckets.some(({ reasons }) => reasons.includes('behind'))
  const behind = Object.keys(facts?.behind[metric] ?? {}).filter((bucket) => !listed.has(bucket))
  if (areToldBehind && bucketsDiffering - buckets.length <= behind.length) return 0
  return rowsDiffering(parity) - buckets.reduce((rows, one) => rows + rowsDiffering(one), 0)
}

/**
 * Those that differ by more than they may, the furthest beyond first: rows that the speed table had not reached do not count.
 * @param facts the recompute's, that the reasons rest on; null: it told none
 */
export const driftBeyond = (
  batch: Pick<Batch, 'maxDrift' | 'model'>,
  parities: readonly Parity[],
  facts: Facts | null,
): Beyond[] =>
  parities
    .flatMap((parity): Beyond[] => {
      const metric = keepers(batch.model).find(({ name }) => name === parity.metric)
      if (metric === undefined) return []
      const listed = parity.buckets.reduce((rows, one) => rows + rowsHeld(parity.metric, one, facts), 0)
      const drift = (listed + unlistedRowsHeld(parity, facts)) / Math.max(parity.rowsBuilt, 1)
      return [{ metric, parity, allowed: driftAllowed(batch, metric), drift }]
    })
    .filter(({ drift, allowed }) => drift > allowed)
    .sort((a, b) => b.drift - b.allowed - (a.drift - a.allowed))

/** How many buckets a sentence names. */
const namedBuckets = 3

/** What differs, by how much, and where most. */
export const sentenceOf = ({ metric, parity, allowed, drift }: Beyond): string => {
  const isBehind = drift < driftOf(parity)
  const inOrder = [...parity.buckets].sort((a, b) => Number(isBehindAlone(a)) - Number(isBehindAlone(b)))
  const named = inOrder.slice(0, namedBuckets).map((one) => {
    const [served, built] = [one.servedValue, one.builtValue].map((value) => valueText(metric.measure, value))
    return `${bucketText(metric, one.bucket)} (served ${served}, built ${built}: ${one.reasons.join(', ')})`
  })
  const others = parity.bucketsDiffering - named.length
  const why = isBehind ? ' for another reason than that the speed table was behind' : ''
  return `${metric.name}: ${percentText(drift)} of its rows differ from what is served${why}, ${percentText(allowed)} may; most in ${named.join('; ')}${others > 0 ? ` and ${others} more` : ''}.`
}

const isBehindAlone = ({ reasons }: BucketParity): boolean => reasons.join() === 'behind'

/** As an answer writes it; null: nothing there. A state of several components is no value before it is merged. */
export const valueText = (measure: MeasureData, value: bigint | null): string => {
  if (value === null) return 'nothing'
  if (comparedComponent(measure) === null) return `states that add up to ${value}`
  return String(answeredQuantity(value, answerScale(measure)))
}
