import { text, timestamp } from '../../sql/states.ts'
import type { CountedCell, ReplacedPart } from './speed-ledger.ts'

/** Up to these a multi-row INSERT serves; above, COPY does, as Redshift advises. */
const maxInsertedRows = 400
const maxParameters = 150
/** Far below the 200 KB that the Data API takes of a statement, were parameters to count. */
const maxParameterBytes = 50_000

/** Puts rows where COPY finds them. @returns the object's s3:// URI */
export type StageRows = (
  shardId: string,
  edge: string,
  rows: readonly Readonly<Record<string, unknown>>[],
) => Promise<string>

export interface Staging {
  readonly stageRows: StageRows
  readonly copyRoleArn: string
}

interface RowStatements {
  readonly statements: readonly string[]
  readonly parameters: Readonly<Record<string, string>>
}

/** Rows of one shard, by the edges that they count up to. */
export interface AddedRows {
  readonly shardId: string
  readonly parts: readonly ReplacedPart[]
  /** The replay that they are the output of: they go beside those that are served. */
  readonly outputId?: string
}

interface SpeedRow {
  readonly edge: string
  readonly cell: CountedCell
  readonly component: string
  readonly value: number
  /** What an entity's version says; null where the row is a metric's. */
  readonly body: string | null
}

/** The statements that add rows: none where there are none. Dimensions come as parameters or by COPY. */
export const insertRows = async (added: AddedRows, options: Staging): Promise<RowStatements> => {
  const rows = added.parts.flatMap(rowsOf)
  if (rows.length === 0) return { statements: [], parameters: {} }
  const texts = new Set(rows.flatMap(({ cell, body }) => [...cell.dims, body].filter(isParameter)))
  const textBytes = [...texts].reduce((sum, one) => sum + Buffer.byteLength(one), 0)
  if (rows.length <= maxInsertedRows && texts.size <= maxParameters && textBytes <= maxParameterBytes)
    return inserted(added, rows, [...texts])
  return copied(added, rows, options)
}

const rowsOf = ({ edge, cells }: ReplacedPart): SpeedRow[] =>
  cells.flatMap((cell) =>
    [...cell.components].map(
      ([component, { value, body = null }]): SpeedRow => ({ edge, cell, component, value, body }),
    ),
  )

/** The Data API takes neither null nor empty parameters: both are written out instead. */
const isParameter = (dim: string | null): dim is string => dim !== null && dim !== ''

const dimensionNames = Array.from({ length: 8 }, (_, place) => `dim_${place + 1}`)

const inserted = (added: AddedRows, rows: readonly SpeedRow[], texts: readonly string[]): RowStatements => {
  const names = new Map(texts.map((dim, place) => [dim, `dim${place}`]))
  const literal = (dim: string | null | undefined): string =>
    dim === null || dim === undefined ? 'NULL' : dim === '' ? "''" : `:${names.get(dim)}`
  const values = rows.map(({ edge, cell, component, value, body }) =>
    [
      text(cell.metric),
      text(cell.version),
      timestamp(cell.bucket),
      ...dimensionNames.map((_, place) => literal(cell.dims[place])),
      text(component),
      String(value),
      literal(body),
      ':shard',
      text(edge),
      ...(added.outputId === undefined ? [] : [text(added.outputId)]),
    ].join(', '),
  )
  const columns = added.outputId === undefined ? speedColumns : [...speedColumns, 'output_id']
  return {
    statements: [`INSERT INTO ${tableOf(added)} (${columns.join(', ')}) VALUES\n(${values.join('),\n(')})`],
    parameters: Object.fromEntries([...names].map(([dim, name]) => [name, dim])),
  }
}

/** The columns of `speed.rows`; `speed.replayed` has `output_id` besides. */
export const speedColumns = [
  'metric',
  'metric_version',
  'bucket',
  ...dimensionNames,
  'component',
  'value',
  'body',
  'shard_id',
  'sequence_number',
]

const copied = async (
  added: AddedRows,
  rows: readonly SpeedRow[],
  { stageRows, copyRoleArn }: Staging,
): Promise<RowStatements> => {
  const uri = await stageRows(
    added.shardId,
    rows.at(-1)?.edge ?? '',
    rows.map(({ edge, cell, component, value, body }) => ({
      metric: cell.metric,
      metric_version: cell.version,
      bucket: new Date(cell.bucket).toISOString().replace('T', ' ').replace('Z', ''),
      ...Object.fromEntries(cell.dims.map((dim, place) => [`dim_${place + 1}`, dim])),
      component,
      value,
      ...(body === null ? {} : { body }),
      shard_id: added.shardId,
      sequence_number: edge,
      ...(added.outputId === undefined ? {} : { output_id: added.outputId }),
    })),
  )
  return {
    statements: [
      `COPY ${tableOf(added)} FROM '${uri}' IAM_ROLE '${copyRoleArn}' FORMAT JSON 'auto' GZIP TIMEFORMAT 'auto'`,
    ],
    parameters: {},
  }
}

const tableOf = ({ outputId }: AddedRows): string => (outputId === undefined ? 'speed.rows' : 'speed.replayed')
