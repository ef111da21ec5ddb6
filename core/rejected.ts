import type { MetricData } from './model.ts'
import { rejectedType } from './record.ts'

/**
 * The metric that every model has: records rejected, by reason, per hour of arrival. Counted like any other.
 * @param version over all events, since each of them decides what is rejected
 */
export const rejectedMetric = (version: string): MetricData => ({
  name: 'rejected',
  version,
  event: rejectedType,
  measure: { kind: 'count', unit: 'records' },
  where: [],
  by: [
    { name: 'reason', type: 'string' },
    { name: 'event_type', type: 'string' },
  ],
  per: 'hour',
  liveMs: null,
  sliceMs: null,
  maxDrift: null,
  description:
    'Records that could not be taken as events, by the reason and, where it is known, the type they claimed.',
})
