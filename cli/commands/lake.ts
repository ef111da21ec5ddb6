import type { Command } from 'commander'
import { type LakeColumn, type LakeColumns, type LakeType, ownColumns } from '../../core/lake-columns.ts'
import type { DatasetManifest } from '../../spark/specification.ts'
import { CommandError } from '../exit.ts'
import { liveManifest } from '../live-manifest.ts'
import type { Answer, Format, Table } from '../output.ts'
import { sessionOf } from '../session.ts'

export const addLake = (program: Command): void => {
  program
    .command('lake')
    .description('the Parquet files of events that the live dataset is made of, and their columns')
    .argument('[event]', 'an event; default: all of them')
    .action(async (event: string | undefined, _options: unknown, command: Command) => {
      const session = sessionOf(command)
      const connection = await session.connect()
      const manifest = await liveManifest(connection, await connection.archive())
      if (manifest === null)
        throw new CommandError('No dataset is live yet, and the lake is what one is made of: `tidemark recompute`.')
      session.answer(lakeAnswer(manifest, connection.outputs.dataBucketName, event, session.format))
    })
}

/** What a dataset's manifest says of its events' files. */
export type LakeManifest = Pick<DatasetManifest, 'datasetId' | 'lake' | 'lakeColumns'>

/** @throws where the dataset has no such event */
export const lakeAnswer = (
  manifest: LakeManifest,
  bucket: string,
  event: string | undefined,
  format: Format,
): Answer => {
  const lake = lakeOf(manifest, bucket)
  return event === undefined ? eventsAnswer(lake) : filesAnswer(lake, event, format)
}

interface LakeFile {
  readonly url: string
  /** UTC, of event time. */
  readonly date: string
  readonly rows: number
  readonly bytes: number
}

interface Lake {
  readonly dataset: string
  /** By event, those without files too. */
  readonly files: ReadonlyMap<string, readonly LakeFile[]>
  /** By event; null: the dataset is of an older version, whose files have none. */
  readonly columns: LakeColumns | null
}

const lakeOf = ({ datasetId, lake, lakeColumns }: LakeManifest, bucket: string): Lake => {
  const events = [...new Set([...Object.keys(lakeColumns ?? {}), ...Object.keys(lake)])].sort()
  const filesOf = (event: string): LakeFile[] =>
    Object.entries(lake[event] ?? {})
      .flatMap(([date, held]) =>
        held.map(({ key, rows, bytes }) => ({ url: `s3://${bucket}/${key}`, date, rows, bytes })),
      )
      .sort((a, b) => (a.url < b.url ? -1 : 1))
  return {
    dataset: datasetId,
    files: new Map(events.map((event) => [event, filesOf(event)])),
    columns: lakeColumns ?? null,
  }
}

const eventsAnswer = ({ dataset, files, columns }: Lake): Answer => {
  const events = [...files].map(([event, held]) => ({
    event,
    fields: columns?.[event]?.length ?? 0,
    files: held.length,
    rows: total(held, 'rows'),
    bytes: total(held, 'bytes'),
    from: held[0]?.date ?? null,
    to: held.at(-1)?.date ?? null,
  }))
  const names = ['event', 'fields', 'files', 'rows', 'bytes', 'from', 'to'] as const
  return {
    json: { dataset, events },
    tables: [{ columns: names, rows: events.map((event) => names.map((name) => event[name])) }],
    notes: [...receiptOf(dataset), ...outdated(columns)],
  }
}

const total = (files: readonly LakeFile[], what: 'rows' | 'bytes'): number =>
  files.reduce((sum, file) => sum + file[what], 0)

/** CSV holds one table: the files. */
const filesAnswer = ({ dataset, files, columns }: Lake, event: string, format: Format): Answer => {
  const held = files.get(event)
  if (held === undefined)
    throw new CommandError(
      `Dataset ${dataset} has no event ${event}; it has ${[...files.keys()].join(', ')}. An event that was added since is in the next one: \`tidemark recompute\`.`,
    )
  const named = columnsOf(columns?.[event] ?? [])
  const fileTable: Table = {
    columns: ['date', 'rows', 'bytes', 'url'],
    rows: held.map(({ date, rows, bytes, url }) => [date, rows, bytes, url]),
  }
  const columnTable: Table = {
    columns: ['column', 'type', 'holds'],
    rows: named.map(({ name, type, holds }) => [name, type, holds]),
  }
  return {
    json: { dataset, event, columns: named, files: held },
    tables: format === 'csv' ? [fileTable] : [columnTable, fileTable],
    notes: [...receiptOf(dataset), ...outdated(columns)],
  }
}

const receiptOf = (dataset: string): string[] => [
  `Of dataset ${dataset}: each event at or below its tidemark, once. Other files below lake/ are of other datasets, and hold the same events again.`,
]

const outdated = (columns: Lake['columns']): string[] =>
  columns === null
    ? ['Its files are of an older version, without columns for fields; the next recompute writes them anew.']
    : []

interface ToldColumn {
  readonly name: string
  readonly type: string
  readonly holds: string
}

/** All columns in the files' order: what identifies an event, its fields, and where it came from. */
const columnsOf = (fields: readonly LakeColumn[]): ToldColumn[] => {
  const [id, time, ...others] = ownColumns.map((name) => ({ name, ...own[name] }))
  const told = fields.map(({ name, field, type, scale }) => ({
    name,
    type: type === 'decimal' ? `decimal(18, ${scale})` : sqlTypes[type],
    holds: type === 'json' ? `field ${field}, as JSON` : `field ${field}`,
  }))
  return [id, time, ...told, ...others].filter((column) => column !== undefined)
}

const sqlTypes: Readonly<Record<Exclude<LakeType, 'decimal'>, string>> = {
  string: 'string',
  json: 'string',
  boolean: 'boolean',
  integer: 'bigint',
  number: 'double',
  instant: 'timestamp',
}

const own: Readonly<Record<(typeof ownColumns)[number], Omit<ToldColumn, 'name'>>> = {
  event_id: { type: 'string', holds: 'its id, or its place in the stream' },
  event_time: { type: 'timestamp', holds: 'when it happened, UTC' },
  shard_id: { type: 'string', holds: 'the shard that it came by' },
  sequence_number: { type: 'string', holds: 'its place in the shard; text order is stream order' },
  sub_sequence: { type: 'bigint', holds: 'its place in an aggregated record' },
  arrival_time: { type: 'timestamp', holds: 'when it came, UTC' },
  data: { type: 'string', holds: 'the record as it was sent, without secrets' },
  data_base64: { type: 'string', holds: 'its bytes, where they are no UTF-8' },
  rejection_reason: { type: 'string', holds: 'of _rejected: why' },
  rejection_detail: { type: 'string', holds: 'of _rejected: what exactly' },
  event_type: { type: 'string', holds: 'the event, by its folder' },
  event_date: { type: 'date', holds: "event_time's, by its folder" },
}
