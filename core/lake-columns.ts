import { jsonAt } from './json-members.ts'
import type { EventData, ModelData } from './model.ts'
import { answeredQuantity } from './quantity-text.ts'
import type { Row } from './record.ts'

/** What a column of the lake holds: `json` is JSON text, of lists and of objects whose fields nobody declared. */
export type LakeType = 'string' | 'boolean' | 'integer' | 'number' | 'decimal' | 'instant' | 'json'

/** A column that the lake's files of an event have for one of its fields. */
export interface LakeColumn {
  readonly name: string
  /** Of a field inside an object the dotted path. */
  readonly field: string
  readonly type: LakeType
  /** Digits after the point; 0 but for decimals. */
  readonly scale: number
}

/** What every file of the lake has beside its event's fields (`LAKE_COLUMNS` of recompute.py), and what its folders say. */
export const ownColumns = [
  ...['event_id', 'event_time', 'shard_id', 'sequence_number', 'sub_sequence', 'arrival_time', 'data', 'data_base64'],
  ...['rejection_reason', 'rejection_detail', 'event_type', 'event_date'],
] as const

/**
 * An event's columns: its fields in their order, those inside of objects each by itself, then what functions derive;
 * secrets have none. A name keeps its letters, digits and `_`, anything else becomes `_`; one that is taken, by our own
 * columns or one before it, in whatever case, gets a `_` more at its end.
 */
export const lakeColumns = ({ fields, derived }: Pick<EventData, 'fields' | 'derived'>): LakeColumn[] => {
  const taken = new Set<string>(ownColumns)
  const column = (field: string, type: LakeType, scale = 0): LakeColumn => {
    let name = field.replaceAll(/[^\p{L}\p{N}_]/gu, '_') || '_'
    while (taken.has(name.toLowerCase())) name += '_'
    taken.add(name.toLowerCase())
    return { name, field, type, scale }
  }
  return [
    ...fields.flatMap(({ name, kind, scale, secret }) =>
      kind === 'object' || secret === true ? [] : [column(name, kind === 'other' ? 'json' : kind, scale)],
    ),
    ...derived.map(({ name, type }) => column(name, type)),
  ]
}

/** By event the columns that its files have for its fields. */
export type LakeColumns = Readonly<Record<string, readonly LakeColumn[]>>

/** Those of all events. */
export const lakeColumnsOf = ({ events }: Pick<ModelData, 'events'>): LakeColumns =>
  Object.fromEntries(events.map((event) => [event.name, lakeColumns(event)]))

/** What an event's columns say of it, each as text; null: nothing. */
export type LakeTexts = (row: Row, text: string) => (string | null)[]

/**
 * Reads an event's columns of its decoded row: decimals as exact decimal text, instants epoch ms, and JSON as it was
 * sent, byte by byte, or as its default says.
 */
export const lakeTexts = (event: Pick<EventData, 'fields' | 'derived'>): LakeTexts => {
  const columns = lakeColumns(event)
  const paths = new Map(event.fields.map(({ name, path }) => [name, path ?? [name]]))
  return (row, text) =>
    columns.map(({ field, type, scale }) => {
      const value = row[field]
      if (value === null || value === undefined) return null
      if (type === 'json') return jsonAt(text, paths.get(field) ?? []) ?? jsonOf(value)
      if (type === 'decimal') return String(answeredQuantity(BigInt(String(value)), scale))
      return String(value)
    })
}

/** Of a default, which holds no more than a definition can say. */
const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner))
