import { inspect, isDeepStrictEqual } from 'node:util'
import type { Parity } from '../../stores/ledger/dataset.ts'
import { type Accepted, bucketOf } from './oracle.ts'

/** Where one record of a dataset stands, and what is to become of it. */
export interface Placed {
  readonly record: Accepted
  /** The revision of the exclusions that what is served counts it by. */
  readonly revision: number
  /** Whether the dataset leaves it out; whether what is served does. */
  readonly here: boolean
  readonly there: boolean
}

/** Whether batch served a record at a seal, or speed had reached it. */
export type IsReached = (record: Accepted) => boolean

/** What is wrong about the counts of sales that were compared, recounted by hand but where an event came twice; null: nothing. */
export const wrongCounts = (
  { buckets }: Parity,
  placed: readonly Placed[],
  isReached: IsReached,
  isTwin: (one: Placed) => boolean,
): string | null => {
  const told = new Map(buckets.map((one) => [one.bucket, one]))
  for (const bucket of new Set(placed.map(({ record }) => bucketOf('sales', record)))) {
    const inside = placed.filter(({ record }) => bucketOf('sales', record) === bucket)
    if (bucket === null || inside.some(isTwin)) continue
    const built = countByCell(inside.filter(({ here }) => !here))
    const served = countByCell(inside.filter(({ record, there }) => !there && isReached(record)))
    const shared = [...built.keys()].filter((cell) => served.has(cell))
    const counts = {
      rowsMissing: served.size - shared.length,
      rowsExtra: built.size - shared.length,
      rowsChanged: shared.filter((cell) => served.get(cell) !== built.get(cell)).length,
      servedValue: totalOf(served),
      builtValue: totalOf(built),
    }
    const isSame = counts.rowsMissing + counts.rowsExtra + counts.rowsChanged === 0
    const one = told.get(bucket)
    const { rowsMissing, rowsExtra, rowsChanged, servedValue, builtValue } = one ?? counts
    const isRight =
      isSame === (one === undefined) &&
      isDeepStrictEqual({ rowsMissing, rowsExtra, rowsChanged, servedValue, builtValue }, counts)
    if (!isRight)
      return `${new Date(bucket).toISOString()} is compared as ${inspect(one)}, and counted as ${inspect(counts)}`
  }
  return null
}

const countByCell = (some: readonly Placed[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { record } of some) {
    const cell = record.cells.sales?.name ?? ''
    counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  return counts
}

const totalOf = (counts: ReadonlyMap<string, number>): bigint | null =>
  counts.size === 0 ? null : BigInt([...counts.values()].reduce((sum, one) => sum + one, 0))
