import { seededRandom } from '../../cli/samples/shuffle.ts'
import type { Check, ExampleStage } from '../../scripts/example/stage.ts'
import { Played } from './played.ts'
import { days, sessionsOf } from './sessions.ts'

const seed = 20_250_330
/** Of each day; `SESSIONS=500000` plays a million. */
const sessionsADay = Number(process.env.SESSIONS ?? 20_000)
/** Yesterday's sessions that are sent today: their players were offline. */
const lateSessions = Math.ceil(sessionsADay / 50)

/** HyperLogLog's, of 16,384 registers. */
const standardError = 1.04 / Math.sqrt(16_384)
const mostStandardErrors = 4
const mostRootMeanSquare = 1.2

/**
 * A game's players, matches and advertisements: yesterday exact by batch, today by speed, both as one; then some of
 * yesterday comes late, and a recompute makes both days exact.
 */
export const run = async (stage: ExampleStage): Promise<Check[]> => {
  const random = seededRandom(seed)
  const played = new Played()
  await stage.ingest(played.counting(sessionsOf('yesterday', sessionsADay, random)))
  await stage.recompute()
  await stage.ingest(played.counting(sessionsOf('today', sessionsADay, random)))
  const inTime = [await playersExactly(stage, played, 'yesterday'), await playersNearly(stage, played, 'today')]
  const openedInTime = played.opened.get(days.yesterday) ?? 0
  await stage.ingest(played.counting(sessionsOf('yesterday', lateSessions, random, 'late')))
  const late = (played.opened.get(days.yesterday) ?? 0) - openedInTime
  const above = [
    await eventsAbove(stage, 'yesterday', late),
    await eventsAbove(stage, 'today', played.opened.get(days.today) ?? 0),
    await playersNearly(stage, played, 'yesterday'),
    await playersOfBothDays(stage, played),
    await matchesByDay(stage, played),
    await adsByHour(stage, played),
  ]
  await stage.recompute()
  return [
    ...inTime,
    ...above,
    await playersExactly(stage, played, 'yesterday'),
    await playersExactly(stage, played, 'today'),
    await eventsAbove(stage, 'yesterday', 0),
    await matchesByDay(stage, played),
    await adsByHour(stage, played),
  ]
}

type Day = 'yesterday' | 'today'

const rangeOf = (day: Day) => ({ from: days[day], to: day === 'yesterday' ? days.today : days.tomorrow })

interface Answer {
  readonly rows: readonly {
    readonly bucket: string
    readonly by: Readonly<Record<string, string>>
    readonly value: number
    readonly exact: boolean
  }[]
  readonly receipt: { readonly aboveTidemark?: number }
}

const playersAsked = (stage: ExampleStage, query: Readonly<Record<string, string>>): Promise<Answer> =>
  stage.api.get<Answer>('/v1/metrics/players', query)

/** A player who opened the game many times counts once; every row must say that it is exact. */
const playersExactly = async (stage: ExampleStage, played: Played, day: Day): Promise<Check> => {
  const { rows } = await playersAsked(stage, { ...rangeOf(day), by: 'country' })
  const counted = played.playersOf(days[day])
  return {
    what: `players ${day}, in ${counted.size} countries, exactly`,
    found: sortedText(rows.map(({ bucket, by, value, exact }) => [bucket, by.country, value, exact])),
    wanted: sortedText([...counted].map(([country, value]) => [days[day], country, value, true])),
  }
}

const playersNearly = async (stage: ExampleStage, played: Played, day: Day): Promise<Check> => {
  const { rows } = await playersAsked(stage, { ...rangeOf(day), by: 'country' })
  const counted = played.playersOf(days[day])
  return {
    what: `players ${day}, in ${counted.size} countries, within ${mostStandardErrors} standard errors, partly by speed`,
    found: sortedText([...deviations(rows, counted)]),
    wanted: sortedText([...counted.keys()].map((country) => [country, 'near'])),
  }
}

/** The receipt says how many of a day's events no recompute has passed. */
const eventsAbove = async (stage: ExampleStage, day: Day, wanted: number): Promise<Check> => {
  const { receipt } = await playersAsked(stage, { ...rangeOf(day), by: 'country' })
  return {
    what: `events of ${day} above the tidemark: ${wanted}`,
    found: String(receipt.aboveTidemark),
    wanted: String(wanted),
  }
}

/** Of each country whether its estimate is near; and one more line where the estimates as a whole are too far off. */
const deviations = (rows: Answer['rows'], counted: ReadonlyMap<string, number>): [string, string][] => {
  const errors = rows.map(({ by, value }) => {
    const country = by.country ?? ''
    const count = counted.get(country) ?? 0
    return { country, value, count, inStandardErrors: Math.abs(value - count) / (standardError * count) }
  })
  const rootMeanSquare = Math.sqrt(
    errors.reduce((sum, { inStandardErrors }) => sum + inStandardErrors ** 2, 0) / errors.length,
  )
  return [
    ...errors.map(({ country, value, count, inStandardErrors }): [string, string] => [
      country,
      // An estimate of few is off by a whole one or by none.
      inStandardErrors <= mostStandardErrors || Math.abs(value - count) <= 1 ? 'near' : `${value}, not ${count}`,
    ]),
    ...(rootMeanSquare <= mostRootMeanSquare
      ? []
      : [['all', `off by ${rootMeanSquare} standard errors`] as [string, string]]),
  ]
}

/** Across the tidemark players are merged, never added: most of today's played yesterday. */
const playersOfBothDays = async (stage: ExampleStage, played: Played): Promise<Check> => {
  const { rows } = await playersAsked(stage, { from: days.yesterday, to: days.tomorrow, per: 'total' })
  const count = played.playersInAll
  const value = rows[0]?.value ?? 0
  const isNear = Math.abs(value - count) <= mostStandardErrors * standardError * count
  return {
    what: `players of both days, ${count}, across the tidemark`,
    found: isNear ? 'near' : String(value),
    wanted: 'near',
  }
}

const matchesByDay = async (stage: ExampleStage, played: Played): Promise<Check> => {
  const { rows } = await stage.api.get<Answer>('/v1/metrics/matches', { from: days.yesterday, to: days.tomorrow })
  return {
    what: 'matches by day of Paris',
    found: sortedText(rows.map(({ bucket, value }) => [bucket, value])),
    wanted: sortedText([...played.matches]),
  }
}

const adsByHour = async (stage: ExampleStage, played: Played): Promise<Check> => {
  const rows = await stage.sql('SELECT bucket, campaign, value FROM analytics.ads')
  return {
    what: `advertisements by hour and campaign, ${played.ads.size} figures, by SQL`,
    found: sortedText(rows.map(({ bucket, campaign, value }) => [`${bucket} ${campaign}`, Number(value)])),
    wanted: sortedText([...played.ads]),
  }
}

const sortedText = (rows: readonly (readonly unknown[])[]): string =>
  rows
    .map((row) => JSON.stringify(row))
    .sort()
    .join('\n')
