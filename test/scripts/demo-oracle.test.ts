import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { FlightsOracle } from '../../scripts/demo/oracle.ts'

const header =
  'year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,dest,air_time,distance,hour,minute,time_hour'
const csv = [
  header,
  '2013,1,1,517,515,2,830,819,11,UA,1545,N1,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z',
  '2013,1,1,533,529,4,850,830,-20,UA,1714,N1,LGA,IAH,227,1416,5,29,2013-01-01T10:00:00Z',
  '2013,1,2,NA,540,NA,NA,850,NA,AA,1141,NA,JFK,MIA,NA,1089,5,5,2013-01-02T10:00:00Z',
  '2013,1,2,640,640,0,900,850,5,AA,1142,N2,EWR,MIA,160,1089,6,40,2013-01-02T11:00:00Z',
].join('\n')
const ids = [
  '2013-01-01-UA-1545-EWR-515',
  '2013-01-01-UA-1714-LGA-529',
  '2013-01-02-AA-1141-JFK-540',
  '2013-01-02-AA-1142-EWR-640',
]

let dir: string
let oracle: FlightsOracle
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tidemark-oracle-'))
  writeFileSync(join(dir, 'flights.csv'), `${csv}\n`)
  const lines = ids.map((id, index) =>
    JSON.stringify({
      shardId: `s${index % 2}`,
      sequenceNumber: String(index + 1).padStart(64, '0'),
      data: JSON.stringify({ id }),
    }),
  )
  // Archived twice: it stands in the stream once.
  writeFileSync(join(dir, 'a.ndjson.gz'), gzipSync(`${[...lines, lines[0]].join('\n')}\n`))
  oracle = await FlightsOracle.open(join(dir, 'flights.csv'))
})
afterAll(() => {
  oracle.close()
  rmSync(dir, { recursive: true })
})

describe('FlightsOracle', () => {
  it('counts the flights at or below the bounds, from the CSV', async () => {
    expect(await oracle.readArrivals(dir)).toBe(4)
    expect(await oracle.bound({ s0: '1', s1: '4' })).toBe(3)
    expect(await oracle.cells('departures', 'year', [])).toEqual([{ bucket: Date.UTC(2013), dims: [], value: 3n }])
    expect(await oracle.cells('arrival_delay_minutes', 'month', ['carrier'])).toEqual(
      expect.arrayContaining([
        { bucket: Date.UTC(2013, 0), dims: ['UA'], value: -9n },
        { bucket: Date.UTC(2013, 0), dims: ['AA'], value: 5n },
      ]),
    )
    expect(await oracle.cells('aircraft', 'year', [])).toEqual([{ bucket: Date.UTC(2013), dims: [], value: 2n }])
    expect(await oracle.bound({ s0: '3' })).toBe(2)
    expect(await oracle.cells('departures', 'year', [])).toEqual([{ bucket: Date.UTC(2013), dims: [], value: 1n }])
  })

  it('counts within an interval of scheduled departure, its end left out', async () => {
    await oracle.bound({ s0: '9', s1: '9' })
    expect(await oracle.within('departures', '2013-01-01T10:15:00Z', '2013-01-01T10:29:00Z')).toBe(1n)
    expect(await oracle.within('departures', '2013-01-02T10:00:00Z', '2013-01-02T11:00:00Z')).toBe(0n)
  })

  it('reads each object once, and counts by what came since', async () => {
    await oracle.bound({ s2: '9' })
    expect(await oracle.cells('departures', 'year', [])).toEqual([])
    const again = { shardId: 's0', sequenceNumber: '1'.padStart(64, '0'), data: JSON.stringify({ id: ids[0] }) }
    const other = { shardId: 's2', sequenceNumber: '5'.padStart(64, '0'), data: JSON.stringify({ id: ids[1] }) }
    mkdirSync(join(dir, 'shard=s2'))
    writeFileSync(
      join(dir, 'shard=s2', 'b.ndjson.gz'),
      gzipSync(`${[again, other].map((line) => JSON.stringify(line)).join('\n')}\n`),
    )
    expect(await oracle.readArrivals(dir)).toBe(5)
    expect(await oracle.readArrivals(dir)).toBe(5)
    expect(await oracle.bound({ s2: '9' })).toBe(1)
    expect(await oracle.cells('departures', 'year', [])).toEqual([{ bucket: Date.UTC(2013), dims: [], value: 1n }])
  })
})
