import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { localSql } from '../../cli/verify/buckets.ts'
import { localTimeIn, type ZoneData } from '../../core/zone.ts'
import { resolveZones } from '../../scripts/build/zones.ts'

/**
 * Zones that change by night, by half an hour, at midnight, that skipped a day, and that never change. DuckDB brings its
 * own copy of the tz database: Morocco's rules for the time from 2026 on differ between releases, so they end before.
 */
const untilYear: Readonly<Record<string, number>> = {
  'Europe/Paris': 9999,
  'America/New_York': 9999,
  'Asia/Kolkata': 9999,
  'Australia/Lord_Howe': 9999,
  'Asia/Kathmandu': 9999,
  'Pacific/Apia': 9999,
  'America/Sao_Paulo': 9999,
  'America/St_Johns': 9999,
  'Africa/Casablanca': 2026,
}
const earliest = Date.parse('0001-01-01T00:00:00Z')
const second = 1000

describe.each(Object.entries(untilYear))('local time of %s', (name, until) => {
  let connection: DuckDBConnection
  let zone: ZoneData
  beforeAll(async () => {
    connection = await (await DuckDBInstance.create(':memory:')).connect()
    zone = resolveZones(new Map([[name, ['oracle']]]))[name] as ZoneData
  })
  afterAll(() => connection.closeSync())

  /** What DuckDB's ICU says, as `verify` asks it. */
  const localTimes = async (times: readonly number[]): Promise<number[]> => {
    const sql = `SELECT epoch_ms(${localSql(name, 't')}) AS local
      FROM (SELECT unnest([${times.join(', ')}]) AS t, generate_subscripts([${times.join(', ')}], 1) AS place) ORDER BY place`
    return (await connection.runAndReadAll(sql)).getRowObjectsJson().map(({ local }) => Number(local))
  }

  it('is what an independent copy of the tz database says, at random instants of the years 1 to 9999', async () => {
    const latest = until === 9999 ? Date.parse('9999-12-31T23:59:59.999Z') : Date.UTC(until, 0, 1)
    const times = fc.sample(fc.integer({ min: earliest, max: latest }), { numRuns: 20_000, seed: 7 })
    times.push(earliest, latest)
    expect(times.map(localTimeIn(zone))).toEqual(await localTimes(times))
  })

  it('is so at every transition, and a second before', async () => {
    const times = zone.transitions
      .map(([at]) => at * second)
      .filter((at) => at < Date.UTC(until, 0, 1))
      .flatMap((at) => [at - second, at - 1, at, at + second])
    expect(times.map(localTimeIn(zone))).toEqual(await localTimes(times))
  })
})
