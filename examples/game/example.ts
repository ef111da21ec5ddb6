import { seededRandom } from '../../cli/samples/shuffle.ts'
import type { Check, ExampleStage } from '../../scripts/example/stage.ts'
import { days, type GameEvent, sessionsOf } from './sessions.ts'

const seed = 20_250_330
/** Of each day; `SESSIONS=1000000` plays more. */
const sessionsADay = Number(process.env.SESSIONS ?? 20_000)

/** HyperLogLog's, of 16,384 registers. */
const standardError = 1.04 / Math.sqrt(16_384)
const mostStandardErrors = 4
const mostRootMeanSquare = 1.2

/** A game's players, matches and advertisements: yesterday exact by batch, today by speed, both as one. */
export const run = async (stage: ExampleStage): Promise<Check[]> => {
  const random = seededRandom(seed)
  const yesterday = sessionsOf('yesterday', sessionsADay, random)
  const today = sessionsOf('today', sessionsADay, random)
  await stage.ingest(yesterday)
  await stage.recompute()
  await stage.ingest(today)
  const all = [...yesterday, ...today]
  return [
    await playersExactly(stage, all),
    await playersNearly(stage, all),
    await playersOfBothDays(stage, all),
    await matchesByDay(stage, all),
    await adsByHour(stage, all),
  ]
}

interface Answer {
  readonly rows: readonly {
    readonly bucket: string
    readonly by: Readonly<Record<string, string>>
    readonly value: number
    readonly exact: boolean
  }[]
}

/** Node's own calendar, which the metrics don't ask. */
const parisDay = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Paris', dateStyle: 'short' })
const dayOf = ({ at }: GameEvent): string => parisDay.format(new Date(at))

/** How many different players opened the game, by country. */
const playersOf = (events: readonly GameEvent[], isIn: (event: GameEvent) => boolean): Map<string, number> => {
  const players = new Map<string, Set<string>>()
  for (const event of events) {
    if (event.type !== 'game_opened' || !isIn(event)) continue
    const own = players.get(event.country) ?? new Set()
    players.set(event.country, own.add(event.playerId))
  }
  return new Map([...players].map(([country, own]) => [country, own.size]))
}

const playersAsked = (stage: ExampleStage, query: Readonly<Record<string, string>>): Promise<Answer> =>
  stage.api.get<Answer>('/v1/metrics/players', query)

/** A player who opened the game many times counts once; every row must say that it is exact. */
const playersExactly = async (stage: ExampleStage, events: readonly GameEvent[]): Promise<Check> => {
  const { rows } = await playersAsked(stage, { from: days.yesterday, to: days.today, by: 'country' })
  const counted = playersOf(events, (event) => dayOf(event) === days.yesterday)
  return {
    what: `players yesterday, in ${counted.size} countries, exactly`,
    found: sortedText(rows.map(({ bucket, by, value, exact }) => [bucket, by.country, value, exact])),
    wanted: sortedText([...counted].map(([country, value]) => [days.yesterday, country, value, true])),
  }
}

const playersNearly = async (stage: ExampleStage, events: readonly GameEvent[]): Promise<Check> => {
  const { rows } = await playersAsked(stage, { from: days.today, to: days.tomorrow, by: 'country' })
  const counted = playersOf(events, (event) => dayOf(event) === days.today)
  return {
    what: `players today, in ${counted.size} countries, within ${mostStandardErrors} standard errors`,
    found: sortedText([...deviations(rows, counted)]),
    wanted: sortedText([...counted.keys()].map((country) => [country, 'near'])),
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
const playersOfBothDays = async (stage: ExampleStage, events: readonly GameEvent[]): Promise<Check> => {
  const { rows } = await playersAsked(stage, { from: days.yesterday, to: days.tomorrow, per: 'total' })
  const count = new Set(events.filter(({ type }) => type === 'game_opened').map(({ playerId }) => playerId)).size
  const value = rows[0]?.value ?? 0
  const isNear = Math.abs(value - count) <= mostStandardErrors * standardError * count
  return {
    what: `players of both days, ${count}, across the tidemark`,
    found: isNear ? 'near' : String(value),
    wanted: 'near',
  }
}

const matchesByDay = async (stage: ExampleStage, events: readonly GameEvent[]): Promise<Check> => {
  const { rows } = await stage.api.get<Answer>('/v1/metrics/matches', { from: days.yesterday, to: days.tomorrow })
  const counted = countBy(events.filter(({ type }) => type === 'match_finished').map(dayOf))
  return {
    what: 'matches by day of Paris',
    found: sortedText(rows.map(({ bucket, value }) => [bucket, value])),
    wanted: sortedText([...counted]),
  }
}

const adsByHour = async (stage: ExampleStage, events: readonly GameEvent[]): Promise<Check> => {
  const rows = await stage.sql('SELECT bucket, campaign, value FROM analytics.ads')
  const shown = events.filter(({ type }) => type === 'ad_shown')
  const counted = countBy(shown.map(({ at, campaign }) => `${at.slice(0, 13).replace('T', ' ')}:00:00 ${campaign}`))
  return {
    what: `advertisements by hour and campaign, ${counted.size} figures, by SQL`,
    found: sortedText(rows.map(({ bucket, campaign, value }) => [`${bucket} ${campaign}`, Number(value)])),
    wanted: sortedText([...counted]),
  }
}

const countBy = (keys: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return counts
}

const sortedText = (rows: readonly (readonly unknown[])[]): string =>
  rows
    .map((row) => JSON.stringify(row))
    .sort()
    .join('\n')
