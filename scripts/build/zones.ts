import { cycleMs, tableEndMs, type ZoneData, type ZoneTables } from '../../core/zone.ts'

const dayMs = 86_400_000
/** No zone's local time was regulated before (the tz database begins with 1835), and all know 1800's. */
const begin = Date.UTC(1800, 0, 1)
/** Before, offsets may have stood for days only; after, for weeks at least. */
const settlesDown = Date.UTC(2040, 0, 1)
/** Explicit rules end before: the last ones, Morocco's for Ramadan, with 2087. */
const settled = tableEndMs - cycleMs

/**
 * The tables of the time zones that definitions use, of this machine's time zone data (Node's own).
 * @param used zone to the metrics that are in it
 * @throws where there is no such zone, naming a metric and a likely spelling
 */
export const resolveZones = (used: ReadonlyMap<string, readonly string[]>): ZoneTables =>
  Object.fromEntries([...used].map(([name, metrics]) => [name, resolveZone(name, `Metric ${metrics.join(', ')}`)]))

const resolved = new Map<string, ZoneData>()

/** Once in a process: it asks for a hundred thousand instants. */
const resolveZone = (name: string, at: string): ZoneData => {
  const zone = resolved.get(name) ?? readZone(name, at)
  resolved.set(name, zone)
  return zone
}

const readZone = (name: string, at: string): ZoneData => {
  const offsetOf = offsetIn(name, at)
  const transitions = transitionsBetween(offsetOf, begin, tableEndMs)
  refuseUnsettled(name, offsetOf, transitions)
  return {
    name,
    release: process.versions.tz ?? 'unknown',
    first: offsetOf(begin) / 1000,
    transitions: transitions.map(([at, offset]) => [at / 1000, offset / 1000]),
  }
}

type OffsetOf = (time: number) => number

/** Ms that local time is ahead of UTC, at instants that are whole seconds. */
const offsetIn = (name: string, at: string): OffsetOf => {
  const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric' } as const
  const format = formatIn(name, at, { ...parts, minute: 'numeric', second: 'numeric', hourCycle: 'h23' })
  return (time) => {
    const [month = 0, day, year = 0, hour, minute, second] = (format.format(time).match(/\d+/g) ?? []).map(Number)
    return Date.UTC(year, month - 1, day, hour, minute, second) - time
  }
}

const formatIn = (name: string, at: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => {
  const known = knownZone(name)
  if (known === name) return new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', { ...options, timeZone: name })
  const likely = known ?? likeliest(name)
  throw new Error(
    `${at}: there is no time zone '${name}'${likely === null ? '.' : `; did you mean '${likely}'?`} Zones are those of the tz database, such as Europe/Paris.`,
  )
}

/** The name as the tz database spells it; null where there is none. Of links Node says only whither they lead. */
const knownZone = (name: string): string | null => {
  if (!name.includes('/')) return null
  try {
    const { timeZone } = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions()
    return timeZone.toLowerCase() === name.toLowerCase() ? timeZone : spelled(name)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return null
  }
}

/** A link's own spelling can't be asked for; capitals where the tz database has them. */
const spelled = (name: string): string =>
  /^[A-Z][A-Za-z]*(\/[A-Z0-9][A-Za-z0-9+_-]*)+$/.test(name)
    ? name
    : name.toLowerCase().replace(/(^|[/_-])[a-z]/g, (start) => start.toUpperCase())

const mostEdits = 3

/** A zone spelled much like it, or whose city it is. */
const likeliest = (name: string): string | null => {
  const asked = name.toLowerCase().replaceAll(' ', '_')
  const zones = Intl.supportedValuesOf('timeZone')
  const ofCity = zones.find((zone) => zone.toLowerCase().endsWith(`/${asked}`))
  if (ofCity !== undefined) return ofCity
  const [nearest] = zones
    .map((zone) => ({ zone, edits: editsBetween(asked, zone.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)
  return nearest !== undefined && nearest.edits <= mostEdits ? nearest.zone : null
}

/** Letters added, left out or changed (Levenshtein). */
const editsBetween = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [place, letter] of [...a].entries()) {
    const next = [place + 1]
    for (const [at, other] of [...b].entries())
      next.push(Math.min((row[at] ?? 0) + (letter === other ? 0 : 1), (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1))
    row = next
  }
  return row.at(-1) ?? 0
}

type Transition = readonly [at: number, offset: number]

/** Where the offset changes, and to what; ms. Two changes within a step that undo each other would be missed. */
const transitionsBetween = (offsetOf: OffsetOf, from: number, to: number): Transition[] => {
  const found: Transition[] = []
  let [time, offset] = [from, offsetOf(from)]
  while (time < to) {
    const next = Math.min(time + (time < settlesDown ? dayMs : 7 * dayMs), to)
    const after = offsetOf(next)
    if (after !== offset) found.push([firstAfter(offsetOf, time, next), after])
    ;[time, offset] = [next, after]
  }
  return found
}

/** The second from which on the offset is no more that of `before`. */
const firstAfter = (offsetOf: OffsetOf, before: number, after: number): number => {
  const old = offsetOf(before)
  let [low, high] = [before, after]
  while (high - low > 1000) {
    const middle = low + Math.floor((high - low) / 2000) * 1000
    if (offsetOf(middle) === old) low = middle
    else high = middle
  }
  return high
}

/** @throws where the years from 2500 on are not those from 2100 on */
const refuseUnsettled = (name: string, offsetOf: OffsetOf, transitions: readonly Transition[]): void => {
  const cycle = transitions.filter(([at]) => at >= settled)
  const next = transitionsBetween(offsetOf, tableEndMs, tableEndMs + cycleMs)
  const repeats =
    offsetOf(settled) === offsetOf(tableEndMs) &&
    cycle.length === next.length &&
    cycle.every(([at, offset], place) => at + cycleMs === next[place]?.[0] && offset === next[place]?.[1])
  if (!repeats)
    throw new Error(`The rules of ${name} don't repeat every 400 years from 2100 on, which its table rests on.`)
}
