import type { Contribution } from '../../core/contribution.ts'
import type { IsExcluded } from '../../core/exclusion.ts'
import type { Model } from '../../core/model.ts'
import type { RawRecord } from '../../core/record.ts'
import { chunkGoneAt, chunkName, chunkStart, type LiveMetric, liveMetric, windowSlackMs } from '../../core/window.ts'
import { type Candidate, candidateOf } from './duplicate-check.ts'

/** One record as the window sees it. */
export interface WindowRecord {
  readonly sequenceNumber: string
  readonly arrivalTime: number
  /** null: rejected or excluded, and no event. */
  readonly eventTime: number | null
  readonly isExcluded: boolean
  readonly candidate: Candidate
  /** It adds nothing. */
  readonly isDuplicate: boolean
  readonly contributions: readonly PlacedContribution[]
}

/** A contribution with the chunk that it goes to. */
export interface PlacedContribution {
  readonly contribution: Contribution
  readonly metric: LiveMetric
  readonly name: string
  readonly start: number
  readonly goneAt: number
}

/** The metrics of a model that keep windows, by name. */
export const liveMetrics = (model: Model): Map<string, LiveMetric> => {
  const metrics = new Map<string, LiveMetric>()
  for (const data of model.data.metrics) {
    const metric = liveMetric(data)
    if (metric !== null) metrics.set(metric.name, metric)
  }
  return metrics
}

/** Decodes records and places their contributions: none of what is excluded, all of duplicates. Pure: the same records give the same. */
export const placeRecords = (model: Model, records: readonly RawRecord[], isExcluded: IsExcluded): WindowRecord[] => {
  const metrics = liveMetrics(model)
  const slackMs = windowSlackMs(model.data)
  return records.map((record) => {
    const decoded = model.decode(record)
    const isLeftOut = isExcluded(decoded)
    const contributions = (isLeftOut ? [] : model.liveContributions(decoded)).map((contribution) => {
      const metric = metrics.get(contribution.metric)
      if (metric === undefined)
        throw new Error(`A live contribution names ${contribution.metric}, which keeps no window.`)
      const start = chunkStart(contribution.bucket, metric)
      const goneAt = chunkGoneAt(metric, start, slackMs)
      return { contribution, metric, name: chunkName(metric, start), start, goneAt }
    })
    const eventTime = decoded.rejection === null && !isLeftOut ? decoded.eventTime : null
    const { sequenceNumber, arrivalTime } = record
    const candidate = candidateOf(record, isLeftOut ? null : decoded)
    const place = { sequenceNumber, arrivalTime, eventTime, candidate }
    return { ...place, isExcluded: isLeftOut, isDuplicate: false, contributions }
  })
}

/**
 * The longest prefix of the records that touches no more chunks than allowed, but one record at least. It ends between
 * two sequence numbers, because the position that a commit moves to is one: what an aggregate holds goes in whole.
 */
export const prefixWithin = (records: readonly WindowRecord[], maxChunks: number): readonly WindowRecord[] => {
  const names = new Set<string>()
  let start = 0
  for (const [index, { contributions, sequenceNumber }] of records.entries()) {
    if (sequenceNumber !== records[start]?.sequenceNumber) start = index
    for (const { name } of contributions) names.add(name)
    if (names.size > maxChunks && start > 0) return records.slice(0, start)
  }
  return records
}
