import type { Command } from 'commander'
import { dimensionText } from '../../core/kept.ts'
import type { MetricSummary } from '../answers.ts'
import { usageError } from '../exit.ts'
import { sessionOf } from '../session.ts'

export const addMetrics = (program: Command): void => {
  program
    .command('metrics')
    .description('what can be asked for')
    .argument('[name]', 'only this one')
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const session = sessionOf(command)
      const { api } = await session.connect()
      const { metrics } = await api.get<{ metrics: readonly MetricSummary[] }>('/v1/metrics')
      const chosen = metrics.filter((metric) => name === undefined || metric.name === name)
      if (chosen.length === 0 && name !== undefined)
        throw usageError(`There is no metric ${name}. There are ${metrics.map((metric) => metric.name).join(', ')}.`)
      session.answer({
        json: name === undefined ? { metrics: chosen } : chosen[0],
        tables: [
          {
            columns: ['name', 'measure', 'unit', 'per', 'zone', 'by', 'live', 'description', 'owner'],
            rows: chosen.map((metric) => [
              metric.name,
              measureText(metric),
              metric.unit,
              metric.per,
              metric.zone ?? 'UTC',
              metric.by.map((name) => dimensionOf(metric, name)).join(', '),
              metric.live,
              metric.description,
              metric.owner,
            ]),
          },
        ],
      })
    })
}

const dimensionOf = ({ keep }: MetricSummary, name: string): string => {
  const kept = keep?.[name]
  return dimensionText(kept === undefined ? { name } : { name, keep: kept })
}

/** With what a measure was given: `quantile 0.95`, `histogram 0 15 60 minutes`, `count of each tags`. */
const measureText = ({ measure, of, each, q, edges, edgeUnit }: MetricSummary): string =>
  [
    measure,
    ...(of === undefined ? [] : ['of', of.join(', ')]),
    ...(q === undefined ? [] : [q]),
    ...(edges ?? []),
    ...(edgeUnit === undefined ? [] : [edgeUnit]),
    ...(each === undefined ? [] : ['of each', each]),
  ].join(' ')
