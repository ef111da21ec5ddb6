import type { Command } from 'commander'
import { leftOutLines, valueCell, type WindowAnswer } from '../answers.ts'
import { collected } from '../collected.ts'
import { windowReceiptLines } from '../receipt.ts'
import { sessionOf } from '../session.ts'
import { intervalText, iso, parseInstant, parseSpan } from '../time.ts'
import { answered, byMeans, type DimensionOptions, dimensionsOf } from './query.ts'

interface WindowOptions extends DimensionOptions {
  readonly last: string
  readonly asOf?: string
  readonly top?: string
}

export const addWindow = (program: Command): void => {
  program
    .command('window')
    .description("a metric's live sliding window")
    .argument('<metric>')
    .requiredOption('--last <span>', 'how far back: 90s, 5m, 1h')
    .option('--as-of <time>', 'where the window ends: a time, or latest for the newest event time; default now')
    .option('--by <dimensions>', byMeans, collected)
    .option('--where <dimension=value...>', 'only these; may be given several times')
    .option('--top <rows>', 'the rows of the greatest values alone')
    .action(async (metric: string, options: WindowOptions, command: Command) => {
      const session = sessionOf(command)
      const { by, where } = dimensionsOf(options)
      parseSpan(options.last)
      const asOf =
        options.asOf === undefined || options.asOf === 'latest'
          ? options.asOf
          : iso(parseInstant(options.asOf, session.now()))
      const { api } = await session.connect()
      const answer = await answered(() =>
        api.get<WindowAnswer>(`/v1/windows/${encodeURIComponent(metric)}`, {
          last: options.last,
          asOf,
          by: by.join(','),
          where,
          top: options.top,
        }),
      )
      const interval = { from: Date.parse(answer.from), to: Date.parse(answer.to) }
      session.answer({
        json: answer,
        tables: [
          {
            columns: [...by, 'value', 'exact'],
            rows: answer.rows.map((row) => [
              ...by.map((name) => row.by[name] ?? null),
              valueCell(row.value),
              row.exact,
            ]),
          },
        ],
        head: [`${answer.metric} (${answer.unit}) in ${intervalText(interval)}`],
        notes: [...leftOutLines(answer), ...windowReceiptLines(answer.receipt)],
      })
    })
}
