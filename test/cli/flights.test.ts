import { join } from 'node:path'
import { flightsCsv } from '../../cli/samples/download.ts'
import { type FlightEvent, flightCount, flights } from '../../cli/samples/flights.ts'
import { seededRandom, shuffledLate } from '../../cli/samples/shuffle.ts'

let events: FlightEvent[]
beforeAll(async () => {
  const csvPath = await flightsCsv(join(__dirname, '../..'), () => undefined)
  events = []
  for await (const event of flights(csvPath)) events.push(event)
})

describe('flights', () => {
  it('makes the first row the event that the documentation shows', () => {
    expect(JSON.stringify(events[0])).toBe(
      '{"type":"flight","id":"2013-01-01-UA-1545-EWR-515","at":"2013-01-01T10:15:00Z","carrier":"UA","flight":1545,"tailnum":"N14228","origin":"EWR","dest":"IAH","departureDelayMinutes":2,"arrivalDelayMinutes":11,"cancelled":false}',
    )
  })

  it('has every flight once', () => {
    expect(events).toHaveLength(flightCount)
    expect(new Set(events.map((event) => event.id)).size).toBe(flightCount)
  })

  /** Totals that the data set's own documentation and its users publish: 8,255 cancelled, 2,512 without a tail number. */
  it('reads NA as null, and a flight without a departure as cancelled', () => {
    expect(events.filter((event) => event.cancelled)).toHaveLength(8255)
    expect(events.filter((event) => event.tailnum === null)).toHaveLength(2512)
    expect(events.filter((event) => event.departureDelayMinutes === null)).toHaveLength(8255)
    expect(events.filter((event) => event.arrivalDelayMinutes === null)).toHaveLength(9430)
    expect(new Set(events.map((event) => event.tailnum)).size).toBe(4044)
  })

  it('keeps each time inside the year of New York, in UTC', () => {
    const times = events.map((event) => event.at).sort()
    expect(times[0]).toBe('2013-01-01T10:15:00Z')
    expect(times.at(-1)).toBe('2014-01-01T04:59:00Z')
  })
})

describe('shuffledLate', () => {
  const dayMs = 86_400_000
  const lateness = { share: 0.05, atMostMs: 3 * dayMs }

  it('keeps every event, and makes about the share late by at most the limit', () => {
    const some = events.slice(0, 20_000)
    const shuffled = shuffledLate(some, lateness, seededRandom(1))
    expect(new Set(shuffled)).toEqual(new Set(some))
    let [newest, late, latest] = [0, 0, 0]
    for (const { at } of shuffled) {
      const time = Date.parse(at)
      if (time < newest) late += 1
      latest = Math.max(latest, newest - time)
      newest = Math.max(newest, time)
    }
    expect(late / some.length).toBeGreaterThan(0.04)
    expect(late / some.length).toBeLessThan(0.06)
    expect(latest).toBeGreaterThan(2 * dayMs)
    expect(latest).toBeLessThanOrEqual(3 * dayMs)
  })

  it('gives the same order for the same seed, another for another', () => {
    const order = (seed: number): string[] =>
      shuffledLate(events.slice(0, 500), lateness, seededRandom(seed)).map((event) => event.id)
    expect(order(7)).toEqual(order(7))
    expect(order(7)).not.toEqual(order(8))
  })
})
