import type { MetricData, ModelData } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import {
  chunksBetween,
  earliestChunk,
  type LiveMetric,
  liveMetric,
  metricKey,
  windowSlackMs,
} from '../../core/window.ts'
import { decodeChunk } from '../../core/window-chunk.ts'
import type { ShardWindow, WindowStore } from '../../stores/window/window.ts'
import { horizonOf, newestOf } from './window-newest.ts'
import { type Row, WindowRows } from './window-rows.ts'

export interface WindowQuestion {
  readonly model: ModelData
  readonly store: Pick<WindowStore, 'shards' | 'read' | 'emptiedBefore'>
  readonly metric: string
  /** The window's length: a multiple of the metric's slice, no longer than its `live`. */
  readonly lastMs: number
  /** The window's end: an instant (epoch ms), now, or the newest event that was seen. */
  readonly asOf: number | 'now' | 'latest'
  /** Dimensions to split by; none: one row. */
  readonly by?: readonly string[]
  /** Dimensions' values to keep. */
  readonly where?: Readonly<Record<string, string | number | boolean | null>>
  /** Epoch ms. */
  readonly now: number
}

/** Where a window's answer came from, and how whole it is. */
export interface WindowReceipt {
  readonly layer: 'speed'
  /** The last sequence number that is in, by shard. */
  readonly positions: Readonly<Record<string, string>>
  /** Over all shards and events, epoch ms; null: no event was seen. */
  readonly newestEventTime: number | null
  /** Events of this window may be missing: the cache was emptied or evicted, or the metric changed, too recently. */
  readonly refilling: boolean
  /** Where refilling: events that arrived from here on (epoch ms) are in; null: even some of these are missing. */
  readonly refillingSince: number | null
  readonly modelVersion: string
  readonly from: number
  readonly to: number
  readonly sliceMs: number
}

export interface WindowAnswer {
  readonly metric: string
  readonly unit: string
  readonly rows: readonly Row[]
  readonly receipt: WindowReceipt
}

/**
 * A metric over `[to - last, to)`, `to` being `asOf` rounded up to a slice's edge.
 * @throws Problem unknown_metric, no_window, invalid_last, unknown_dimension, window_out_of_reach
 */
export const answerWindow = async (question: WindowQuestion): Promise<WindowAnswer> => {
  const { model, store, lastMs } = question
  const metric = findMetric(model, question.metric)
  const live = findLive(metric)
  checkLast(live, lastMs)
  const rows = new WindowRows(metric, question.by ?? [], question.where ?? {})
  const shardIds = await store.shards()
  const to = await windowEnd(question, live, shardIds)
  const from = to - lastMs
  const chunks = chunksBetween(live, from, to)
  const shards = await store.read(
    shardIds,
    chunks.map(({ name }) => name),
  )
  // Asked last: what is whole after all was read was whole while it was read.
  const emptiedBefore = await store.emptiedBefore()
  checkReach(live, shards, from)
  let isPartial = false
  for (const shard of shards) {
    isPartial ||= shard.lost.length > 0
    for (const [at, text] of shard.chunks.entries()) {
      const start = chunks[at]?.start
      if (text === null || start === undefined) continue
      const chunk = decodeChunk(text)
      isPartial ||= chunk.partial
      for (const cell of chunk.cells.values()) {
        const slice = start + cell.offset * live.sliceMs
        if (slice >= from && slice < to) rows.add(cell)
      }
    }
  }
  const receipt = {
    ...receiptOf(model, live, { shards, isPartial, emptiedBefore }, from),
    from,
    to,
    sliceMs: live.sliceMs,
  }
  return { metric: metric.name, unit: metric.measure.unit, rows: rows.answer(), receipt }
}

const findMetric = (model: ModelData, name: string): MetricData => {
  const metric = model.metrics.find((candidate) => candidate.name === name)
  if (metric !== undefined) return metric
  const metrics = model.metrics.map((candidate) => candidate.name)
  throw new Problem('unknown_metric', 404, `There is no metric ${name}.`, { metrics })
}

