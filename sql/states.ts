import { keepsEvents } from '../core/kept-event.ts'
import type { DimensionData, MetricData } from '../core/model.ts'
import { storedDimensions } from '../core/zoned-metric.ts'
import { sequenceNumberType, shardIdType } from './ledger.ts'
import { type Column, qualified, quoted, type Table } from './table.ts'

export const slots = ['blue', 'green'] as const
export type Slot = (typeof slots)[number]
export type Layer = 'batch' | 'speed'

/** A dimension's text in UTF-8 bytes, which is what Redshift counts: what decode accepts at most. */
const dimensionTextType = 'VARCHAR(256)'
const componentType = 'VARCHAR(16)'
/** A version's place in the order of versions: an instant, a sequence number and a shard's name, which has at most 128 characters. */
const versionType = 'VARCHAR(256)'
/** Redshift's longest text. */
const bodyType = 'VARCHAR(65535)'
const maxDimensions = 8

const columnType = ({ type }: DimensionData): string =>
  type === 'string' ? dimensionTextType : type === 'boolean' ? 'BOOLEAN' : 'BIGINT'

const dimensionColumn = (place: number): string => `dim_${place + 1}`

/** All metrics' states above the tidemark and below: one table, so that a micro-batch is one statement. */
export const speedRows: Table = {
  schema: 'speed',
  name: 'rows',
  columns: [
    { name: 'metric', type: 'VARCHAR(40)' },
    { name: 'metric_version', type: 'VARCHAR(12)' },
    { name: 'bucket', type: 'TIMESTAMP' },
    ...Array.from({ length: maxDimensions }, (_, place) => ({
      name: dimensionColumn(place),
      type: dimensionTextType,
      nullable: true,
    })),
    { name: 'component', type: versionType },
    { name: 'value', type: 'BIGINT' },
    { name: 'body', type: bodyType, nullable: true },
    { name: 'shard_id', type: shardIdType },
    { name: 'sequence_number', type: sequenceNumberType },
  ],
  sortedBy: ['metric', 'metric_version', 'bucket'],
}

/** The same states counted again beside those that are served, by the replay that they are the output of. */
export const replayedRows: Table = {
  schema: 'speed',
  name: 'replayed',
  columns: [{ name: 'output_id', type: 'VARCHAR(64)' }, ...speedRows.columns],
  sortedBy: ['output_id', 'shard_id', 'sequence_number'],
}

/** A metric's columns in a dataset's Parquet, in the order that COPY takes them by. */
export const resultColumns = (metric: MetricData): Column[] => [
  { name: 'bucket', type: 'TIMESTAMP' },
  ...storedDimensions(metric).map((dimension) => ({
    name: dimension.name,
    type: columnType(dimension),
    nullable: true,
  })),
  { name: 'component', type: keepsBodies(metric) ? versionType : componentType },
  { name: 'value', type: 'BIGINT' },
  ...(keepsBodies(metric) ? [{ name: 'body', type: bodyType }] : []),
]

/** Whether each row says something besides: an entity's versions, and events that are kept. */
export const keepsBodies = (metric: Pick<MetricData, 'measure'>): boolean =>
  keepsVersions(metric) || keepsEvents(metric)

/** Whether the rows are an entity's versions. */
export const keepsVersions = ({ measure }: Pick<MetricData, 'measure'>): boolean => measure.kind === 'latest'

/** A metric's table in one slot. Named by the metric's version, so that no table is ever altered. */
export const batchTable = (metric: MetricData, slot: Slot): Table => ({
  schema: `batch_${slot}`,
  name: `${metric.name}_${metric.version}`,
  columns: [{ name: 'dataset_id', type: 'VARCHAR(64)' }, ...resultColumns(metric)],
  // An entity is asked for by its ref, the first dimension, and profiles and sessions by their keys.
  sortedBy:
    keepsBodies(metric) || metric.profile !== undefined ? metric.by.slice(0, 1).map(({ name }) => name) : ['bucket'],
})

/**
 * What a query is held to, so that several queries see one state: a dataset, and how far each shard counts.
 * Both are our own ids and digits, checked before they come here.
 */
export interface Pin {
  readonly datasetId: string
  readonly positions: Readonly<Record<string, string>>
}

/**
 * A metric's states on both sides of the tidemark: layer, bucket, typed dimensions, component, value, and of versions
 * and kept events what each says (body). Batch rows are the live dataset's, of the slot that it stands in: in the other
 * one a table may hold it from before, since a load empties the tables of its own definitions alone. Speed rows are those
 * above its marks, all of a shard's without one.
 */
