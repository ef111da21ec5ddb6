import { decimal, event, int, metric, ratio, z } from 'tidemark'
import { compileDefinitions } from '../../../core/compile.ts'
import { loadHash64 } from '../../../core/hash.ts'
import type { Model } from '../../../core/model.ts'
import type { RawRecord } from '../../../core/record.ts'

const order = event(
  'order',
  { country: z.string().nullable(), buyer: z.string(), total: decimal(2, 'EUR'), items: int('items') },
  { accept: { early: '10s' } },
)

/** Windows of every measure of one component; slices of one second, chunks of one minute. */
const definitions = {
  order,
  orders: metric('orders', order.count('orders'), { by: ['country'], per: 'hour', live: '2m' }),
  revenue: metric('revenue', order.sum('total'), { per: 'hour', live: '3m' }),
  largest: metric('largest', order.max('total'), { per: 'hour', live: '1m' }),
  smallest: metric('smallest', order.min('items'), { by: ['country'], per: 'hour', live: '1m' }),
  buyers: metric('buyers', order.countDistinct('buyer'), { by: ['country'], per: 'hour', live: '2m' }),
  uncounted: metric('uncounted', order.count('orders'), { per: 'hour' }),
}

const paid = metric('paid', order.sum('total'), { by: ['country'], per: 'hour', live: '2m' })
const large = metric('large', order.count('orders'), {
  by: ['country'],
  where: { total: { gte: '2 EUR' } },
  per: 'day',
  live: '2m',
})
/** Windows of two metrics together. */
export const derived = {
  paid,
  large,
  each_large: ratio('each_large', paid, large),
  windowless: ratio('windowless', paid, definitions.uncounted),
}

/** Measures whose states have several components. */
export const composed = {
  mean: metric('mean', order.mean('total'), { by: ['country'], per: 'hour', live: '2m' }),
  median: metric('median', order.quantile('total', 0.5), { by: ['country'], per: 'hour', live: '2m' }),
  totals: metric('totals', order.histogram('total', ['0.5', '5']), { by: ['country'], per: 'hour', live: '2m' }),
  deviation: metric('deviation', order.stddev('items'), { per: 'hour', live: '2m' }),
}

export const loadModel = async (besides: Readonly<Record<string, unknown>> = {}): Promise<Model> =>
  compileDefinitions({ ...definitions, ...besides }, await loadHash64())

export const shardId = 'shardId-000000000000'
export const startTime = Date.parse('2026-03-01T12:00:00Z')

export interface Order {
  /** Seconds after `startTime`. */
  readonly second: number
  readonly country: string | null
  readonly buyer: string
  readonly cents: number
}

/** The records of some orders, in stream order; arrival follows event time by a second. */
export const toRecords = (orders: readonly Order[], shard = shardId): RawRecord[] =>
  orders.map(({ second, country, buyer, cents }, index) => {
    const eventTime = startTime + second * 1000
    const total = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
    const at = new Date(eventTime).toISOString()
    return {
      shardId: shard,
      sequenceNumber: String(index + 1).padStart(64, '0'),
      arrivalTime: eventTime + 1000,
      text: JSON.stringify({ type: 'order', id: `${shard}-${index}`, at, country, buyer, total, items: cents % 7 }),
    }
  })

/** What a window is given where nothing was ever excluded. */
export const noExclusions = { current: async () => () => false }
