import { bucketStart, nextBucketStart } from './bucket.ts'
import { earliestMs } from './definition/quantity.ts'
import type { ProfileData } from './model.ts'

/** Instants, epoch ms, half-open: what a profile's answer covers. */
export interface ProfileSpan {
  readonly from: number
  readonly to: number
}

/**
 * The span that ends now, with the bucket under way.
 * @param now epoch ms
 */
export const spanUpTo = ({ grain, overMs }: Pick<ProfileData, 'grain' | 'overMs'>, now: number): ProfileSpan =>
  spanTo(nextBucketStart(grain)(now), overMs)

/**
 * The span before an instant: it ends where the bucket begins that the instant lies in, so nothing in it happened at the
 * instant or later.
 * @param asOf epoch ms
 */
export const spanBefore = ({ grain, overMs }: Pick<ProfileData, 'grain' | 'overMs'>, asOf: number): ProfileSpan =>
  spanTo(bucketStart(grain)(asOf), overMs)

/** Nothing that is kept happened before the year 1. */
const spanTo = (to: number, overMs: number): ProfileSpan => ({ from: Math.max(to - overMs, earliestMs), to })