export const statesSql = (metric: MetricData, pin: Pin | null = null): string => {
  const control =
    pin === null
      ? 'ledger.control'
      : `(SELECT CAST(${text(pin.datasetId)} AS VARCHAR(64)) AS live_dataset_id, blue_dataset_id, green_dataset_id FROM ledger.control)`
  const stored = storedDimensions(metric)
  const dimensions = stored.map(({ name }) => quoted(name))
  const kept = ['component', 'value', ...(keepsBodies(metric) ? ['body'] : [])]
  const batch = slots.map((slot) =>
    [
      `SELECT 'batch' AS layer, ${['b.bucket', ...dimensions.map((name) => `b.${name}`), ...kept.map((name) => `b.${name}`)].join(', ')}`,
      `FROM ${qualified(batchTable(metric, slot))} b`,
      `JOIN ${control} c ON c.live_dataset_id = b.dataset_id AND c.${slot}_dataset_id = b.dataset_id`,
    ].join('\n'),
  )
  const typed = stored.map((dimension, place) => `${typedDimension(dimension, place)} AS ${quoted(dimension.name)}`)
  const speed = [
    `SELECT 'speed' AS layer, ${['r.bucket', ...typed, ...kept.map((name) => `r.${name}`)].join(', ')}`,
    'FROM speed.rows r',
    `CROSS JOIN ${control} c`,
    'LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = r.shard_id',
    ...(pin === null
      ? []
      : [`JOIN (${positionsSql(pin.positions)}) p ON p.shard_id = r.shard_id AND r.sequence_number <= p.position`]),
    `WHERE r.metric = ${text(metric.name)} AND r.metric_version = ${text(metric.version)}`,
    'AND (m.mark IS NULL OR r.sequence_number > m.mark)',
  ].join('\n')
  return [...batch, speed].join('\nUNION ALL\n')
}

/** Redshift can't cast text to boolean; a comparison keeps null as null. */
const typedDimension = ({ type }: DimensionData, place: number): string => {
  const column = `r.${dimensionColumn(place)}`
  return type === 'string' ? column : type === 'boolean' ? `(${column} = 'true')` : `CAST(${column} AS BIGINT)`
}

const positionsSql = (positions: Pin['positions']): string => {
  const rows = Object.entries(positions).map(
    ([shardId, position]) =>
      `SELECT CAST(${text(shardId)} AS ${shardIdType}) AS shard_id, CAST(${text(position)} AS ${sequenceNumberType}) AS position`,
  )
  return rows.length === 0 ? "SELECT '' AS shard_id, '' AS position" : rows.join(' UNION ALL ')
}

/** A literal of our own making: ids, versions, names. @throws where it holds anything that SQL could read otherwise */
export const text = (value: string): string => {
  if (!/^[\w.:+-]*$/.test(value))
    throw new Error(`${JSON.stringify(value)} can't stand in SQL text; pass it as a parameter.`)
  return `'${value}'`
}

/** An instant as a literal of both dialects. */
export const timestamp = (epochMs: number): string =>
  `CAST('${new Date(epochMs).toISOString().replace('T', ' ').replace('Z', '')}' AS TIMESTAMP)`

/**
 * How often the metric's answer would have a hole: it is whole where this counts 0. The live dataset must hold this
 * version of it, each shard must be running a definition that has it, and no shard may have begun it above the mark.
 */
export const gapsSql = (metric: MetricData): string => {
  const [name, version] = [text(metric.name), text(metric.version)]
  return `SELECT SUM(gaps) AS gaps FROM (
SELECT COUNT(*) AS gaps FROM ledger.control c
LEFT JOIN ledger.dataset_metric d ON d.dataset_id = c.live_dataset_id AND d.metric = ${name} AND d.metric_version = ${version}
WHERE c.live_dataset_id <> '' AND d.metric IS NULL
UNION ALL
SELECT COUNT(*) AS gaps FROM ledger.speed_position p
LEFT JOIN ledger.definition d ON d.line_up = p.line_up AND d.metric = ${name} AND d.metric_version = ${version}
WHERE d.metric IS NULL
UNION ALL
SELECT COUNT(*) AS gaps FROM ledger.metric_edge e
CROSS JOIN ledger.control c
LEFT JOIN ledger.mark m ON m.dataset_id = c.live_dataset_id AND m.shard_id = e.shard_id
WHERE e.metric = ${name} AND e.metric_version = ${version} AND (m.mark IS NULL OR m.mark < e.edge)
) g`
}

/** The same of several metrics together. */
export const allGapsSql = (metrics: readonly MetricData[]): string =>
  metrics.length === 0
    ? 'SELECT 0 AS gaps'
    : `SELECT SUM(gaps) AS gaps FROM (\n${metrics.map(gapsSql).join('\nUNION ALL\n')}\n) all_gaps`
