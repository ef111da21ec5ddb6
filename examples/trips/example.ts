import { seededRandom } from '../../cli/samples/shuffle.ts'
import type { Check, ExampleStage } from '../../scripts/example/stage.ts'
import { type PlainTrip, plainTrips } from './oracle.ts'
import { type Said, saidOf } from './phones.ts'

const seed = 20_161_004
const tripsEach = 700
const hourMs = 3_600_000

/** Trips told by riders' and drivers' phones, late and out of order, folded by both layers, and held to a plain telling. */
export const run = async (stage: ExampleStage): Promise<Check[]> => {
  const random = seededRandom(seed)
  const end = Math.floor(Date.now() / 1000) * 1000
  const shuffled = (said: readonly Said[]): Said[] =>
    said
      .map((one) => ({ one, place: random() }))
      .toSorted((a, b) => a.place - b.place)
      .map(({ one }) => one)
  const [first, second] = [saidOf('a', tripsEach, random, end), saidOf('b', tripsEach, random, end)]
  // Of the first trips a tenth of what was said comes after the recompute: it joins what was apart, and ends what was open.
  const isLate = first.map(() => random() < 0.1)
  const early = shuffled(first.filter((_, place) => !isLate[place]))
  const late = shuffled([...first.filter((_, place) => isLate[place]), ...second, ...early.slice(0, 100)])

  await stage.ingest(early)
  const bySpeed = await tripsCheck(stage, 'speed alone', early, end)
  await stage.recompute()
  const byBatch = await tripsCheck(stage, 'batch alone', early, end)
  await stage.ingest(late)
  const all = [...early, ...late]
  return [
    bySpeed,
    byBatch,
    await tripsCheck(stage, 'batch and speed', all, end),
    await tripsCheck(stage, 'batch and speed, as of seven hours before', all, end - 7 * hourMs),
    await hoursCheck(stage, all, end),
    await secondsCheck(stage, all, end),
    await singleTripsCheck(stage, all, end),
    await commandLineCheck(stage, all, end),
    await nowCheck(stage),
  ]
}

interface Rows {
  readonly rows: readonly {
    readonly bucket: string | null
    readonly by: Readonly<Record<string, unknown>>
    readonly value: number | string
  }[]
}

const iso = (time: number): string => new Date(time).toISOString()

const counts = (keys: readonly string[]): string =>
  [...new Set(keys)]
    .sort()
    .map((key) => `${key}: ${keys.filter((one) => one === key).length}`)
    .join('\n')

const told = ({ rows }: Rows): string =>
  rows
    .map(
      ({ bucket, by, value }) => `${[...(bucket === null ? [] : [bucket]), ...Object.values(by)].join(' ')}: ${value}`,
    )
    .sort()
    .join('\n')

const tripsCheck = async (stage: ExampleStage, by: string, said: readonly Said[], asOf: number): Promise<Check> => {
  const answer = await stage.api.get<Rows>('/v1/metrics/trips', { per: 'total', by: 'state,closed', asOf: iso(asOf) })
  const wanted = plainTrips(said, asOf)
  return {
    what: `what became of ${wanted.length} trips, by ${by}`,
    found: told(answer),
    wanted: counts(wanted.map(({ state, closed }) => `${state} ${closed}`)),
  }
}

const hourOf = (time: number): number => Math.floor(time / hourMs) * hourMs

/** A range of hours in the middle, whose first hour finds trips that are under way. */
const hoursCheck = async (stage: ExampleStage, said: readonly Said[], end: number): Promise<Check> => {
  const [from, to] = [hourOf(end - 30 * hourMs), hourOf(end - 5 * hourMs)]
  const range = { from: iso(from), to: iso(to), by: 'state', asOf: iso(end) }
  const answer = await stage.api.get<Rows>('/v1/metrics/trips', range)
  const wanted = plainTrips(said, end).filter(({ startedAt }) => startedAt >= from && startedAt < to)
  return {
    what: 'the trips of 25 hours, by the hour they began in',
    found: told(answer),
    wanted: counts(wanted.map(({ startedAt, state }) => `${iso(hourOf(startedAt))} ${state}`)),
  }
}

const dublin = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Dublin' })

