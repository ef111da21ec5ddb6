import { answeredValue } from '../../core/answer.ts'
import { bucketStart } from '../../core/bucket.ts'
import { earliestMs, latestMs } from '../../core/definition/quantity.ts'
import type { KeptEvent, Session } from '../../core/folded.ts'
import { type MetricData, type ModelData, type SessionsData, sessionMetrics } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import { type SessionCell, sessionCells } from '../../core/session-metric.ts'
import { topOf } from '../../core/top.ts'
import type { Pin } from '../../sql/states.ts'
import type { Asked, Snapshot, States } from '../../stores/states/states.ts'
import { answeredBucket, type MetricAnswer, pagedAnswer, pinned } from './metrics.ts'
import { type MetricQuestion, readQuestion } from './question.ts'
import { countedTo } from './receipt.ts'
import { type Folder, findSessions, readAsOfTime, readKey } from './sessions.ts'

/** How many events of a type one answer folds at most. */
const maxKept = 50_000
/** Of how many keys all events are read, since what is asked for begins in the middle of a session. */
const maxWholeKeys = 30

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** null: that name is of no metric over sessions. */
export const findSessionMetric = (model: ModelData, name: string): MetricData | null =>
  sessionMetrics(model).find((metric) => metric.name === name) ?? null

interface SessionMetricAnswer extends MetricAnswer {
  /** ISO 8601: what happened then or later is left out, and sessions are closed or open as they were then. */
  readonly asOf: string
}

/**
 * A metric over sessions, of one snapshot: their events are read, folded as of a time, and measured.
 * @param now epoch ms
 * @throws Problem as `answerMetric`, and invalid_as_of, no_layer, too_many_events
 */
export const answerSessionMetric = async (
  folder: Folder,
  states: Pick<States, 'readKept'>,
  metric: MetricData,
  query: URLSearchParams,
  now: number,
): Promise<SessionMetricAnswer> => {
  const sessions = findSessions(folder.data, metric.event)
  const { question, asked } = readSessionQuestion(folder.data, metric, query)
  const asOf = question.cursor?.asOf ?? readAsOfTime(asked, now)
  const failures: string[] = []
  const answer = await pagedAnswer(folder.data, { ...metric, unit: metric.measure.unit, asOf }, question, {
    read: async (page) => {
      const range = eventsFor(sessions, page, asOf)
      const found = await readSessions(folder, states, sessions, range, asOf, page.pin)
      failures.push(...found.sessions.flatMap((session) => session.failures))
      const cells = sessionCells(folder.data, sessions.key, found.sessions, question)
      return { snapshot: found.snapshot, ...pageOf(topped(metric, cells, question.top), page) }
    },
    row: ({ bucket, dims, value }: SessionCell) => ({
      bucket: answeredBucket(question, bucket),
      by: Object.fromEntries(question.by.map((name, place) => [name, dims[place] ?? null])),
      value: answeredValue(metric.measure, value),
      exact: metric.measure.kind !== 'quantile',
    }),
  })
  return { ...answer, asOf: new Date(asOf).toISOString(), ...failuresOf(failures) }
}

const readSessionQuestion = (
  model: ModelData,
  metric: MetricData,
  query: URLSearchParams,
): { readonly question: MetricQuestion; readonly asked: string | null } => {
  const own = new URLSearchParams(query)
  own.delete('asOf')
  const question = readQuestion(metric, own, model)
  if (question.layer !== null)
    throw new Problem(
      'no_layer',
      400,
      `${metric.name} is over sessions, which are folded of both layers' events; leave layer out.`,
    )
  if (question.top !== null && metric.measure.kind === 'histogram')
    throw new Problem('no_order', 400, `A row of ${metric.name} is a list, of which none is the greatest.`)
  return { question, asked: query.get('asOf') }
}

interface EventRange {
  /** Epoch ms, half-open, on the starts of hours; null: unbounded. Sessions that begin earlier may begin before it. */
  readonly from: number | null
  readonly to: number | null
  /** No session that begins before is asked for; null: all are. */
  readonly start: number | null
}

