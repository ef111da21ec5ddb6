import type { Command } from 'commander'
import { buckets } from '../../core/bucket.ts'
import { localTimeIn } from '../../core/zone.ts'
import { zoneOf } from '../../core/zoned-metric.ts'
import { leftOutLines, type MetricPage, type MetricSummary, valueCell } from '../answers.ts'
import { asUsage } from '../api.ts'
import {
  type AskedRange,
  askedRange,
  isRelative,
  type MetricTime,
  type RangeOptions,
  rangeText,
  refuseUnreadable,
  shownRange,
} from '../asked-range.ts'
import { collected } from '../collected.ts'
import type { Connection } from '../connection.ts'
import { queryMetric } from '../metric-query.ts'
import { servedModel } from '../model-file.ts'
import type { Answer } from '../output.ts'
import { receiptLines } from '../receipt.ts'
import { type Session, sessionOf } from '../session.ts'
import { asOfText } from '../time.ts'

export interface DimensionOptions {
  readonly by?: readonly string[]
  readonly where?: readonly string[]
}
interface QueryOptions extends RangeOptions, DimensionOptions {
  readonly per?: string
  readonly layer?: string
  readonly top?: string
  readonly asOf?: string
}

/** What `--by` takes, wherever it stands. */
export const byMeans = 'comma-separated, or given several times; left out: none'

export const addQuery = (program: Command): void => {
  program
    .command('query')
    .description("a metric's values, batch and speed as one")
    .argument('<metric>')
    .option('--from <time>', 'start, included')
    .option('--to <time>', 'end, excluded; left out: now, or the end of the day that --from names by a word')
    .option('--last <span>', 'up to now, or to --as-of: 90s, 5m, 24h, 7d')
    .option('--per <bucket>', "second, minute, hour, day, week, month, year or total; default the metric's own")
    .option('--by <dimensions>', byMeans, collected)
    .option('--where <dimension=value...>', 'only these; may be given several times')
    .option('--top <rows>', 'of each bucket the rows of the greatest values alone')
    .option('--as-of <time>', 'of a metric over sessions: only what happened before that time, which is `now` then')
    .option('--layer <layer>', 'batch or speed: that part of the answer alone')
    .action(async (metric: string, options: QueryOptions, command: Command) => {
      const session = sessionOf(command)
      const asOf = asOfText(options.asOf, session.now())
      const now = asOf === undefined ? session.now() : Date.parse(asOf)
      refuseUnreadable(options, now)
      const fixed = isRelative(options) ? null : askedRange(options, now, null)
      const connection = await session.connect()
      const range = fixed ?? askedRange(options, now, await timeOf(session, connection, metric))
      const page = await answered(() =>
        queryMetric(connection.api, {
          metric,
          interval: range,
          ...(options.per === undefined ? {} : { per: options.per }),
          ...dimensionsOf(options),
          ...(options.top === undefined ? {} : { top: options.top }),
          ...(options.layer === undefined ? {} : { layer: options.layer }),
          ...(asOf === undefined ? {} : { asOf }),
        }),
      )
      session.answer(queryAnswer(page, range))
    })
}

/** How the metric tells time; asked only where now bounds the range. null: there is no such metric. */
const timeOf = async (session: Session, connection: Connection, name: string): Promise<MetricTime | null> => {
  const { metrics } = await connection.api.get<{ metrics: readonly MetricSummary[] }>('/v1/metrics', {})
  const metric = metrics.find((one) => one.name === name)
  const per = buckets.find((bucket) => bucket === metric?.per)
  if (per === undefined) return null
  const zone = metric?.zone
  if (zone === undefined) return { per, localTime: null }
  const model = await servedModel(session, connection)
  return { per, localTime: localTimeIn(zoneOf(model, zone)) }
}

export const dimensionsOf = (options: DimensionOptions): { by: string[]; where: readonly string[] } => ({
  by: (options.by ?? []).flatMap((names) => names.split(',')).filter((name) => name !== ''),
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

const queryAnswer = (page: MetricPage, range: AskedRange): Answer => ({
  json: { ...page, ...shownRange(range, page.zone) },
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
  head: [`${page.metric} (${page.unit}) per ${page.per}, ${rangeText(range, page.zone)}${asOfPart(page)}`],
  notes: [...leftOutLines(page), ...failureLines(page), ...receiptLines(page.receipt)],
})

const asOfPart = ({ asOf }: MetricPage): string => (asOf === undefined ? '' : `, as of ${asOf}`)

const failureLines = ({ stepFailures }: MetricPage): string[] =>
  stepFailures === undefined
    ? []
    : [`the sessions' step passed over ${stepFailures.events} events: it ${stepFailures.first}`]
