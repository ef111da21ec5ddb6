import { event, metric, z } from 'tidemark'

const player = { playerId: z.string(), country: z.string().length(2) }

export const opened = event('game_opened', player, { describe: 'A player opened the game' })
export const matched = event('match_finished', { ...player, won: z.boolean() })
export const adShown = event('ad_shown', { ...player, campaign: z.string() })

/** The studio is in Paris: its days begin there. */
const zone = 'Europe/Paris'

export const players = metric('players', opened.countDistinct('playerId'), {
  by: ['country'],
  per: 'day',
  zone,
  live: '1d',
  describe: 'Different players who opened the game',
})

export const matches = metric('matches', matched.count('matches'), {
  per: 'day',
  zone,
  live: '1h',
  describe: 'Matches played to their end',
})

export const ads = metric('ads', adShown.count('ads'), {
  by: ['campaign'],
  per: 'hour',
  live: '1h',
  describe: 'Advertisements shown',
})
