import type { Column, Table } from './table.ts'

/** Kinesis's sequence numbers zero-padded: text order is stream order. */
export const sequenceNumberType = 'VARCHAR(64)'
/** Kinesis's StreamName and ShardId are at most 128 characters. */
export const shardIdType = 'VARCHAR(128)'
const datasetIdType = 'VARCHAR(64)'
const versionType = 'VARCHAR(12)'
const metricType = 'VARCHAR(40)'

const column = (name: string, type: string): Column => ({ name, type })
const table = (name: string, columns: readonly Column[], rest: Partial<Table> = {}): Table => ({
  schema: 'ledger',
  name,
  columns,
  ...rest,
})

const shardId = column('shard_id', shardIdType)
const datasetId = column('dataset_id', datasetIdType)
const modelVersion = column('model_version', versionType)
/** A line-up of four models at most (`core/line-up.ts`). */
const lineUp = column('line_up', 'VARCHAR(64)')
const metric = column('metric', metricType)
const limitName = column('limit_name', metricType)
const metricVersion = column('metric_version', versionType)

/** What is served, what each side has reached, and where the line runs. Each small, each of many readers. */
export const ledgerTables: readonly Table[] = [
  table('mutex', [column('id', 'INTEGER')], { small: true }),
  table('model', [modelVersion, column('serving_version', versionType), lineUp, column('revision', 'BIGINT')], {
    small: true,
  }),
  table('definition', [lineUp, metric, metricVersion, column('definition', 'VARCHAR(65535)')], { small: true }),
  table(
    'speed_position',
    [
      shardId,
      column('position', sequenceNumberType),
      column('revision', 'BIGINT'),
      lineUp,
      // Padded sequence numbers, ascending, a space between; '' none. Together shorter than a result's row may be (64 KB).
      column('cuts', 'VARCHAR(65535)'),
      column('exclusions', 'BIGINT'),
    ],
    { small: true },
  ),
  table('speed_edge', [shardId, column('edge', sequenceNumberType), lineUp, column('committed_at', 'TIMESTAMP')], {
    sortedBy: ['shard_id', 'edge'],
  }),
  table(
    'exclusion',
    [
      column('exclusion_id', 'BIGINT'),
      column('request_id', 'VARCHAR(64)'),
      column('event_type', 'VARCHAR(256)'),
      column('definition', 'VARCHAR(65535)'),
      column('reason', 'VARCHAR(4096)'),
      column('made_by', 'VARCHAR(512)'),
      column('made_at', 'TIMESTAMP'),
      // 0: not undone; the three below then say nothing.
      column('undone_revision', 'BIGINT'),
      column('undone_reason', 'VARCHAR(4096)'),
      column('undone_by', 'VARCHAR(512)'),
      column('undone_at', 'TIMESTAMP'),
    ],
    { small: true },
  ),
  table('exclusion_revision', [column('revision', 'BIGINT')], { small: true }),
  table('exclusion_edge', [shardId, column('edge', sequenceNumberType), column('revision', 'BIGINT')], { small: true }),
  table('metric_edge', [metric, metricVersion, shardId, column('edge', sequenceNumberType)], { small: true }),
  table(
    'dataset',
    [
      datasetId,
      column('base_dataset_id', datasetIdType),
      column('kind', 'VARCHAR(16)'),
      modelVersion,
      column('exclusions', 'BIGINT'),
      column('state', 'VARCHAR(16)'),
      column('step', 'VARCHAR(32)'),
      column('reason', 'VARCHAR(4096)'),
      column('sealed_at', 'TIMESTAMP'),
      column('updated_at', 'TIMESTAMP'),
    ],
    { small: true },
  ),
  table('mark', [datasetId, shardId, column('mark', sequenceNumberType)], { small: true }),
  table('dataset_metric', [datasetId, metric, metricVersion], { small: true }),
  table(
    'control',
    [
      column('live_dataset_id', datasetIdType),
      column('blue_dataset_id', datasetIdType),
      column('blue_state', 'VARCHAR(16)'),
      column('green_dataset_id', datasetIdType),
      column('green_state', 'VARCHAR(16)'),
      column('revision', 'BIGINT'),
    ],
    { small: true },
  ),
  table('limit_watch', [limitName, column('since', 'TIMESTAMP'), column('revision', 'BIGINT')], { small: true }),
  table(
    'limit_crossing',
    [
      limitName,
      column('period', 'TIMESTAMP'),
      column('limit_key', 'VARCHAR(256)'),
      column('threshold', 'INTEGER'),
      column('number', 'INTEGER'),
      column('value', 'VARCHAR(40)'),
      { ...column('at_most', 'VARCHAR(40)'), nullable: true },
      datasetId,
      column('found_at', 'TIMESTAMP'),
      // Of the watch, as it was when this was found; with the place in what was found then it names the crossing.
      column('revision', 'BIGINT'),
      column('place', 'BIGINT'),
      column('definition', 'VARCHAR(65535)'),
      // 0: not told yet.
      column('told', 'INTEGER'),
    ],
    { sortedBy: ['limit_name', 'period'] },
  ),
  table('pruned', [shardId, column('pruned_to', sequenceNumberType)], { small: true }),
  table(
    'replay_output',
    [
      column('output_id', 'VARCHAR(64)'),
      column('name', 'VARCHAR(40)'),
      shardId,
      column('replayed_from', sequenceNumberType),
      column('replayed_to', sequenceNumberType),
      column('reached', sequenceNumberType),
      lineUp,
      column('exclusions', 'BIGINT'),
      column('begun_at', 'TIMESTAMP'),
    ],
    { small: true },
  ),
  table(
    'parity',
    [
      datasetId,
      metric,
      column('rows_served', 'BIGINT'),
      column('rows_built', 'BIGINT'),
      column('rows_missing', 'BIGINT'),
      column('rows_extra', 'BIGINT'),
      column('rows_changed', 'BIGINT'),
      column('buckets_differing', 'BIGINT'),
    ],
    { small: true },
  ),
  table(
    'parity_bucket',
    [
      datasetId,
      metric,
      column('bucket', 'TIMESTAMP'),
      column('rows_missing', 'BIGINT'),
      column('rows_extra', 'BIGINT'),
      column('rows_changed', 'BIGINT'),
      { ...column('served_value', 'VARCHAR(40)'), nullable: true },
      { ...column('built_value', 'VARCHAR(40)'), nullable: true },
      column('reasons', 'VARCHAR(64)'),
    ],
    { sortedBy: ['dataset_id', 'metric'] },
  ),
]

/** The rows that single-row tables begin with, put there once. */
export const ledgerSeeds: readonly string[] = [
  'INSERT INTO ledger.mutex (id) SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM ledger.mutex)',
  'INSERT INTO ledger.exclusion_revision (revision) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM ledger.exclusion_revision)',
  "INSERT INTO ledger.model (model_version, serving_version, line_up, revision) SELECT '', '', '', 0 WHERE NOT EXISTS (SELECT 1 FROM ledger.model)",
  `INSERT INTO ledger.control (live_dataset_id, blue_dataset_id, blue_state, green_dataset_id, green_state, revision)
SELECT '', '', 'empty', '', 'empty', 0 WHERE NOT EXISTS (SELECT 1 FROM ledger.control)`,
]
