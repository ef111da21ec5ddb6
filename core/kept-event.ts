import { bodyOf, latestOf, rowOf, toldFields, versionComponent } from './entity.ts'
import type { DimensionType, EventData, MetricData } from './model.ts'
import type { Decoded, Row } from './record.ts'

/** A kept event's component: its text order is that of event times, then of places in the stream. */
export const keptComponent = ({ eventTime, place }: Pick<Decoded, 'eventTime' | 'place'>): string =>
  versionComponent(eventTime, place)

/** Epoch ms. */
export const keptTime: (component: string) => number = latestOf

/** What sessions keep of an event: all that its functions would get, but what is secret. An error says why nobody could keep it. */
export const keptBody = (event: EventData, row: Row): string | Error =>
  bodyOf(event, row, [...toldFields(event), ...event.fields.filter(isOwnId), ...event.derived.map(asTold)])

/** The row that was kept: decimals scaled, instants epoch ms, nested fields under their paths, null where nothing was said. */
export const keptRow = (event: EventData, body: string): Row => {
  const told = JSON.parse(body) as Row
  const derived = event.derived.map(({ name }) => [name, told[name] ?? null])
  const fields = event.fields.filter(({ secret }) => secret !== true)
  return { ...rowOf({ fields }, told), id: told.id ?? null, ...Object.fromEntries(derived) }
}

/** What makes two records the same event, as text; null: they have no id, and each is its own. */
export const keptIdentity = ({ id }: Pick<EventData, 'id'>, row: Row): string | null => {
  const values = id.map((field) => row[field] ?? null)
  return values.every((value) => value === null)
    ? null
    : JSON.stringify(values.map((value) => (typeof value === 'bigint' ? String(value) : value)))
}

/** Whether the rows are single events, each with what it says. */
export const keepsEvents = ({ measure }: Pick<MetricData, 'measure'>): boolean => measure.kind === 'kept'

const isOwnId = ({ name, path, secret }: EventData['fields'][number]): boolean =>
  name === 'id' && path === undefined && secret !== true

const asTold = ({ name, type }: { readonly name: string; readonly type: DimensionType }) => ({
  name,
  kind: type,
  scale: 0,
})
