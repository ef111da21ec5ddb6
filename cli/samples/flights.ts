import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** How many flights the file holds. */
export const flightCount = 336_776

export interface FlightEvent {
  readonly type: 'flight'
  /** year-month-day-carrier-flight-origin-sched_dep_time: the day is New York's. */
  readonly id: string
  /** Scheduled departure, UTC. */
  readonly at: string
  readonly carrier: string
  readonly flight: number
  readonly tailnum: string | null
  readonly origin: string
  readonly dest: string
  readonly departureDelayMinutes: number | null
  readonly arrivalDelayMinutes: number | null
  readonly cancelled: boolean
}

const columns = [
  'year',
  'month',
  'day',
  'dep_time',
  'sched_dep_time',
  'dep_delay',
  'arr_time',
  'sched_arr_time',
  'arr_delay',
  'carrier',
  'flight',
  'tailnum',
  'origin',
  'dest',
  'air_time',
  'distance',
  'hour',
  'minute',
  'time_hour',
] as const
type FlightRow = Record<(typeof columns)[number], string>

/** One event for each line of `flights.csv`, in the file's order. @throws where the file is not the one expected. */
export const flights = async function* (csvPath: string): AsyncGenerator<FlightEvent> {
  const lines = createInterface({ input: createReadStream(csvPath), crlfDelay: Number.POSITIVE_INFINITY })
  let lineNumber = 0
  for await (const line of lines) {
    lineNumber += 1
    if (lineNumber > 1) yield flightOf(rowOf(line, csvPath, lineNumber))
    else if (line !== columns.join(','))
      throw new Error(`${csvPath} has the columns ${line}; expected ${columns.join(',')}.`)
  }
}

/** No value of this file holds a comma or a quote, so a line is split as it stands. */
const rowOf = (line: string, csvPath: string, lineNumber: number): FlightRow => {
  const values = line.split(',')
  if (values.length !== columns.length)
    throw new Error(`${csvPath}:${lineNumber} has ${values.length} values; expected ${columns.length}.`)
  return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? ''])) as FlightRow
}

const flightOf = (row: FlightRow): FlightEvent => ({
  type: 'flight',
  id: [
    row.year,
    row.month.padStart(2, '0'),
    row.day.padStart(2, '0'),
    row.carrier,
    row.flight,
    row.origin,
    row.sched_dep_time,
  ].join('-'),
  at: `${row.time_hour.slice(0, 14)}${row.minute.padStart(2, '0')}:00Z`,
  carrier: row.carrier,
  flight: Number(row.flight),
  tailnum: row.tailnum === 'NA' ? null : row.tailnum,
  origin: row.origin,
  dest: row.dest,
  departureDelayMinutes: numberOrNull(row.dep_delay),
  arrivalDelayMinutes: numberOrNull(row.arr_delay),
  cancelled: row.dep_time === 'NA',
})

const numberOrNull = (text: string): number | null => (text === 'NA' ? null : Number(text))
