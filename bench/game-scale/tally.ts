import { begin, campaigns, countries, days } from '../../examples/game/sessions.ts'
import { type Play, playersBelow } from './play.ts'

/** What was played, counted while it was made, by nothing that Tidemark counts by. */
export interface Tally {
  readonly sessions: number
  /** Records, repeated ones included. */
  readonly records: number
  readonly repeated: number
  readonly late: number
  /** Different players by `DAY COUNTRY`, and of both days together. */
  readonly players: Readonly<Record<string, number>>
  readonly playersOfBothDays: number
  /** By day. */
  readonly matches: Readonly<Record<string, number>>
  /** By `YYYY-MM-DDTHH CAMPAIGN`, hours of UTC. */
  readonly ads: Readonly<Record<string, number>>
}

/** Counts plays. Players are a bit each, by day, country and number, so that their count is exact and takes a few MB. */
export class Tallying {
  readonly #sessions: number
  readonly #below: number
  readonly #opened: readonly [Uint8Array, Uint8Array]
  readonly #matches = new Map<string, number>()
  readonly #ads = new Map<string, number>()
  #records = 0
  #repeated = 0
  #late = 0

  constructor(sessions: number) {
    this.#sessions = sessions
    this.#below = playersBelow(sessions)
    const bytes = Math.ceil((this.#below * countries.length) / 8)
    this.#opened = [new Uint8Array(bytes), new Uint8Array(bytes)]
  }

  add(play: Play): void {
    const isToday = play.eventTime >= begin.today
    this.#records += play.isRepeated ? 2 : 1
    if (play.isRepeated) this.#repeated++
    if (play.isLate) this.#late++
    if (play.type === 'match_finished') bump(this.#matches, isToday ? days.today : days.yesterday)
    else if (play.type === 'ad_shown')
      bump(this.#ads, `${new Date(play.eventTime).toISOString().slice(0, 13)} ${campaigns[play.campaign]}`)
    else {
      const bit = play.country * this.#below + play.player
      const opened = this.#opened[isToday ? 1 : 0]
      opened[bit >> 3] = (opened[bit >> 3] ?? 0) | (1 << (bit & 7))
    }
  }

  tally(): Tally {
    const [yesterday, today] = this.#opened
    const players = new Map<string, number>()
    let playersOfBothDays = 0
    for (let bit = 0; bit < this.#below * countries.length; bit++) {
      const country = countries[Math.floor(bit / this.#below)]
      const [isIn, isInToday] = [isSet(yesterday, bit), isSet(today, bit)]
      if (isIn) bump(players, `${days.yesterday} ${country}`)
      if (isInToday) bump(players, `${days.today} ${country}`)
      if (isIn || isInToday) playersOfBothDays++
    }
    return {
      sessions: this.#sessions,
      records: this.#records,
      repeated: this.#repeated,
      late: this.#late,
      players: Object.fromEntries(players),
      playersOfBothDays,
      matches: Object.fromEntries(this.#matches),
      ads: Object.fromEntries(this.#ads),
    }
  }
}

const isSet = (bits: Uint8Array, bit: number): boolean => ((bits[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0

const bump = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
