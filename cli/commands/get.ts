import type { Command } from 'commander'
import { type EntityAnswer, type EntitySummary, valueCell } from '../answers.ts'
import { usageError } from '../exit.ts'
import type { Answer, Cell, Table } from '../output.ts'
import { exclusionLines } from '../receipt.ts'
import { sessionOf } from '../session.ts'
import { answered } from './query.ts'

export const addGet = (program: Command): void => {
  program
    .command('get')
    .description('an entity as it is now, with its children and its metrics')
    .argument('[entity]', 'left out: lists what there is')
    .argument('[ref]', 'which one')
    .action(async (entity: string | undefined, ref: string | undefined, _options: unknown, command: Command) => {
      const session = sessionOf(command)
      const { api } = await session.connect()
      if (entity === undefined) {
        const { entities } = await api.get<{ entities: readonly EntitySummary[] }>('/v1/entities')
        session.answer(listed(entities))
        return
      }
      if (ref === undefined) throw usageError(`Which ${entity}? Give its ref: tidemark get ${entity} REF.`)
      const path = `/v1/entities/${encodeURIComponent(entity)}/${encodeURIComponent(ref)}`
      session.answer(shown(await answered(() => api.get<EntityAnswer>(path))))
    })
}

const listed = (entities: readonly EntitySummary[]): Answer => ({
  json: { entities },
  tables: [
    {
      columns: ['name', 'ref', 'children', 'metrics', 'description'],
      rows: entities.map(({ name, ref, children, metrics, description }) => [
        name,
        ref,
        children.map((child) => child.name).join(', '),
        metrics.map((metric) => metric.name).join(', '),
        description,
      ]),
    },
  ],
})

const shown = (answer: EntityAnswer): Answer => ({
  json: answer,
  tables: [
    { columns: ['field', 'value'], rows: Object.entries(answer.fields).map(([name, value]) => [name, cellOf(value)]) },
    ...Object.values(answer.children).flatMap(childrenTable),
    ...figuresTable(answer),
  ],
  head: [`${answer.entity} ${answer.ref}, as of its change at ${answer.latest}`],
  notes: receiptOf(answer),
})

/** Under the names of their fields, which all of a kind have. */
const childrenTable = (children: readonly Readonly<Record<string, unknown>>[]): Table[] => {
  const [first] = children
  if (first === undefined) return []
  const columns = Object.keys(first)
  return [{ columns, rows: children.map((child) => columns.map((column) => cellOf(child[column]))) }]
}

/** Totals of children and metrics. */
const figuresTable = ({ totals, metrics }: EntityAnswer): Table[] => {
  const rows = [
    ...Object.entries(totals).flatMap(([kind, named]) =>
      Object.entries(named).map(([name, value]): Cell[] => [`${kind}.${name}`, valueCell(value), null, true]),
    ),
    ...Object.entries(metrics).map(([name, { value, unit, exact }]): Cell[] => [name, valueCell(value), unit, exact]),
  ]
  return rows.length === 0 ? [] : [{ columns: ['figure', 'value', 'unit', 'exact'], rows }]
}

const cellOf = (value: unknown): Cell => {
  if (value === null || value === undefined) return null
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : JSON.stringify(value)
}

const hourMs = 3_600_000

const receiptOf = ({ receipt }: EntityAnswer): string[] => {
  const { dataset, positions, queryWindowMs, modelVersion } = receipt
  const reach = queryWindowMs === null ? 'all of it' : `the last ${(queryWindowMs / hourMs).toFixed(1)} h of it`
  return [
    `receipt: dataset ${dataset ?? 'none yet'}, speed in ${Object.keys(positions).length} shards, ${reach}; definitions ${modelVersion}`,
    ...exclusionLines(receipt),
  ]
}
