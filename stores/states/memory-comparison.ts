import { comparedComponent } from '../../core/answer.ts'
import { mergeWide } from '../../core/merge.ts'
import type { MeasureData, MetricData } from '../../core/model.ts'
import { type BucketDifference, type Comparison, largestFirst, maxBuckets, rowsDiffering } from '../ledger/dataset.ts'
import type { MergedState } from './memory-merge.ts'

type Side = ReadonlyMap<string, MergedState>

/** How what a dataset built differs from what is served: what `paritySql` answers. */
export const comparisonOf = ({ name, measure }: MetricData, served: Side, built: Side): Comparison => {
  const keys = [...new Set([...served.keys(), ...built.keys()])]
  const byBucket = new Map<number, string[]>()
  for (const key of keys) {
    const { bucket } = served.get(key) ?? built.get(key) ?? unheld(key)
    byBucket.set(bucket, [...(byBucket.get(bucket) ?? []), key])
  }
  const differing = [...byBucket]
    .map(
      ([bucket, own]): BucketDifference => ({
        bucket,
        ...differences(own, served, built),
        servedValue: valueAt(measure, own, served),
        builtValue: valueAt(measure, own, built),
      }),
    )
    .filter((one) => rowsDiffering(one) > 0)
    .sort(largestFirst)
  return {
    metric: name,
    rowsServed: served.size,
    rowsBuilt: built.size,
    ...differences(keys, served, built),
    bucketsDiffering: differing.length,
    buckets: differing.slice(0, maxBuckets),
  }
}

const unheld = (key: string): never => {
  throw new Error(`State ${key} stands on neither side.`)
}

const differences = (keys: readonly string[], served: Side, built: Side) => ({
  rowsMissing: keys.filter((key) => !built.has(key)).length,
  rowsExtra: keys.filter((key) => !served.has(key)).length,
  rowsChanged: keys.filter((key) => {
    const [before, after] = [served.get(key), built.get(key)]
    return before !== undefined && after !== undefined && before.value !== after.value
  }).length,
})

/** What the measure counts or measures, over all dimensions. */
const valueAt = (measure: MeasureData, keys: readonly string[], side: Side): bigint | null => {
  const compared = comparedComponent(measure)
  const op = compared === 'min' || compared === 'max' ? compared : 'sum'
  const values = keys.flatMap((key) => {
    const state = side.get(key)
    return state !== undefined && (compared === null || state.component === compared) ? [state.value] : []
  })
  return values.length === 0 ? null : values.reduce((a, b) => mergeWide(op, a, b))
}
