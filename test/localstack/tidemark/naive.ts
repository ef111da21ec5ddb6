import type { Contribution } from '../../../core/contribution.ts'
import type { Model } from '../../../core/model.ts'
import type { RawRecord } from '../../../core/record.ts'

/** An independent, slow recount: every value by bucket and dimensions, from the records themselves. */
export const naiveCounts = (model: Model, records: readonly RawRecord[], metric: string): Record<string, number> => {
  const totals: Record<string, number> = {}
  for (const contribution of contributionsOf(model, records, metric)) {
    const key = `${new Date(contribution.bucket).toISOString()} ${JSON.stringify(contribution.dims)}`
    totals[key] = (totals[key] ?? 0) + contribution.value
  }
  return totals
}

const contributionsOf = (model: Model, records: readonly RawRecord[], metric: string): Contribution[] =>
  records
    .flatMap((record) => model.contributions(model.decode(record), 'batch'))
    .filter((each) => each.metric === metric)
