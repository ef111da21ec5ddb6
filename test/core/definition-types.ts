/** Mistakes that must not compile: each line below its comment is an error, or `tsc` reports the unused directive. */
import {
  decimal,
  entity,
  event,
  instant,
  int,
  limit,
  metric,
  minus,
  profile,
  ratio,
  score,
  secret,
  sessions,
  z,
} from 'tidemark'
import { flight } from '../../definitions/index.ts'

const basket = event('basket', { tags: z.array(z.string()) })
const payment = event('payment', { cardId: z.string(), amount: decimal(2, 'EUR') })

// @ts-expect-error a field that the event lacks
export const wrongField = metric('e1', flight.sum('arrivalDelay'), { per: 'day' })
// @ts-expect-error a sum of something that is no number
export const noNumber = metric('e2', flight.sum('carrier'), { per: 'day' })
// @ts-expect-error a mean of something that is no number
export const meanOfText = metric('e17', flight.mean('carrier'), { per: 'day' })
// @ts-expect-error a deviation of a number without a unit
export const deviationOfNumber = metric('e18', flight.stddev('flight'), { per: 'day' })
// @ts-expect-error a quantile without its part
export const noPart = metric('e19', flight.quantile('arrivalDelayMinutes'), { per: 'day' })
// @ts-expect-error a quantile of a text
export const quantileOfText = metric('e20', flight.quantile('carrier', 0.5), { per: 'day' })
// @ts-expect-error a histogram without edges
export const noEdges = metric('e21', flight.histogram('arrivalDelayMinutes', []), { per: 'day' })
// @ts-expect-error an edge that is no number
export const edgeOfText = metric('e22', flight.histogram('arrivalDelayMinutes', ['late']), { per: 'day' })
// @ts-expect-error each element of something that is no list
export const eachOfText = metric('e23', flight.each('carrier').count(), { per: 'day' })
// @ts-expect-error a list as a dimension, not its elements
export const listAsDimension = metric('e24', basket.count(), { by: ['tags'], per: 'day' })
export const elementAsDimension = metric('each_tag', basket.each('tags').count(), { by: ['tags'], per: 'day' })
// @ts-expect-error an unknown dimension
export const unknownDimension = metric('e3', flight.count(), { by: ['airline'], per: 'hour' })
// @ts-expect-error a quantity as a dimension
export const quantityAsDimension = metric('e4', payment.count(), { by: ['amount'], per: 'day' })
// @ts-expect-error a value outside the enumeration
export const outsideEnum = metric('e8', flight.count(), { where: { origin: 'SFO' }, per: 'day' })
// @ts-expect-error a window's length without a unit
export const noSpan = metric('e9', flight.count(), { per: 'day', live: '5 minutes' })
// @ts-expect-error a zone by its city alone
export const cityAsZone = metric('e28', flight.count(), { per: 'day', zone: 'Paris' })
export const inZone = metric('in_zone', flight.count(), { per: 'day', zone: 'Europe/Paris' })
// @ts-expect-error a limit as text
export const driftAsText = metric('e10', flight.count(), { per: 'day', maxDrift: '1%' })
// @ts-expect-error an amount in another currency
export const otherUnit = metric('e13', payment.count(), { where: { amount: { gte: '100 USD' } }, per: 'day' })
// @ts-expect-error a field of another event
export const otherEvent = metric('e16', payment.count(), { by: ['origin'], per: 'day' })

export const kept = metric('kept', flight.count(), {
  by: ['carrier', 'origin'],
  keep: { carrier: ['AA', 'UA'], origin: { values: ['EWR'], other: 'rest' } },
  per: 'day',
})
// @ts-expect-error a value outside the enumeration
export const keptOutside = metric('e42', flight.count(), { by: ['origin'], keep: { origin: ['SFO'] }, per: 'day' })
// @ts-expect-error a dimension that it is not split by
export const keptElsewhere = metric('e43', flight.count(), { by: ['origin'], keep: { carrier: ['AA'] }, per: 'day' })
// @ts-expect-error no dimension at all
export const keptOfNone = metric('e44', flight.count(), { keep: { carrier: ['AA'] }, per: 'day' })
// @ts-expect-error nothing that is kept
export const keptNothing = metric('e45', flight.count(), { by: ['carrier'], keep: { carrier: [] }, per: 'day' })
// @ts-expect-error a boolean, which has no other values
export const keptBoolean = metric('e46', flight.count(), { by: ['cancelled'], keep: { cancelled: [true] }, per: 'day' })
// @ts-expect-error a number
export const keptNumber = metric('e47', flight.count(), { by: ['flight'], keep: { flight: [1] }, per: 'day' })
export const keptElement = metric('kept_element', basket.each('tags').count(), {
  by: ['tags'],
  keep: { tags: ['new'] },
  per: 'day',
})

