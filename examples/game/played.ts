import type { GameEvent } from './sessions.ts'

/** Node's own calendar, which the metrics don't ask. */
const parisDay = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Paris', dateStyle: 'short' })

/** A plain count of what was played, which shares nothing with Tidemark. */
export class Played {
  /** Who opened the game, by day of Paris and country. */
  readonly #players = new Map<string, Map<string, Set<string>>>()
  /** How often it was opened, by day. */
  readonly opened = new Map<string, number>()
  /** By day. */
  readonly matches = new Map<string, number>()
  /** By `YYYY-MM-DD HH:00:00 CAMPAIGN`, hours of UTC. */
  readonly ads = new Map<string, number>()
  /** Days by hour: the calendar is slow, and no day of Paris begins within an hour. */
  readonly #days = new Map<string, string>()

  /** How many different players opened the game on a day, by country. */
  playersOf(day: string): Map<string, number> {
    return new Map(Array.from(this.#players.get(day) ?? [], ([country, players]) => [country, players.size]))
  }

  /** Hands events on, and counts each. */
  *counting(events: Iterable<GameEvent>): Generator<GameEvent> {
    for (const event of events) {
      this.#count(event)
      yield event
    }
  }

  /** How many different players opened it on any day. */
  get playersInAll(): number {
    return new Set(Array.from(this.#players.values(), (ofDay) => [...ofDay.values()].flatMap((own) => [...own])).flat())
      .size
  }

  #count(event: GameEvent): void {
    const hour = event.at.slice(0, 13)
    if (event.type === 'ad_shown') bump(this.ads, `${hour.replace('T', ' ')}:00:00 ${event.campaign}`)
    else if (event.type === 'match_finished') bump(this.matches, this.#dayOf(hour))
    else {
      const day = this.#dayOf(hour)
      bump(this.opened, day)
      const ofDay = this.#players.get(day) ?? new Map<string, Set<string>>()
      this.#players.set(day, ofDay.set(event.country, (ofDay.get(event.country) ?? new Set()).add(event.playerId)))
    }
  }

  #dayOf(hour: string): string {
    const day = this.#days.get(hour) ?? parisDay.format(new Date(`${hour}:00:00Z`))
    this.#days.set(hour, day)
    return day
  }
}

const bump = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
