/** A record as the game sends it. */
export interface GameEvent {
  readonly type: 'game_opened' | 'match_finished' | 'ad_shown'
  readonly id: string
  /** ISO 8601. */
  readonly at: string
  readonly playerId: string
  readonly country: string
  readonly won?: boolean
  readonly campaign?: string
}

/** Of many sizes: the first has some thirty times the players of the last. */
export const countries =
  'FR DE IT ES NL BE PT CH AT SE NO DK FI IE GB US CA BR MX AR JP KR IN AU NZ ZA EG TR PL CZ HU RO'.split(' ')
export const campaigns = ['spring', 'sequel', 'shop', 'friends']

/** Days of the studio in Paris. The second is the one on which its clocks go forward, and has 23 hours. */
export const days = { yesterday: '2025-03-29', today: '2025-03-30', tomorrow: '2025-03-31' } as const

const hourMs = 3_600_000
/** When the days begin, epoch ms. In UTC: Paris is an hour ahead, and from 01:00 of the second day on two. */
export const begin = {
  yesterday: Date.parse('2025-03-28T23:00:00Z'),
  today: Date.parse('2025-03-29T23:00:00Z'),
  tomorrow: Date.parse('2025-03-30T22:00:00Z'),
}

/**
 * A day's sessions: a player opens the game, plays some matches and is shown some advertisements. Few players play
 * most of it, and most of those who play today played yesterday. A session may run into the next day. They come in the
 * order in which they begin, as a stream brings them: in any other, every micro-batch would touch a whole day of windows.
 * @param name what ids begin with: sessions of two names are never the same
 */
export function* sessionsOf(
  day: 'yesterday' | 'today',
  count: number,
  random: () => number,
  name: string = day,
): Generator<GameEvent> {
  const below = (limit: number): number => Math.floor(random() * limit)
  const [from, to] = day === 'yesterday' ? [begin.yesterday, begin.today] : [begin.today, begin.tomorrow]
  // A third of today's players are new.
  const firstPlayer = day === 'yesterday' ? 0 : Math.floor(count / 12)
  for (let session = 0; session < count; session++) {
    // The square makes small numbers likelier: countries and players alike are of many sizes.
    const country = countries[Math.floor(random() ** 2 * countries.length)] ?? 'FR'
    const playerId = `${country}-${firstPlayer + Math.floor(random() ** 2 * (count / 4))}`
    const startedAt = from + Math.floor(((session + random()) / count) * (to - from))
    let sent = 0
    const put = (type: GameEvent['type'], afterMs: number, rest: Partial<GameEvent> = {}): GameEvent => {
      const at = new Date(Math.min(startedAt + afterMs, begin.tomorrow - 1)).toISOString()
      return { type, id: `${name}-${session}-${sent++}`, at, playerId, country, ...rest }
    }
    yield put('game_opened', 0)
    for (let match = below(3); match > 0; match--) yield put('match_finished', below(hourMs), { won: random() < 0.5 })
    for (let ad = below(3); ad > 0; ad--)
      yield put('ad_shown', below(hourMs), { campaign: campaigns[below(campaigns.length)] ?? 'spring' })
  }
}