const view = event(
  'view',
  { viewer: z.string(), profile: z.string(), seconds: int('seconds') },
  {
    derive: {
      own: { boolean: (e) => e.viewer === e.profile },
      size: (e) => (e.seconds > 60 ? 'long' : 'short'),
      day: { integer: (e) => Math.floor(e.at / 86_400_000) },
    },
  },
)
export const byDerived = metric('by_derived', view.countDistinct('day', 'viewer'), {
  where: { own: false, size: 'long' },
  by: ['size', 'own', 'day'],
  per: 'day',
})
// @ts-expect-error an answer that the function never gives
export const noAnswer = metric('e28', view.count(), { where: { size: 'huge' }, per: 'day' })
// @ts-expect-error a dimension that nothing derives
export const notDerived = metric('e29', view.count(), { by: ['length'], per: 'day' })
// @ts-expect-error a sum of what has no unit
export const sumOfDerived = metric('e30', view.sum('day'), { per: 'day' })
// @ts-expect-error a function of a field that the event lacks
export const noField = event('e31', { a: z.string() }, { derive: { x: (e) => e.b } })
// @ts-expect-error a boolean where a text belongs
export const booleanAsText = event('e32', { a: z.string() }, { derive: { x: (e) => e.a === 'a' } })
// @ts-expect-error a text where a boolean belongs
export const textAsBoolean = event('e33', { a: z.string() }, { derive: { x: { boolean: (e) => e.a } } })
// @ts-expect-error an object is no dimension
export const objectDerived = event('e34', { a: z.string() }, { derive: { x: (e) => ({ a: e.a }) } })
// @ts-expect-error a function may not change the event
export const changedEvent = event('e35', { a: z.string() }, { derive: { x: (e) => (e.a = 'b') } })

const paid = metric('paid', payment.sum('amount'), { by: ['cardId'], per: 'day' })
const payments = metric('payments', payment.count('payments'), { per: 'day' })
const spread = metric('spread', payment.histogram('amount', [0, 10]), { per: 'day' })
export const perPayment = ratio('per_payment', paid, payments)
// @ts-expect-error a difference of two units
export const otherUnits = minus('e25', paid, payments)
// @ts-expect-error a ratio of a list
export const ofList = ratio('e26', spread, payments)
// @ts-expect-error a ratio of a ratio
export const ofRatio = ratio('e27', perPayment, payments)

const session = event(
  'session',
  {
    device: z.object({ os: z.enum(['ios', 'android']), battery: decimal(1, '%').nullable() }).optional(),
    meta: z.object({ sentAt: instant(), app: z.object({ name: z.string() }).nullable() }),
    free: z.record(z.string(), z.string()),
  },
  {
    id: ['meta.app.name'],
    at: 'meta.sentAt',
    derive: { app: (e) => e.meta.app?.name ?? null, old: { boolean: (e) => e.device === undefined } },
  },
)
export const byPath = metric('by_path', session.mean('device.battery'), {
  where: { 'device.os': 'ios', 'meta.app.name': null, 'device.battery': { gte: '5 %' } },
  by: ['device.os', 'meta.app.name', 'old'],
  per: 'day',
})
// @ts-expect-error an object is no dimension
export const objectAsDimension = metric('e36', session.count(), { by: ['device'], per: 'day' })
// @ts-expect-error a path that leads nowhere
export const noPath = metric('e37', session.count(), { by: ['device.name'], per: 'day' })
// @ts-expect-error a value outside of a nested enumeration
export const outsideNested = metric('e38', session.count(), { where: { 'device.os': 'windows' }, per: 'day' })
// @ts-expect-error a sum of a nested text
export const sumOfNested = metric('e39', session.sum('device.os'), { per: 'day' })
// @ts-expect-error another unit than the nested field's
export const nestedUnit = metric('e40', session.count(), { where: { 'device.battery': { lt: '5 V' } }, per: 'day' })
// @ts-expect-error keys of any name are no fields
export const freeKey = metric('e41', session.count(), { by: ['free.x'], per: 'day' })
// @ts-expect-error event time by a text
export const textAsTime = event('e42', { meta: z.object({ at: z.string() }) }, { at: 'meta.at' })

