import type { Contribution } from '../../core/contribution.ts'
import type { IsExcluded } from '../../core/exclusion.ts'
import { eventsVersion, type Running } from '../../core/line-up.ts'
import type { RawRecord } from '../../core/record.ts'
import { chunkGoneAt, chunkName, chunkStart, type LiveMetric, liveMetric } from '../../core/window.ts'
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

/** The metrics that keep windows, of those that a model of a line-up counts, by name. */
export const liveMetrics = ({ model, counts }: Running): Map<string, LiveMetric> => {
  const metrics = new Map<string, LiveMetric>()
  for (const data of model.data.metrics) {
    const metric = liveMetric(data)
    if (metric !== null && counts.get(metric.name) === metric.version) metrics.set(metric.name, metric)
  }
  return metrics
}

/** Decodes records and places their contributions: none of what is excluded, all of duplicates. Pure: the same records give the same. */
export const placeRecords = (
  running: Running,
  records: readonly RawRecord[],
  isExcluded: IsExcluded,
): WindowRecord[] => {
  const { model } = running
  const metrics = liveMetrics(running)
  const events = eventsVersion(model.data)
  return records.map((record) => {
    const decoded = model.decode(record)
    const isLeftOut = isExcluded(decoded)
    const contributions = (isLeftOut ? [] : model.liveContributions(decoded)).flatMap((contribution) => {
      const metric = metrics.get(contribution.metric)
      // A newer model of the line-up counts it.
      if (metric === undefined) return []
      const start = chunkStart(contribution.bucket, metric)
      const goneAt = chunkGoneAt(metric, start)
      return [{ contribution, metric, name: chunkName(metric, start), start, goneAt }]
    })
    const eventTime = decoded.rejection === null && !isLeftOut ? decoded.eventTime : null
    const { sequenceNumber, arrivalTime } = record
    const candidate = candidateOf(record, isLeftOut ? null : decoded, events)
    const place = { sequenceNumber, arrivalTime, eventTime, candidate }
    return { ...place, isExcluded: isLeftOut, isDuplicate: false, contributions }
  })
}

/** The same records as several models see them, as one each: told as the first model sees them, with all contributions. */
export const mergeRecords = ([first = [], ...others]: readonly (readonly WindowRecord[])[]): WindowRecord[] =>
  first.map((record, at) => {
    const all = [record, ...others.flatMap((records) => records[at] ?? [])]
    const times = all.flatMap(({ eventTime }) => eventTime ?? [])
    return {
      ...record,
      eventTime: times.length === 0 ? null : Math.max(...times),
      contributions: all.flatMap(({ contributions }) => contributions),
    }
  })

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
