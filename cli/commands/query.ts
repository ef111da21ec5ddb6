import type { Command } from 'commander'
import { bucketStart, buckets, nextBucketStart } from '../../core/bucket.ts'
import { leftOutLines, type MetricPage, type MetricSummary, valueCell } from '../answers.ts'
import { type Api, asUsage } from '../api.ts'
import { queryMetric } from '../metric-query.ts'
import type { Answer } from '../output.ts'
import { receiptLines } from '../receipt.ts'
import { sessionOf } from '../session.ts'
import { type Interval, type IntervalOptions, intervalText, iso, resolveInterval } from '../time.ts'

export interface DimensionOptions {
  readonly by?: string
  readonly where?: readonly string[]
}
interface QueryOptions extends IntervalOptions, DimensionOptions {
  readonly per?: string
  readonly layer?: string
  readonly top?: string
}

export const addQuery = (program: Command): void => {
  program
    .command('query')
    .description("a metric's values, batch and speed as one")
    .argument('<metric>')
    .option('--from <time>', 'start, included')
    .option('--to <time>', 'end, excluded; left out: now, or the end of the day that --from names by a word')
    .option('--last <span>', 'up to now: 90s, 5m, 24h, 7d')
    .option('--per <bucket>', "second, minute, hour, day, week, month, year or total; default the metric's own")
    .option('--by <dimensions>', 'comma-separated; left out: none')
    .option('--where <dimension=value...>', 'only these; may be given several times')
    .option('--top <rows>', 'of each bucket the rows of the greatest values alone')
    .option('--layer <layer>', 'batch or speed: that part of the answer alone')
    .action(async (metric: string, options: QueryOptions, command: Command) => {
      const session = sessionOf(command)
      const asked = resolveInterval(options, session.now())
      const { api } = await session.connect()
      const interval = await wholeBuckets(api, metric, options, asked)
      const page = await answered(() =>
        queryMetric(api, {
          metric,
          interval,
          ...(options.per === undefined ? {} : { per: options.per }),
          ...dimensionsOf(options),
          ...(options.top === undefined ? {} : { top: options.top }),
          ...(options.layer === undefined ? {} : { layer: options.layer }),
        }),
      )
      session.answer(queryAnswer(page, interval))
    })
}

/** An interval that now bounds is widened to the metric's own buckets, of which the API answers whole ones only. */
const wholeBuckets = async (
  api: Api,
  name: string,
  { last, to }: QueryOptions,
  interval: Interval,
): Promise<Interval> => {
  if (last === undefined && to !== undefined && to !== 'now') return interval
  const { metrics } = await api.get<{ metrics: readonly MetricSummary[] }>('/v1/metrics', {})
  const per = buckets.find((bucket) => metrics.some((metric) => metric.name === name && metric.per === bucket))
  if (per === undefined) return interval
  const start = bucketStart(per)
  const { from, to: end } = interval
  return { from: start(from), to: start(end) === end ? end : nextBucketStart(per)(end) }
}

export const dimensionsOf = (options: DimensionOptions): { by: string[]; where: readonly string[] } => ({
  by: (options.by ?? '').split(',').filter((name) => name !== ''),
  where: options.where ?? [],
})

/** A question that the API refuses is wrong usage. */
export const answered = async <T>(ask: () => Promise<T>): Promise<T> => {
  try {
    return await ask()
  } catch (error) {
    throw asUsage(error)
  }
}

const queryAnswer = (page: MetricPage, interval: Interval): Answer => ({
  json: { ...page, from: iso(interval.from), to: iso(interval.to) },
  tables: [
    {
      columns: ['bucket', ...page.by, 'value', 'exact'],
      rows: page.rows.map((row) => [
        row.bucket,
        ...page.by.map((dimension) => row.by[dimension] ?? null),
        valueCell(row.value),
        row.exact,
      ]),
    },
  ],
  head: [`${page.metric} (${page.unit}) per ${page.per}, ${intervalText(interval)}`],
  notes: [...leftOutLines(page), ...receiptLines(page.receipt)],
})