const sealedCall = event(
  'sealed_call',
  {
    customer: z.string(),
    token: secret(z.string()),
    cost: secret(int('cents')).nullable(),
    list: secret(z.array(z.string())),
    user: z.object({ name: z.string(), mail: secret(z.string()) }),
  },
  { derive: { who: (e) => e.user.name } },
)
export const besideSecrets = metric('beside_secrets', sealedCall.count(), { by: ['user.name', 'who'], per: 'day' })
// @ts-expect-error a secret as a dimension
export const secretDimension = metric('e43', sealedCall.count(), { by: ['token'], per: 'day' })
// @ts-expect-error a nested secret as a dimension
export const nestedSecret = metric('e44', sealedCall.count(), { by: ['user.mail'], per: 'day' })
// @ts-expect-error a sum of a secret
export const secretSum = metric('e45', sealedCall.sum('cost'), { per: 'day' })
// @ts-expect-error a condition on a secret
export const secretCondition = metric('e46', sealedCall.count(), { where: { token: 'x' }, per: 'day' })
// @ts-expect-error distinct secrets
export const distinctSecrets = metric('e47', sealedCall.countDistinct('token'), { per: 'day' })
// @ts-expect-error the elements of a secret
export const secretElements = metric('e48', sealedCall.each('list').count(), { per: 'day' })
// @ts-expect-error an identity of a secret
export const secretId = event('e49', { token: secret(z.string()) }, { id: ['token'] })
// @ts-expect-error a function of a secret
export const ofSecret = event('e50', { token: secret(z.string()) }, { derive: { x: (e) => e.token } })

const cardProfile = profile(
  'card_profile',
  { payments: payment.count(), spent: payment.sum('amount'), typical: payment.mean('amount') },
  { by: ['cardId'], over: '30d' },
)
type CardFeatures = NonNullable<typeof cardProfile.features>
export const features: CardFeatures = { payments: 0, spent: 0, typical: null }
// @ts-expect-error a count is never null
export const nullCount: CardFeatures = { payments: null, spent: 0, typical: null }
// @ts-expect-error measures of two events in one profile
export const twoEvents = profile('e51', { a: payment.count(), b: flight.count() }, { by: ['cardId'], over: '30d' })
// @ts-expect-error a profile by nothing
export const byNothing = profile('e52', { a: payment.count() }, { by: [], over: '30d' })
// @ts-expect-error a profile over no span
export const overNothing = profile('e53', { a: payment.count() }, { by: ['cardId'] })
// @ts-expect-error a key that the event lacks
export const unknownKey = profile('e54', { a: payment.count() }, { by: ['origin'], over: '30d' })
// @ts-expect-error a span without a unit
export const spanInWords = profile('e55', { a: payment.count() }, { by: ['cardId'], over: '30 days' })

export const cardRisk = score('card_risk', payment, {
  profiles: { card: cardProfile },
  rule: (p, { card }) => ({ score: p.amount / (card.typical ?? 1) + card.payments, because: [p.cardId] }),
})
// @ts-expect-error a profile whose key the scored event lacks
export const noKey = score('e56', flight, { profiles: { c: cardProfile }, rule: () => ({ score: 0, because: [] }) })
export const noFeature = score('e57', payment, {
  profiles: { card: cardProfile },
  // @ts-expect-error a feature that the profile lacks
  rule: (_, { card }) => ({ score: card.variance, because: [] }),
})
export const mayBeNull = score('e58', payment, {
  profiles: { card: cardProfile },
  // @ts-expect-error a mean of nothing is null
  rule: (p, { card }) => ({ score: p.amount - card.typical, because: [] }),
})
export const noScoredField = score('e59', payment, {
  profiles: {},
  // @ts-expect-error a field that the event lacks
  rule: (p) => ({ score: p.origin, because: [] }),
})
export const ofSealed = score('e60', sealedCall, {
  profiles: {},
  // @ts-expect-error a secret
  rule: (call) => ({ score: 0, because: [call.token] }),
})
// @ts-expect-error a rule that answers no reasons
export const noReasons = score('e61', payment, { profiles: {}, rule: () => ({ score: 0 }) })
const change = event('change', { ref: z.string(), name: z.string(), changedAt: instant() })
export const guest = entity('guest', change, { ref: 'ref', latest: 'changedAt', deleted: { name: 'gone' } })
// @ts-expect-error the latest by a field that is no time
export const latestByText = entity('e56', change, { ref: 'ref', latest: 'name' })
// @ts-expect-error a ref that the event lacks
export const unknownRef = entity('e57', change, { ref: 'guest', latest: 'at' })
// @ts-expect-error a ref that is a time
export const timeAsRef = entity('e58', change, { ref: 'changedAt', latest: 'at' })
// @ts-expect-error a parent that the child's event lacks
export const unknownParent = guest.under('hotel')

