import { seededRandom } from '../../cli/samples/shuffle.ts'
import { begin, campaigns, countries } from '../../examples/game/sessions.ts'

/** A record on its way, with what it says told beside its text, so that it can be counted without being decoded. */
export interface Play {
  readonly type: 'game_opened' | 'match_finished' | 'ad_shown'
  readonly id: string
  /** Epoch ms. */
  readonly eventTime: number
  readonly arrivalTime: number
  /** Places in `countries` and `campaigns`. */
  readonly country: number
  readonly campaign: number
  /** Of that country; numbers grow from 0. */
  readonly player: number
  readonly text: string
  /** Sent again at once by a producer that got no answer. */
  readonly isRepeated: boolean
  /** Played yesterday and sent today: the telephone was offline. */
  readonly isLate: boolean
}

/** The numbers of one country's players are below this. */
export const playersBelow = (sessions: number): number => firstNewPlayer(sessions) + playersADay(sessions)

const playersADay = (sessions: number): number => Math.max(1, Math.floor(sessions / 8))
/** A third of today's players are new. */
const firstNewPlayer = (sessions: number): number => Math.floor(playersADay(sessions) / 3)

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const [shareOfMatches, shareOfAds, shareRepeated, shareLate] = [0.25, 0.25, 0.002, 0.01]

/**
 * The records of so many sessions, half of each day, in the order in which they arrive: each session's when it is over,
 * an hour after it began. A session opens the game; one in four ends a match, one in four is shown an advertisement.
 * Players are drawn as the example draws them: few play most of it. Holds nothing: the seed makes it, one by one.
 */
export function* plays(sessions: number, seed: number): Generator<Play> {
  const random = seededRandom(seed)
  const half = Math.floor(sessions / 2)
  for (let session = 0; session < sessions; session++) yield* sessionOf(session, session < half, { sessions, random })
}

function* sessionOf(
  session: number,
  isYesterday: boolean,
  { sessions, random }: { readonly sessions: number; readonly random: () => number },
): Generator<Play> {
  const half = Math.floor(sessions / 2)
  const [from, to] = isYesterday ? [begin.yesterday, begin.today] : [begin.today, begin.tomorrow]
  const [place, of] = isYesterday ? [session, half] : [session - half, sessions - half]
  const onTime = from + Math.floor(((place + random()) / of) * (to - from))
  const isLate = !isYesterday && random() < shareLate
  const startedAt = isLate ? onTime - dayMs : onTime
  const country = Math.floor(random() ** 2 * countries.length)
  const firstPlayer = isYesterday || isLate ? 0 : firstNewPlayer(sessions)
  const player = firstPlayer + Math.floor(random() ** 2 * playersADay(sessions))
  const arrivalTime = from + Math.floor((place / of) * (to - from)) + hourMs
  const put = (type: Play['type'], at: number, campaign = 0, rest = ''): Play => {
    const id = `${type.charAt(0)}${session}`
    const eventTime = Math.min(at, begin.tomorrow - 1)
    const code = countries[country] ?? ''
    const text = `{"type":"${type}","id":"${id}","at":"${new Date(eventTime).toISOString()}","playerId":"${code}-${player}","country":"${code}"${rest}}`
    const isRepeated = random() < shareRepeated
    return { type, id, eventTime, arrivalTime, country, campaign, player, text, isRepeated, isLate }
  }
  yield put('game_opened', startedAt)
  if (random() < shareOfMatches)
    yield put('match_finished', startedAt + Math.floor(random() * hourMs), 0, `,"won":${random() < 0.5}`)
  if (random() < shareOfAds) {
    const campaign = Math.floor(random() * campaigns.length)
    yield put('ad_shown', startedAt + Math.floor(random() * hourMs), campaign, `,"campaign":"${campaigns[campaign]}"`)
  }
}
