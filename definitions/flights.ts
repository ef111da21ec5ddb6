import { event, int, metric, z } from 'tidemark'

/** A scheduled flight, as its operator reports it after the fact. `at` is its scheduled departure. */
export const flight = event(
  'flight',
  {
    carrier: z.string(),
    flight: z.int(),
    tailnum: z.string().nullable(),
    origin: z.enum(['EWR', 'JFK', 'LGA']),
    dest: z.string(),
    departureDelayMinutes: int('minutes').nullable(),
    arrivalDelayMinutes: int('minutes').nullable(),
    cancelled: z.boolean(),
  },
  { describe: 'A scheduled flight out of New York' },
)

export const departures = metric('departures', flight.count('flights'), {
  where: { cancelled: false },
  by: ['carrier', 'origin'],
  per: 'hour',
  live: '1h',
  describe: 'Flights that departed',
})

export const arrivalDelay = metric('arrival_delay_minutes', flight.sum('arrivalDelayMinutes'), {
  by: ['carrier'],
  per: 'day',
  live: '1h',
  describe: 'Minutes of delay on arrival, early arrivals counted negative',
})

export const aircraft = metric('aircraft', flight.countDistinct('tailnum'), {
  where: { cancelled: false },
  by: ['origin'],
  per: 'day',
  live: '1h',
  describe: 'Different aircraft that departed',
})
