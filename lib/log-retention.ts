import type { Duration } from 'aws-cdk-lib'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'

/** @throws for a time that CloudWatch Logs can't keep logs for: it knows only certain numbers of days. */
export const retentionOf = (time: Duration): RetentionDays => {
  const days = time.toDays()
  if (!(days in RetentionDays)) throw new Error(`CloudWatch Logs keeps no log for ${days} days; see RetentionDays.`)
  return days
}