/** What must be read: as far back as a session may reach that is going on where the range begins. */
const eventsFor = ({ gapMs, longestMs }: SessionsData, { from, to, days }: Asked, asOf: number): EventRange => {
  // A local date begins within a day of UTC's.
  const start = from ?? (days?.from == null ? null : days.from - dayMs)
  const end = to ?? (days?.to == null ? null : days.to + dayMs)
  const hour = bucketStart('hour')
  const last = Math.min(asOf, end === null ? Number.POSITIVE_INFINITY : end + longestMs)
  const [first, beyond] = [start === null ? null : hour(start - gapMs - longestMs), hour(last) + hourMs]
  // No event is of before the year 1, nor of after 9999: neither is a time that SQL writes.
  return { start, from: first !== null && first < earliestMs ? null : first, to: beyond > latestMs ? null : beyond }
}

interface Read {
  readonly snapshot: Snapshot
  readonly sessions: readonly Session[]
}

/** The sessions of all keys that begin in a range, and some that begin before. @throws Problem too_many_events */
const readSessions = async (
  folder: Folder,
  states: Pick<States, 'readKept'>,
  sessions: SessionsData,
  { from, to, start }: EventRange,
  asOf: number,
  pin: Pin | null,
): Promise<Read> => {
  const keepers = sessions.events.map(({ kept }) => kept)
  const { snapshot, events, isCut } = await states.readKept({ keepers, key: null, from, to, pin, limit: maxKept })
  if (isCut) throw tooMany(sessions, `more than ${maxKept} events of a kind`)
  const fold = folder.sessions(sessions.name)
  const held: Pin = { datasetId: snapshot.datasetId, positions: pin?.positions ?? countedTo(snapshot) }
  const folded: Session[] = []
  const unknown: KeptEvent['key'][] = []
  for (const [key, own] of grouped(events, (event) => event.key)) {
    const sure = from === null || start === null ? fold.sessions(own, asOf) : fold.sure(own, asOf, { from, start })
    if (sure === null) unknown.push(key)
    else folded.push(...sure)
  }
  if (unknown.length > maxWholeKeys)
    throw tooMany(sessions, `${unknown.length} keys with sessions that go on all the time`)
  for (const key of unknown) {
    const whole = await readKey(states, sessions, typeof key === 'number' ? BigInt(key) : key, held)
    pinned(whole.snapshot, held)
    folded.push(...fold.sessions(whole.events, asOf))
  }
  return { snapshot, sessions: folded }
}

const grouped = <Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> => {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const held = groups.get(keyOf(item))
    if (held === undefined) groups.set(keyOf(item), [item])
    else held.push(item)
  }
  return groups
}

const tooMany = ({ name }: SessionsData, what: string): Problem =>
  new Problem(
    'too_many_events',
    422,
    `The range has ${what} of ${name}, and one answer folds no more. Ask for a shorter range by from and to.`,
  )

const topped = (
  { measure }: MetricData,
  cells: readonly SessionCell[],
  top: number | null,
): { readonly cells: readonly SessionCell[]; readonly leftOut: number } => {
  if (top === null) return { cells, leftOut: 0 }
  const byBucket = [...grouped(cells, ({ bucket }) => bucket).values()]
  const tops = byBucket.map((own) =>
    topOf(
      own.map((cell) => ({ cell, value: answeredValue(measure, cell.value) })),
      top,
    ),
  )
  return {
    cells: tops.flatMap(({ rows }) => rows.map(({ cell }) => cell)),
    leftOut: tops.reduce((sum, { leftOut }) => sum + leftOut, 0),
  }
}

const pageOf = ({ cells, leftOut }: ReturnType<typeof topped>, { offset, limit }: Asked) => ({
  cells: cells.slice(offset, offset + limit),
  leftOut,
})

/** Said only where there are some: a definition's step threw, or answered no state. */
const failuresOf = (failures: readonly string[]) =>
  failures.length === 0 ? {} : { stepFailures: { events: failures.length, first: failures[0] } }
