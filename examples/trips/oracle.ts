import type { Said } from './phones.ts'

/** A trip as a person would tell it from the phones' records. */
export interface PlainTrip {
  readonly tripId: string
  readonly startedAt: number
  readonly lastAt: number
  readonly events: number
  readonly state: string
  readonly closed: boolean
}

const gapMs = 90 * 60_000
const longestMs = 12 * 3_600_000
const states = { request: null, cancel: 'cancelled', accept: 'accepted', pickup: 'riding', dropoff: 'done' }

/** Each record once, those before a moment, by trip and time. */
export const plainTrips = (said: readonly Said[], asOf: number): PlainTrip[] => {
  const byTrip = new Map<string, Map<string, Said>>()
  for (const one of said) {
    if (Date.parse(one.at) >= asOf) continue
    const own = byTrip.get(one.tripId) ?? new Map<string, Said>()
    byTrip.set(one.tripId, own.set(one.id, one))
  }
  return [...byTrip.values()].flatMap((own) => {
    const ordered = [...own.values()].toSorted((a, b) => (a.at < b.at ? -1 : 1))
    const trips: Said[][] = []
    for (const one of ordered) {
      const open = trips.at(-1)
      const [first, last] = [open?.[0], open?.at(-1)].map((told) => Date.parse(told?.at ?? ''))
      const at = Date.parse(one.at)
      const goesOn = open !== undefined && at < Number(last) + gapMs && at < Number(first) + longestMs
      if (goesOn) open.push(one)
      else trips.push([one])
    }
    return trips.map((told) => tripOf(told, asOf))
  })
}

const tripOf = (told: readonly Said[], asOf: number): PlainTrip => {
  const times = told.map(({ at }) => Date.parse(at))
  const [startedAt, lastAt] = [Math.min(...times), Math.max(...times)]
  const said = told.flatMap(({ action }) => states[action] ?? [])
  return {
    ...{ tripId: told[0]?.tripId ?? '', startedAt, lastAt, events: told.length },
    state: said.at(-1) ?? 'requested',
    closed: asOf >= lastAt + gapMs || asOf >= startedAt + longestMs,
  }
}
