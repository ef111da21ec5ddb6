import type { Cell } from '../../core/state.ts'
import { text, timestamp } from '../../sql/states.ts'
import type { MicroBatch } from './speed-ledger.ts'

/** Up to these a multi-row INSERT serves; above, COPY does, as Redshift advises. */
const maxInsertedRows = 400
const maxParameters = 150

/** Puts rows where COPY finds them. @returns the object's s3:// URI */
export type StageRows = (
  shardId: string,
  edge: string,
  rows: readonly Readonly<Record<string, unknown>>[],
) => Promise<string>

interface Staging {
  readonly stageRows: StageRows
  readonly copyRoleArn: string
}

interface RowStatements {
  readonly statements: readonly string[]
  readonly parameters: Readonly<Record<string, string>>
}

interface SpeedRow {
  readonly cell: Cell
  readonly component: string
  readonly value: number
}

/** The statements that add a micro-batch's rows: none where it has none. Dimensions come as parameters or by COPY. */
export const insertRows = async (batch: MicroBatch, options: Staging): Promise<RowStatements> => {
  const rows = batch.cells.flatMap((cell) =>
    [...cell.components].map(([component, { value }]): SpeedRow => ({ cell, component, value })),
  )
  if (rows.length === 0) return { statements: [], parameters: {} }
  const texts = new Set(batch.cells.flatMap(({ dims }) => dims.filter(isParameter)))
  if (rows.length <= maxInsertedRows && texts.size <= maxParameters) return inserted(batch, rows, [...texts])
  return copied(batch, rows, options)
}

/** The Data API takes neither null nor empty parameters: both are written out instead. */
const isParameter = (dim: string | null): dim is string => dim !== null && dim !== ''

const dimensionNames = Array.from({ length: 8 }, (_, place) => `dim_${place + 1}`)

const inserted = (batch: MicroBatch, rows: readonly SpeedRow[], texts: readonly string[]): RowStatements => {
  const names = new Map(texts.map((dim, place) => [dim, `dim${place}`]))
  const literal = (dim: string | null | undefined): string =>
    dim === null || dim === undefined ? 'NULL' : dim === '' ? "''" : `:${names.get(dim)}`
  const values = rows.map(({ cell, component, value }) =>
    [
      text(cell.metric),
      text(versionOf(batch, cell)),
      timestamp(cell.bucket),
      ...dimensionNames.map((_, place) => literal(cell.dims[place])),
      text(component),
      String(value),
      ':shard',
      text(batch.edge),
    ].join(', '),
  )
  return {
    statements: [`INSERT INTO speed.rows (${columns.join(', ')}) VALUES\n(${values.join('),\n(')})`],
    parameters: Object.fromEntries([...names].map(([dim, name]) => [name, dim])),
  }
}

const columns = [
  'metric',
  'metric_version',
  'bucket',
  ...dimensionNames,
  'component',
  'value',
  'shard_id',
  'sequence_number',
]

const copied = async (
  batch: MicroBatch,
  rows: readonly SpeedRow[],
  { stageRows, copyRoleArn }: Staging,
): Promise<RowStatements> => {
  const uri = await stageRows(
    batch.shardId,
    batch.edge,
    rows.map(({ cell, component, value }) => ({
      metric: cell.metric,
      metric_version: versionOf(batch, cell),
      bucket: new Date(cell.bucket).toISOString().replace('T', ' ').replace('Z', ''),
      ...Object.fromEntries(cell.dims.map((dim, place) => [`dim_${place + 1}`, dim])),
      component,
      value,
      shard_id: batch.shardId,
      sequence_number: batch.edge,
    })),
  )
  return {
    statements: [`COPY speed.rows FROM '${uri}' IAM_ROLE '${copyRoleArn}' FORMAT JSON 'auto' GZIP TIMEFORMAT 'auto'`],
    parameters: {},
  }
}

const versionOf = ({ versions }: MicroBatch, { metric }: Cell): string => {
  const version = versions.get(metric)
  if (version === undefined) throw new Error(`A micro-batch holds a cell of ${metric}, which its model has not.`)
  return version
}
