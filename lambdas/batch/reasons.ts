import { mergeWide } from '../../core/merge.ts'
import type { MeasureData, MetricData } from '../../core/model.ts'
import type { Apart, DatasetApart, DatasetManifest, Served } from '../../spark/specification.ts'
import type { BucketDifference, Marks, Reason } from '../../stores/ledger/dataset.ts'
import { type Batch, manifestKey } from './batch.ts'
import { type Reach, servedExclusions } from './served-exclusions.ts'
import { laggingPositions } from './tidemark.ts'

type Beside = Pick<Served, 'datasetId' | 'marks' | 'positions' | 'exclusions'>
type Ledgers = Pick<Batch, 'ledger' | 'exclusions'>

/** What is served now, beside a dataset of these marks. */
export const servedBeside = async (batch: Ledgers, marks: Marks): Promise<Beside> =>
  servedUpTo(batch, marks, laggingPositions(marks, await batch.ledger.speedPositions()))

/** What is served now up to a dataset's marks, of shards that lagged up to these positions. */
const servedUpTo = async ({ ledger, exclusions }: Ledgers, marks: Marks, positions: Marks): Promise<Beside> => {
  const { liveDatasetId } = await ledger.control()
  const live = liveDatasetId === '' ? null : await ledger.dataset(liveDatasetId)
  const liveMarks = await ledger.marks(liveDatasetId)
  const reach: Reach = { from: liveMarks, to: { ...marks, ...positions }, lagging: positions }
  return {
    datasetId: liveDatasetId,
    marks: liveMarks,
    positions,
    exclusions: servedExclusions(live?.exclusions ?? 0, await exclusions.stretches(), reach),
  }
}

/** The recompute's facts about a dataset and what was served beside it at its seal; null: it told none. */
export const factsOf = async (batch: Batch, datasetId: string): Promise<DatasetApart | null> => {
  const manifest = (await batch.archive.getJson(manifestKey(datasetId))) as DatasetManifest | null
  return manifest?.apart ?? null
}

/** Whether what was served at a dataset's seal, up to its marks and its lagging shards' positions, still is. */
export const isStillServed = async (batch: Ledgers, marks: Marks, atSeal: Served): Promise<boolean> =>
  textOf(await servedUpTo(batch, marks, atSeal.positions)) === textOf(atSeal)

/** All of it that may change; a dataset's marks never do, and rows up to a position stay in place, unless they are pruned and restored. A manifest of an older version says nothing of exclusions, which is like no other. */
const textOf = ({ datasetId, positions, exclusions }: Beside): string => {
  const counted = Object.entries(exclusions?.stretches ?? {}).flatMap(([shardId, stretches]) => {
    const own = stretches.filter(({ above }) => above < (positions[shardId] ?? openEnd))
    return own.length === 0 ? [] : [[shardId, own] as const]
  })
  return JSON.stringify([datasetId, exclusions?.dataset, counted.sort(([a], [b]) => (a < b ? -1 : 1))])
}

/** Above every sequence number. */
const openEnd = ':'

/**
 * Why a bucket differs, as far as the facts prove it. Records counted on one side alone are a reason only where there
 * are such in this bucket; and they are all of it only where each side's value, merged with what it lacks, is the
 * same, and no row is missing or extra that they can't account for.
 */
export const reasonsOf = (
  { name, measure }: Pick<MetricData, 'name' | 'measure'>,
  difference: BucketDifference,
  facts: DatasetApart | null,
): readonly Reason[] => {
  const of = (account: Account): Apart | null => facts?.[account][name]?.[String(difference.bucket)] ?? null
  const [duplicate, behind, excluded, included] = [of('duplicate'), of('behind'), of('excluded'), of('included')]
  const found: Reason[] = [
    ...(duplicate !== null ? (['duplicate'] as const) : []),
    ...(excluded !== null || included !== null ? (['excluded'] as const) : []),
    ...(behind !== null ? (['behind'] as const) : []),
  ]
  const { servedValue, builtValue, rowsMissing, rowsExtra } = difference
  // How many of a bucket's refs stand does not tell which versions do.
  const isAll =
    measure.kind !== 'latest' &&
    found.length > 0 &&
    mergedValue(measure, servedValue, behind, included) === mergedValue(measure, builtValue, duplicate, excluded) &&
    (rowsMissing === 0 || duplicate !== null || excluded !== null) &&
    (rowsExtra === 0 || behind !== null || included !== null)
  return isAll ? found : [...found, 'unknown']
}

type Account = 'duplicate' | 'behind' | 'excluded' | 'included'

const mergedValue = (
  { kind }: MeasureData,
  value: bigint | null,
  ...accounts: readonly (Apart | null)[]
): bigint | null => {
  const op = kind === 'min' || kind === 'max' ? kind : 'sum'
  const added = accounts.map((apart) => apart?.[op] ?? null).map((text) => (text === null ? null : BigInt(text)))
  const values = [value, ...added].filter((one) => one !== null)
  return values.length === 0 ? null : values.reduce((a, b) => mergeWide(op, a, b))
}
