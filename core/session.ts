import type { SessionsDefinition } from './definition/sessions.ts'
import type { KeptEvent, Session, SessionFold } from './folded.ts'
import { keptIdentity, keptRow, keptTime } from './kept-event.ts'
import type { EventData, ModelData, SessionsData } from './model.ts'
import type { Row } from './record.ts'
import { givenOf } from './score.ts'

/** From its first event to its last, whole seconds. */
export const durationOf = ({ startedAt, lastAt }: Pick<Session, 'startedAt' | 'lastAt'>): number =>
  Math.floor((lastAt - startedAt) / 1000)

/** A state is a dimension: 64 UTF-16 units are less than its 256 bytes of UTF-8. */
const maxStateLength = 64

interface Told {
  readonly key: Session['key']
  readonly at: number
  readonly given: Row
}

/** @param step null: they come to nothing but their events */
export const sessionFold = (
  data: Pick<ModelData, 'events'>,
  sessions: Pick<SessionsData, 'name' | 'events' | 'gapMs' | 'longestMs' | 'start'>,
  step: NonNullable<SessionsDefinition['state']>['step'] | null,
): SessionFold => {
  const events = new Map(
    sessions.events.map(({ event: name, kept }) => {
      const event = data.events.find((one) => one.name === name)
      if (event === undefined) throw new Error(`The model has no event ${name}, which ${sessions.name} are made of.`)
      return [kept.name, event]
    }),
  )
  const folded = (told: readonly Told[], asOf: number): Session[] =>
    separated(told, sessions).map((own): Session => {
      const [first, last] = [own[0], own.at(-1)]
      if (first === undefined || last === undefined) throw new Error('A session has an event.')
      return {
        key: first.key,
        startedAt: first.at,
        lastAt: last.at,
        events: own.length,
        isClosed: asOf >= Math.min(last.at + sessions.gapMs, first.at + sessions.longestMs),
        ...stepped(sessions.start, step, own),
      }
    })
  return {
    sessions: (kept, asOf) => folded(inOrder(kept, events, asOf), asOf),
    sure: (kept, asOf, { from, start }) => {
      const told = inOrder(kept, events, asOf)
      const first = firstSure(told, from, sessions.gapMs)
      const unsure = told[first - 1]
      return unsure !== undefined && unsure.at >= start ? null : folded(told.slice(first), asOf)
    },
  }
}

/** The place of the first event before which a gap was for sure: events before `from` are not known. */
const firstSure = (told: readonly Told[], from: number, gapMs: number): number => {
  const place = told.findIndex(({ at }, nth) => at - (told[nth - 1]?.at ?? from) >= gapMs)
  return place < 0 ? told.length : place
}

const inOrder = (kept: readonly KeptEvent[], events: ReadonlyMap<string, EventData>, asOf: number): Told[] => {
  const seen = new Set<string>()
  const told: Told[] = []
  for (const { keeper, key, component, body } of kept.toSorted((a, b) => (a.component < b.component ? -1 : 1))) {
    const at = keptTime(component)
    if (at >= asOf) break
    const event = events.get(keeper)
    if (event === undefined) throw new Error(`${keeper} keeps none of the sessions' events.`)
    const row = keptRow(event, body)
    const identity = keptIdentity(event, row)
    const own = `${event.name} ${at} ${identity}`
    if (identity !== null && seen.has(own)) continue
    seen.add(own)
    told.push({ key, at, given: { ...givenOf(event.fields, row, at), type: event.name } })
  }
  return told
}

/** An event begins a session where the gap has passed since the one before it, or the longest since the session began. */
const separated = (
  told: readonly Told[],
  { gapMs, longestMs }: Pick<SessionsData, 'gapMs' | 'longestMs'>,
): Told[][] => {
  const sessions: Told[][] = []
  let [startedAt, lastAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const event of told) {
    if (event.at - lastAt >= gapMs || event.at - startedAt >= longestMs) {
      sessions.push([])
      startedAt = event.at
    }
    sessions.at(-1)?.push(event)
    lastAt = event.at
  }
  return sessions
}

/** An event that the step fails on leaves the state what it was. */
const stepped = (
  start: string | null,
  step: Parameters<typeof sessionFold>[2],
  told: readonly Told[],
): Pick<Session, 'state' | 'failures'> => {
  if (start === null || step === null) return { state: null, failures: [] }
  const failures: string[] = []
  let state = start
  for (const { given } of told) {
    const next = runStep(step, state, given)
    if (next instanceof Error) failures.push(next.message)
    else state = next
  }
  return { state, failures }
}

/** What a step makes of a state. An error says why it makes nothing of it: it threw, or answered what is no state. */
export const runStep = (
  step: NonNullable<SessionsDefinition['state']>['step'],
  state: string,
  given: Row,
): string | Error => {
  try {
    const next = step(state, given)
    return stateFlaw(next) ?? String(next)
  } catch (error) {
    // The caller counts it, and tells it.
    return new Error(error instanceof Error ? `threw: ${error.message}` : `threw a ${typeof error}`)
  }
}

const stateFlaw = (state: unknown): Error | null => {
  if (typeof state !== 'string')
    return new Error(`answered ${state === null ? 'null' : `a value of type ${typeof state}`}, and a state is a text`)
  if (!state.isWellFormed() || state.includes('\0')) return new Error('answered a text that no warehouse holds')
  return state.length > maxStateLength
    ? new Error(`answered a text of ${state.length} characters; a state has at most ${maxStateLength}`)
    : null
}
