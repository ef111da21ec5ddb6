import { event, metric, sessions, z } from 'tidemark'

export const rider = event('rider', { tripId: z.string(), action: z.enum(['request', 'cancel']) })
export const driver = event('driver', { tripId: z.string(), action: z.enum(['accept', 'pickup', 'dropoff']) })

/** What riders and drivers say of one trip, in whatever order their phones get it through. */
export const trip = sessions('trip', [rider, driver], {
  by: 'tripId',
  gap: '90m',
  longest: '12h',
  state: {
    start: 'requested' as 'requested' | 'accepted' | 'riding' | 'done' | 'cancelled',
    step: (state, told) => {
      if (told.type === 'rider') return told.action === 'cancel' ? 'cancelled' : state
      return ({ accept: 'accepted', pickup: 'riding', dropoff: 'done' } as const)[told.action]
    },
  },
  describe: 'A trip from its request on, told apart after 90 minutes without a word',
})

export const trips = metric('trips', trip.count('trips'), {
  by: ['state', 'closed'],
  per: 'hour',
  describe: 'Trips by what became of them',
})
export const tripSeconds = metric('trip_seconds', trip.mean('duration'), {
  where: { state: 'done' },
  per: 'day',
  zone: 'Europe/Dublin',
  describe: 'How long a finished trip took',
})
