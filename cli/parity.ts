import { percentText } from '../core/quantity-text.ts'
import type { Cell, Table } from './output.ts'

/** How one metric of a dataset compared with what was served, as the batch function answers it. */
export interface ParityAnswer {
  readonly metric: string
  readonly rowsServed: number
  readonly rowsBuilt: number
  readonly rowsMissing: number
  readonly rowsExtra: number
  readonly rowsChanged: number
  readonly bucketsDiffering: number
  readonly drift: number
  /** null: the metric is no longer defined. */
  readonly allowed: number | null
  readonly buckets: readonly BucketAnswer[]
}

interface BucketAnswer {
  readonly bucket: string
  readonly reasons: readonly string[]
  readonly served: string | null
  readonly built: string | null
  readonly rowsMissing: number
  readonly rowsExtra: number
  readonly rowsChanged: number
}

/** What a terminal is shown of one metric; JSON has more. */
const shownBuckets = 10

/** Two tables: a row a metric, then the buckets that differ most. */
export const parityTables = (parity: readonly ParityAnswer[]): Table[] => {
  const buckets = parity.flatMap(({ metric, buckets: all }) =>
    all.slice(0, shownBuckets).map((one) => ({ metric, one })),
  )
  return [
    {
      columns: [
        'metric',
        'rows served',
        'built',
        'missing',
        'extra',
        'changed',
        'drift',
        'allowed',
        'buckets differing',
      ],
      rows: parity.map((one) => [
        one.metric,
        one.rowsServed,
        one.rowsBuilt,
        one.rowsMissing,
        one.rowsExtra,
        one.rowsChanged,
        percentText(one.drift),
        one.allowed === null ? null : percentText(one.allowed),
        one.bucketsDiffering,
      ]),
    },
    ...(buckets.length === 0
      ? []
      : [
          {
            columns: ['metric', 'bucket', 'value served', 'built', 'rows missing', 'extra', 'changed', 'why'],
            rows: buckets.map(({ metric, one }): Cell[] => [
              metric,
              one.bucket,
              one.served,
              one.built,
              one.rowsMissing,
              one.rowsExtra,
              one.rowsChanged,
              one.reasons.join(', '),
            ]),
          },
        ]),
  ]
}

/** How many buckets the tables leave out, where they do. */
export const parityNotes = (parity: readonly ParityAnswer[]): string[] =>
  parity
    .filter(({ bucketsDiffering }) => bucketsDiffering > shownBuckets)
    .map(
      ({ metric, bucketsDiffering }) =>
        `${metric}: ${bucketsDiffering - shownBuckets} more buckets differ; JSON names more of them, ledger.parity_bucket a thousand.`,
    )