const usage = event('usage', { customer: z.string(), endpoint: z.string(), cost: decimal(2, 'EUR') })
const usages = metric('usages', usage.count('calls'), { by: ['customer', 'endpoint'], per: 'hour' })
const agreement = entity(
  'agreement',
  event('agreement_change', { customer: z.string(), calls: int('calls'), cap: decimal(2, 'EUR'), since: instant() }),
  { ref: 'customer', latest: 'since' },
)
const ofCustomers = { each: 'customer', per: 'month', notifyAt: ['80%'] } as const
export const soundLimit = limit('sound', usages, { ...ofCustomers, atMost: '1000 calls' })
export const limitByEntity = limit('by_entity', usages, { ...ofCustomers, atMost: agreement.field('calls') })
// @ts-expect-error another unit than the metric's
export const limitUnit = limit('e51', usages, { ...ofCustomers, atMost: '100 EUR' })
// @ts-expect-error a bound in another unit than the metric's
export const boundUnit = limit('e52', usages, { ...ofCustomers, atMost: agreement.field('cap') })
// @ts-expect-error a limit for each of what the metric is not split by
export const limitEach = limit('e53', usages, { ...ofCustomers, each: 'country', atMost: '1000 calls' })
const typical = metric('typical', usage.mean('cost'), { by: ['customer'], per: 'day' })
// @ts-expect-error a limit of a mean, which more events may lower
export const limitOfMean = limit('e54', typical, { ...ofCustomers, atMost: '5 EUR' })
// @ts-expect-error a part that is no percent
export const limitPart = limit('e55', usages, { ...ofCustomers, atMost: '1000 calls', notifyAt: ['0.8'] })
// @ts-expect-error nothing to tell
export const limitOfNothing = limit('e56', usages, { ...ofCustomers, atMost: '1000 calls', notifyAt: [] })
// @ts-expect-error a field that is no quantity
export const textAsBound = agreement.field('customer')

const look = event('look', {
  visitor: z.string(),
  page: z.string(),
  token: secret(z.string()),
  spent: decimal(2, 'EUR'),
})
const order = event('order', { visitor: z.string(), shop: z.string() })
const ofVisitors = { by: 'visitor', gap: '30m', longest: '12h' } as const
const start = 'looking' as 'looking' | 'bought'
export const visit = sessions('visit', [look, order], {
  ...ofVisitors,
  state: { start, step: (state, told) => (told.type === 'order' && told.shop !== '' ? 'bought' : state) },
})
export const visits = metric('visits', visit.count('visits'), {
  where: { closed: true, state: 'bought' },
  by: ['visitor'],
  per: 'day',
})
// @ts-expect-error a key that one of the events lacks
export const keyOfOne = sessions('e70', [look, order], { ...ofVisitors, by: 'page' })
// @ts-expect-error a gap that is no span
export const wrongGap = sessions('e71', [look], { ...ofVisitors, gap: '30 minutes' })
// @ts-expect-error a state that the step can't answer
export const otherState = sessions('e72', [look], { ...ofVisitors, state: { start, step: () => 'sold' } })
export const fieldOfOther = sessions('e73', [look, order], {
  ...ofVisitors,
  // @ts-expect-error a field that only one of the events has
  state: { start, step: (state, told) => (told.page === '' ? state : 'bought') },
})
export const secretInStep = sessions('e74', [look], {
  ...ofVisitors,
  // @ts-expect-error a secret, which no function gets
  state: { start, step: (state, told) => (told.token === null ? state : 'bought') },
})
// @ts-expect-error a condition on a state that there is none of
export const noState = metric('e75', visit.count(), { where: { state: 'sold' }, per: 'day' })
// @ts-expect-error a dimension that sessions lack
export const noDimension = metric('e76', visit.count(), { by: ['page'], per: 'day' })
// @ts-expect-error a mean of what is no quantity
export const meanOfState = metric('e77', visit.mean('state'), { per: 'day' })
const plain = sessions('plain', [look], ofVisitors)
// @ts-expect-error a state of sessions that come to none
export const stateOfNone = metric('e78', plain.count(), { by: ['state'], per: 'day' })
