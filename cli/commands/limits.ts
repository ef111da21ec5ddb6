import type { Command } from 'commander'
import { type CrossingsPage, type LimitSummary, valueCell } from '../answers.ts'
import { usageError } from '../exit.ts'
import type { Answer } from '../output.ts'
import { sessionOf } from '../session.ts'

interface Options {
  readonly key?: string
  readonly limit: string
  readonly cursor?: string
}

export const addLimits = (program: Command): void => {
  program
    .command('limits')
    .description('the limits that are watched, and when one was crossed')
    .argument('[name]', 'what was crossed of this one, the newest first; left out: lists what there is')
    .option('--key <value>', 'of this one alone')
    .option('--limit <rows>', 'at most this many, 1 to 1000', '100')
    .option('--cursor <cursor>', 'where an answer left off')
    .action(async (name: string | undefined, options: Options, command: Command) => {
      const session = sessionOf(command)
      if (name === undefined && options.key !== undefined)
        throw usageError('--key needs the limit that it is a key of.')
      const { api } = await session.connect()
      if (name === undefined) {
        const { limits } = await api.get<{ limits: readonly LimitSummary[] }>('/v1/limits')
        session.answer(listed(limits))
        return
      }
      const { key, limit, cursor } = options
      const query = {
        ...(key === undefined ? {} : { key }),
        limit,
        ...(cursor === undefined ? {} : { cursor }),
      }
      session.answer(shown(await api.get<CrossingsPage>(`/v1/limits/${encodeURIComponent(name)}`, query)))
    })
}

const listed = (limits: readonly LimitSummary[]): Answer => ({
  json: { limits },
  tables: [
    {
      columns: ['name', 'metric', 'each', 'per', 'at most', 'told at', 'description', 'owner'],
      rows: limits.map(({ name, metric, each, per, atMost, unit, notifyAt, description, owner }) => [
        ...[name, metric, each, per],
        'amount' in atMost ? `${atMost.amount} ${unit}` : `${atMost.entity}.${atMost.field}`,
        notifyAt.join(' '),
        ...[description, owner],
      ]),
    },
  ],
})

const shown = (answer: CrossingsPage): Answer => ({
  json: answer,
  tables: [
    {
      columns: ['found', 'period', 'key', 'part', 'crossed', 'number', 'value', 'at most', 'unit', 'told'],
      rows: answer.rows.map(({ foundAt, period, key, threshold, crossed, number, value, atMost, unit, told }) => [
        ...[foundAt, period, key, threshold, crossed, number],
        ...[valueCell(value), atMost === null ? null : valueCell(atMost), unit, told],
      ]),
    },
  ],
  notes: answer.next === null ? [] : [`there are older ones: --cursor ${answer.next}`],
})