const secondsCheck = async (stage: ExampleStage, said: readonly Said[], end: number): Promise<Check> => {
  const { rows } = await stage.api.get<Rows>('/v1/metrics/trip_seconds', { asOf: iso(end) })
  const done = plainTrips(said, end).filter(({ state }) => state === 'done')
  const days = [...new Set(done.map(({ startedAt }) => dublin.format(startedAt)))].sort()
  const meanOf = (day: string): number => {
    const seconds = done
      .filter(({ startedAt }) => dublin.format(startedAt) === day)
      .map(({ startedAt, lastAt }) => Math.floor((lastAt - startedAt) / 1000))
    return seconds.reduce((sum, one) => sum + one, 0) / seconds.length
  }
  return {
    what: 'how long finished trips took, by days of Dublin',
    found: rows.map(({ bucket, value }) => `${bucket} ${Number(value).toFixed(4)}`).join('\n'),
    wanted: days.map((day) => `${day} ${meanOf(day).toFixed(4)}`).join('\n'),
  }
}

interface TripAnswer {
  readonly rows: readonly {
    readonly startedAt: string
    readonly lastAt: string
    readonly events: number
    readonly state: string
    readonly closed: boolean
  }[]
}

const tripText = ({ startedAt, lastAt, events, state, closed }: TripAnswer['rows'][number]): string =>
  [startedAt, lastAt, events, state, closed].join(' ')

const plainText = (trips: readonly PlainTrip[], tripId: string): string =>
  trips
    .filter((trip) => trip.tripId === tripId)
    .toSorted((a, b) => a.startedAt - b.startedAt)
    .map((trip) => tripText({ ...trip, startedAt: iso(trip.startedAt), lastAt: iso(trip.lastAt) }))
    .join('; ')

const singleTripsCheck = async (stage: ExampleStage, said: readonly Said[], end: number): Promise<Check> => {
  const ids = [...new Set(said.map(({ tripId }) => tripId))].filter((_, place) => place % 25 === 0)
  const moments = [end, end - 20 * hourMs]
  const [found, wanted]: [string[], string[]] = [[], []]
  for (const asOf of moments)
    for (const tripId of ids) {
      const { rows } = await stage.api.get<TripAnswer>(`/v1/sessions/trip/${tripId}`, { asOf: iso(asOf) })
      found.push(`${tripId} ${rows.map(tripText).join('; ')}`)
      wanted.push(`${tripId} ${plainText(plainTrips(said, asOf), tripId)}`)
    }
  return {
    what: `${ids.length} trips by their ids, as of two moments`,
    found: found.join('\n'),
    wanted: wanted.join('\n'),
  }
}

const commandLineCheck = async (stage: ExampleStage, said: readonly Said[], end: number): Promise<Check> => {
  const asOf = iso(end)
  const [tripId = ''] = said.map((one) => one.tripId)
  const query = ['query', 'trips', '--last', '3d', '--per', 'total', '--by', 'state', '--as-of', asOf, '--json']
  const all = JSON.parse(await stage.tidemark(...query)) as Rows
  const one = JSON.parse(await stage.tidemark('sessions', 'trip', tripId, '--as-of', asOf, '--json')) as TripAnswer
  const wanted = plainTrips(said, end)
  return {
    what: 'the same by the command line',
    found: `${told(all)}\n${one.rows.map(tripText).join('; ')}`,
    wanted: `${counts(wanted.map(({ state }) => state))}\n${plainText(wanted, tripId)}`,
  }
}

/** What a phone says shows at once. */
const nowCheck = async (stage: ExampleStage): Promise<Check> => {
  const said = { tripId: 'now', at: new Date().toISOString() }
  await stage.ingest([{ type: 'rider', id: 'now-1', action: 'request', ...said }])
  const asked = await stage.api.get<TripAnswer>('/v1/sessions/trip/now')
  await stage.ingest([{ type: 'driver', id: 'now-2', action: 'accept', ...said, at: new Date().toISOString() }])
  const accepted = await stage.api.get<TripAnswer>('/v1/sessions/trip/now')
  const shortly = ({ rows }: TripAnswer): string =>
    rows.map(({ events, state, closed }) => `${events} ${state} ${closed}`).join()
  return {
    what: 'a trip of this moment',
    found: [shortly(asked), shortly(accepted)].join('\n'),
    wanted: ['1 requested false', '2 accepted false'].join('\n'),
  }
}
