import type { MeasureData, MetricData } from '../../core/model.ts'
import type { Apart, DatasetManifest, Served } from '../../spark/specification.ts'
import type { BucketDifference, Marks, Reason } from '../../stores/ledger/dataset.ts'
import { type Batch, manifestKey } from './batch.ts'
import { shardsBehind } from './tidemark.ts'

/** What the recompute knows of the records that only one side counts. */
export type Facts = NonNullable<DatasetManifest['apart']>

/** What is served now, beside a dataset of these marks. */
export const servedBeside = async (
  { ledger }: Pick<Batch, 'ledger'>,
  marks: Marks,
): Promise<Pick<Served, 'datasetId' | 'marks' | 'positions'>> => {
  const { liveDatasetId } = await ledger.control()
  const reached = await ledger.speedPositions()
  return {
    datasetId: liveDatasetId,
    marks: await ledger.marks(liveDatasetId),
    positions: Object.fromEntries(shardsBehind(marks, reached).map((shardId) => [shardId, reached[shardId] ?? ''])),
  }
}

/** The recompute's facts about a dataset; null where they are of something else than is served by now. */
export const factsOf = async (batch: Batch, datasetId: string, marks: Marks): Promise<Facts | null> => {
  const manifest = (await batch.archive.getJson(manifestKey(datasetId))) as DatasetManifest | null
  const facts = manifest?.apart ?? null
  if (facts === null) return null
  const now = await servedBeside(batch, marks)
  const isSame =
    now.datasetId === facts.served.datasetId && sortedText(now.positions) === sortedText(facts.served.positions)
  return isSame ? facts : null
}

const sortedText = (marks: Marks): string => JSON.stringify(Object.entries(marks).sort())

/**
 * Why a bucket differs, as far as the facts prove it. Records counted on one side alone are a reason only where there
 * are such in this bucket; and they are all of it only where each side's value, merged with what it lacks, is the
 * same, and no row is missing or extra that they can't account for.
 */
export const reasonsOf = (
  { name, measure }: Pick<MetricData, 'name' | 'measure'>,
  difference: BucketDifference,
  facts: Facts | null,
): readonly Reason[] => {
  const [duplicate, behind] = [facts?.duplicate, facts?.behind].map(
    (byMetric) => byMetric?.[name]?.[String(difference.bucket)] ?? null,
  )
  const found: Reason[] = [...(duplicate ? (['duplicate'] as const) : []), ...(behind ? (['behind'] as const) : [])]
  const { servedValue, builtValue, rowsMissing, rowsExtra } = difference
  const isAll =
    found.length > 0 &&
    mergedValue(measure, servedValue, behind) === mergedValue(measure, builtValue, duplicate) &&
    (rowsMissing === 0 || found.includes('duplicate')) &&
    (rowsExtra === 0 || found.includes('behind'))
  return isAll ? found : [...found, 'unknown']
}

const mergedValue = ({ kind }: MeasureData, value: bigint | null, apart: Apart | null | undefined): bigint | null => {
  const op = kind === 'min' || kind === 'max' ? kind : 'sum'
  const added = apart?.[op] ?? null
  if (value === null || added === null) return value ?? (added === null ? null : BigInt(added))
  const other = BigInt(added)
  if (op === 'sum') return value + other
  return (op === 'min') === value < other ? value : other
}
