import { answerScale, comparedComponent } from '../../core/answer.ts'
import { keepers, type MeasureData, type MetricData } from '../../core/model.ts'
import { answeredQuantity } from '../../core/quantity-text.ts'
import { bucketText } from '../../core/zoned-metric.ts'
import { driftOf, type Parity } from '../../stores/ledger/dataset.ts'
import type { Batch } from './batch.ts'

/** A metric that differs from what is served by more than it may. */
export interface Beyond {
  readonly metric: MetricData
  readonly parity: Parity
  readonly allowed: number
}

/** What the metric allows, else what the stage does. */
export const driftAllowed = ({ maxDrift }: Pick<Batch, 'maxDrift'>, metric: Pick<MetricData, 'maxDrift'>): number =>
  metric.maxDrift ?? maxDrift

/**
 * Served rows that lack what the speed table never counted, and lack nothing else. What an exclusion changes is proven
 * too, but held for a person to see: it may leave out more than was meant.
 */
const isBehindAlone = ({ buckets }: Parity): boolean =>
  buckets.some(({ reasons }) => reasons.includes('behind')) &&
  !buckets.some(({ reasons }) => reasons.includes('unknown') || reasons.includes('excluded'))

/** Those that differ by more than they may, the furthest beyond first; not where the speed table was behind, and no more than that. */
export const driftBeyond = (batch: Pick<Batch, 'maxDrift' | 'model'>, parities: readonly Parity[]): Beyond[] =>
  parities
    .flatMap((parity) => {
      const metric = keepers(batch.model).find(({ name }) => name === parity.metric)
      return metric === undefined ? [] : [{ metric, parity, allowed: driftAllowed(batch, metric) }]
    })
    .filter(({ parity, allowed }) => driftOf(parity) > allowed && !isBehindAlone(parity))
    .sort((a, b) => driftOf(b.parity) - b.allowed - (driftOf(a.parity) - a.allowed))

/** How many buckets a sentence names. */
const namedBuckets = 3

/** What differs, by how much, and where most. */
export const sentenceOf = ({ metric, parity, allowed }: Beyond): string => {
  const named = parity.buckets.slice(0, namedBuckets).map((one) => {
    const [served, built] = [one.servedValue, one.builtValue].map((value) => valueText(metric.measure, value))
    return `${bucketText(metric, one.bucket)} (served ${served}, built ${built}: ${one.reasons.join(', ')})`
  })
  const others = parity.bucketsDiffering - named.length
  return `${metric.name}: ${percent(driftOf(parity))} of its rows differ from what is served, ${percent(allowed)} may; most in ${named.join('; ')}${others > 0 ? ` and ${others} more` : ''}.`
}

/** As an answer writes it; null: nothing there. A state of several components is no value before it is merged. */
export const valueText = (measure: MeasureData, value: bigint | null): string => {
  if (value === null) return 'nothing'
  if (comparedComponent(measure) === null) return `states that add up to ${value}`
  return String(answeredQuantity(value, answerScale(measure)))
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(3))}%`
