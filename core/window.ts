import type { MetricData, ModelData } from './model.ts'

/** A metric that keeps a sliding window. */
export interface LiveMetric {
  readonly name: string
  readonly version: string
  readonly liveMs: number
  readonly sliceMs: number
}

/** Slices are stored 60 to a chunk, so that a window is few keys and a micro-batch touches few. */
export const slicesPerChunk = 60

const chunkMs = (metric: Pick<LiveMetric, 'sliceMs'>): number => metric.sliceMs * slicesPerChunk

/** The start of the chunk that a slice lies in, epoch ms UTC. */
export const chunkStart = (slice: number, metric: Pick<LiveMetric, 'sliceMs'>): number =>
  Math.floor(slice / chunkMs(metric)) * chunkMs(metric)

/** A metric of one version, as positions name it. Old versions' chunks age out under their own names. */
export const metricKey = (metric: Pick<LiveMetric, 'name' | 'version'>): string => `${metric.name}:${metric.version}`

/** A chunk's name within its shard. */
export const chunkName = (metric: Pick<LiveMetric, 'name' | 'version'>, start: number): string =>
  `${metricKey(metric)}:${start}`

/** The names of the chunks that hold the slices in `[from, to)`, in order, with their starts. */
export const chunksBetween = (metric: LiveMetric, from: number, to: number): { name: string; start: number }[] => {
  const chunks: { name: string; start: number }[] = []
  for (let start = chunkStart(from, metric); start < to; start += chunkMs(metric))
    chunks.push({ name: chunkName(metric, start), start })
  return chunks
}

/** The metric's live form; null where it keeps no window. */
export const liveMetric = ({ name, version, liveMs, sliceMs }: MetricData): LiveMetric | null =>
  liveMs === null || sliceMs === null ? null : { name, version, liveMs, sliceMs }

/** How long before the time that it claims an event of the model may arrive, at most. */
export const windowSlackMs = (data: ModelData): number =>
  data.events.reduce((longest, { acceptEarlyMs }) => Math.max(longest, acceptEarlyMs), 0)

/** How much longer than its window a slice is kept, so that windows as of up to an hour ago are answered. No model changes it. */
export const windowGraceMs = 3_600_000

/** The shard's horizon from which on the chunk is in no window any more: the same for all who count this version. */
export const chunkGoneAt = (metric: LiveMetric, start: number): number =>
  start + chunkMs(metric) + metric.liveMs + windowGraceMs

/** The start of the earliest chunk that every shard up to this horizon still holds. */
export const earliestChunk = (metric: LiveMetric, horizon: number): number =>
  chunkStart(horizon - metric.liveMs - windowGraceMs, metric)