const findLive = (metric: MetricData): LiveMetric => {
  const live = liveMetric(metric)
  if (live !== null) return live
  throw new Problem('no_window', 400, `Metric ${metric.name} keeps no sliding window: its definition has no live.`)
}

const checkLast = ({ name, liveMs, sliceMs }: LiveMetric, lastMs: number): void => {
  if (Number.isInteger(lastMs) && lastMs > 0 && lastMs <= liveMs && lastMs % sliceMs === 0) return
  const detail = `A window of ${name} is a multiple of ${sliceMs} ms and at most ${liveMs} ms long; ${lastMs} ms is not.`
  throw new Problem('invalid_last', 400, detail, { sliceMs, liveMs })
}

const windowEnd = async (
  { store, asOf, now }: WindowQuestion,
  { sliceMs }: LiveMetric,
  shardIds: readonly string[],
): Promise<number> => {
  const ceil = (instant: number): number => Math.ceil(instant / sliceMs) * sliceMs
  if (asOf === 'now') return ceil(now)
  if (asOf !== 'latest') return ceil(asOf)
  const newest = newestOf(await store.read(shardIds, []))
  return newest === null ? ceil(now) : Math.floor(newest / sliceMs) * sliceMs + sliceMs
}

/** A shard drops what no window as of its horizon, or up to an hour before, can hold: an older one would be answered too low. */
const checkReach = (live: LiveMetric, shards: readonly ShardWindow[], from: number): void => {
  const horizon = horizonOf(shards)
  if (horizon === null) return
  const reach = earliestChunk(live, horizon)
  if (from >= reach) return
  const detail = `A window from ${new Date(from).toISOString()} reaches further back than ${new Date(reach).toISOString()}, where the windows of ${live.name} begin. Ask for the metric's history instead.`
  throw new Problem('window_out_of_reach', 400, detail, { earliestFrom: reach })
}

/** What one answer was made of. */
interface Held {
  readonly shards: readonly ShardWindow[]
  /** Some chunk is gone, or was built on one that was. */
  readonly isPartial: boolean
  /** When the whole store had been emptied, epoch ms; null: never. */
  readonly emptiedBefore: number | null
}

const receiptOf = (
  model: ModelData,
  live: LiveMetric,
  { shards, isPartial, emptiedBefore }: Held,
  from: number,
): Omit<WindowReceipt, 'from' | 'to' | 'sliceMs'> => {
  const positions: Record<string, string> = {}
  const unfilled: (number | null)[] = isPartial ? [null] : []
  const slackMs = windowSlackMs(model)
  // An event arrives at most slackMs before the time it claims, so all of a later window's arrived after `since`.
  const reachesBefore = (since: number): boolean => from < since + slackMs
  // What an emptied store lost had arrived before. Its shards can't tell: those that are idle since are not even listed.
  if (emptiedBefore !== null && reachesBefore(emptiedBefore)) unfilled.push(emptiedBefore)
  for (const { shardId, position } of shards) {
    if (position === null) continue
    positions[shardId] = position.position
    if (position.restarted && reachesBefore(position.startedAt)) unfilled.push(position.startedAt)
    // Where all of the epoch's events are older than the window, a change of the metric leaves nothing to refill.
    if (position.newestEventTime === null || position.newestEventTime < from) continue
    const since = position.since[metricKey(live)]
    if (since === undefined) unfilled.push(null)
    else if (since > 0 && reachesBefore(since)) unfilled.push(since)
  }
  const known = unfilled.filter((since) => since !== null)
  return {
    layer: 'speed',
    positions,
    newestEventTime: newestOf(shards),
    refilling: unfilled.length > 0,
    refillingSince: known.length === unfilled.length && known.length > 0 ? Math.max(...known) : null,
    modelVersion: model.version,
  }
}
