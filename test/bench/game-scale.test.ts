import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { deviation, estimateDifferences, exactDifferences } from '../../bench/game-scale/compare.ts'
import { plays } from '../../bench/game-scale/play.ts'
import { type PlayedArchive, playedArchive } from '../../bench/game-scale/raw-archive.ts'
import { decodeRawLine } from '../../core/raw-archive.ts'
import { days } from '../../examples/game/sessions.ts'

const sessions = 6000
let dir: string
let archive: PlayedArchive
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tidemark-game-scale-test-'))
  archive = await playedArchive(dir, sessions, 7)
})
afterAll(() => rmSync(dir, { recursive: true }))

/** The archive as it was written, read line by line. */
const records = () =>
  archive.objects.flatMap(({ key }) =>
    gunzipSync(readFileSync(join(dir, key)))
      .toString('utf8')
      .trimEnd()
      .split('\n')
      .map(decodeRawLine),
  )

const paris = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/Paris', dateStyle: 'short' })

describe('the archive of a played game', () => {
  it('holds what its tally says, counted again from its objects', () => {
    const byId = new Map(records().map(({ text }) => [JSON.parse(text ?? '').id, JSON.parse(text ?? '')]))
    const events = [...byId.values()]
    const players = new Map<string, Set<string>>()
    for (const { type, at, country, playerId } of events)
      if (type === 'game_opened') {
        const key = `${paris.format(new Date(at))} ${country}`
        players.set(key, (players.get(key) ?? new Set()).add(playerId))
      }
    const count = (keys: string[]) => {
      const counts = new Map<string, number>()
      for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
      return Object.fromEntries(counts)
    }
    const of = (type: string) => events.filter((event) => event.type === type)
    const { tally } = archive
    expect(tally.records).toBe(records().length)
    expect(tally.repeated).toBe(records().length - events.length)
    expect(tally.repeated).toBeGreaterThan(0)
    expect(tally.players).toEqual(Object.fromEntries([...players].map(([key, own]) => [key, own.size])))
    expect(tally.playersOfBothDays).toBe(new Set(of('game_opened').map(({ playerId }) => playerId)).size)
    expect(tally.matches).toEqual(count(of('match_finished').map(({ at }) => paris.format(new Date(at)))))
    expect(tally.ads).toEqual(count(of('ad_shown').map(({ at, campaign }) => `${at.slice(0, 13)} ${campaign}`)))
    expect(of('game_opened')).toHaveLength(sessions)
  })

  it('is in each shard in the order of sequence numbers and of arrival, its twins beside each other', () => {
    const shards = grouped(records())
    expect(shards.size).toBe(4)
    for (const held of shards.values())
      for (const [place, record] of held.entries()) {
        const before = held[place - 1]
        if (before === undefined) continue
        expect(record.sequenceNumber > before.sequenceNumber).toBe(true)
        expect(record.arrivalTime).toBeGreaterThanOrEqual(before.arrivalTime)
      }
  })

  it('sends some of yesterday today, and is the same for the same seed alone', () => {
    const late = [...plays(sessions, 7)].filter(({ isLate }) => isLate)
    expect(late.length).toBe(archive.tally.late)
    expect(
      late.some(({ type, eventTime }) => type === 'game_opened' && paris.format(eventTime) === days.yesterday),
    ).toBe(true)
    expect([...plays(100, 7)]).toEqual([...plays(100, 7)])
    expect([...plays(100, 7)]).not.toEqual([...plays(100, 8)])
  })
})

describe('the comparison with what was played', () => {
  const exact = () => ({
    players: new Map(Object.entries(archive.tally.players)),
    matches: new Map(Object.entries(archive.tally.matches)),
    ads: new Map(Object.entries(archive.tally.ads)),
  })

  it('finds nothing where all is equal, and each figure that is not', () => {
    expect(exactDifferences(exact(), archive.tally)).toEqual([])
    const wrong = exact()
    wrong.players.set(`${days.today} FR`, 1)
    wrong.matches.delete(days.yesterday)
    wrong.ads.set('2025-03-31T00 none', 5)
    expect(exactDifferences(wrong, archive.tally)).toHaveLength(3)
    expect(exactDifferences({ ...exact(), playersInTotal: new Map([[days.today, 1]]) }, archive.tally)).toHaveLength(2)
  })

  it('lets estimates be off by some standard errors each, and by less as a whole', () => {
    const wanted = Object.fromEntries(Array.from({ length: 30 }, (_, place) => [`country ${place}`, 10_000]))
    const off = (part: number) => new Map(Object.keys(wanted).map((key) => [key, 10_000 * (1 + part)]))
    expect(deviation(off(0.008), wanted).differences).toEqual([])
    expect(deviation(off(0.011), wanted).differences).toHaveLength(1)
    const one = off(0)
    expect(deviation(one.set('country 3', 10_400), wanted).differences).toHaveLength(1)
    one.delete('country 3')
    expect(deviation(one, wanted).differences).toHaveLength(1)
    expect(estimateDifferences('players', 10_300, 10_000)).toEqual([])
    expect(estimateDifferences('players', 10_400, 10_000)).toHaveLength(1)
  })
})

const grouped = <One extends { readonly shardId: string }>(all: readonly One[]): Map<string, One[]> => {
  const groups = new Map<string, One[]>()
  for (const one of all) groups.set(one.shardId, [...(groups.get(one.shardId) ?? []), one])
  return groups
}
