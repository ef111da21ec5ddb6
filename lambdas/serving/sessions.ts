import { spanText } from '../../core/definition/span.ts'
import type { KeptEvent, Session } from '../../core/folded.ts'
import type { Model, ModelData, SessionsData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { durationOf } from '../../core/session.ts'
import type { DimensionCondition } from '../../sql/cells.ts'
import type { Pin } from '../../sql/states.ts'
import type { Snapshot, States } from '../../stores/states/states.ts'
import { measureOf } from './metrics.ts'
import { readPart } from './profiles.ts'
import { refuseUnknown } from './question.ts'
import { instantOf } from './range.ts'
import { type Receipt, receiptFor } from './receipt.ts'

/** How many events of a type an answer folds at most: of one key, and of all of them. */
export const maxKeptOfKey = 10_000

/** What folds sessions by code, of the model that is served. */
export type Folder = Pick<Model, 'data' | 'sessions'>

/** One session as it is told. */
interface ToldSession {
  /** Of its first and its last event, ISO 8601. */
  readonly startedAt: string
  readonly lastAt: string
  /** Whole seconds. */
  readonly duration: number
  readonly events: number
  /** Left out where the definition says nothing of it. */
  readonly state?: string | null
  readonly closed: boolean
  /** Why events were passed over by the definition's step; left out where none was. */
  readonly failures?: readonly string[]
}

/** The sessions of one key, oldest first, of one snapshot. */
export interface SessionsAnswer {
  readonly sessions: string
  readonly by: Readonly<Record<string, string | number | boolean>>
  /** ISO 8601: what happened then or later is left out. */
  readonly asOf: string
  readonly rows: readonly ToldSession[]
  readonly receipt: SessionsReceipt
}

export interface SessionsReceipt extends Omit<Receipt, 'error' | 'errorKind' | 'metricVersion'> {
  readonly sessionsVersion: string
}

/** The catalogue of sessions. */
export const listSessions = (model: ModelData) => ({
  modelVersion: model.version,
  sessions: (model.sessions ?? []).map(
    ({ name, version, description, owner, key, events, gapMs, longestMs, start, metrics }) => ({
      name,
      version,
      description,
      owner: owner ?? null,
      by: key.name,
      events: events.map(({ event }) => event),
      gap: spanText(gapMs),
      longest: spanText(longestMs),
      start,
      metrics: metrics.map((metric) => ({ name: metric.name, ...measureOf(metric) })),
    }),
  ),
})

/** @throws Problem unknown_sessions */
export const findSessions = (model: ModelData, name: string): SessionsData => {
  const found = (model.sessions ?? []).find((one) => one.name === name)
  if (found !== undefined) return found
  throw new Problem('unknown_sessions', 404, `There are no sessions ${name}.`, {
    allowed: (model.sessions ?? []).map((one) => one.name),
  })
}

/**
 * @param now epoch ms: what asOf is where it is left out, or `now`
 * @throws Problem invalid_as_of
 */
export const readAsOfTime = (asked: string | null, now: number): number => {
  if (asked === null || asked === 'now') return now
  const asOf = instantOf(asked)
  if (asOf !== null) return asOf
  throw new Problem('invalid_as_of', 400, `asOf is ${asked}; it must be now, or an ISO 8601 time with its offset.`)
}

/** @throws Problem invalid_key, invalid_as_of, unknown_parameter, definition_changed, too_many_events */
export const answerSessions = async (
  folder: Folder,
  states: Pick<States, 'readKept'>,
  sessions: SessionsData,
  parts: readonly string[],
  query: URLSearchParams,
  now: number,
): Promise<SessionsAnswer> => {
  refuseUnknown(query, new Set(['asOf']))
  // AWS hands a path on decoded, an encoded slash too.
  const key = readPart(sessions.name, sessions.key, parts.join('/'))
  const asOf = readAsOfTime(query.get('asOf'), now)
  const { snapshot, events } = await readKey(states, sessions, key, null)
  refuseSessionGaps(sessions, sessions.version, snapshot)
  return {
    sessions: sessions.name,
    by: { [sessions.key.name]: typeof key === 'bigint' ? Number(key) : key },
    asOf: new Date(asOf).toISOString(),
    rows: folder.sessions(sessions.name).sessions(events, asOf).map(toldSession),
    receipt: sessionsReceipt(folder.data, sessions, snapshot),
  }
}

/** All events of one key. @throws Problem too_many_events */
export const readKey = async (
  states: Pick<States, 'readKept'>,
  { name, events }: SessionsData,
  key: DimensionCondition['value'],
  pin: Pin | null,
): Promise<{ readonly snapshot: Snapshot; readonly events: readonly KeptEvent[] }> => {
  const keepers = events.map(({ kept }) => kept)
  const found = await states.readKept({ keepers, key, from: null, to: null, pin, limit: maxKeptOfKey })
  if (!found.isCut) return found
  throw new Problem(
    'too_many_events',
    422,
    `${name} ${key} has more than ${maxKeptOfKey} events of a kind, which one answer can't fold. Tell its sessions by a finer key.`,
  )
}

/** @throws Problem definition_changed where the answer would have a hole */
export const refuseSessionGaps = ({ name }: { readonly name: string }, version: string, { gaps }: Snapshot): void => {
  if (gaps === 0) return
  throw new Problem(
    'definition_changed',
    409,
    `What ${name} is made of was defined anew, and no dataset holds it yet; run \`tidemark recompute --full\`.`,
    { name, version },
  )
}

const toldSession = ({ startedAt, lastAt, events, state, isClosed, failures }: Session): ToldSession => ({
  startedAt: new Date(startedAt).toISOString(),
  lastAt: new Date(lastAt).toISOString(),
  duration: durationOf({ startedAt, lastAt }),
  events,
  ...(state === null ? {} : { state }),
  closed: isClosed,
  ...(failures.length === 0 ? {} : { failures }),
})

const sessionsReceipt = (model: ModelData, { version }: SessionsData, snapshot: Snapshot): SessionsReceipt => {
  const whole = receiptFor(model, { version, measure: null }, snapshot, null, true)
  const { error: _, errorKind: __, metricVersion, ...receipt } = whole
  return { ...receipt, sessionsVersion: metricVersion }
}
