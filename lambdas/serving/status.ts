import type { ModelData } from '../../core/model.ts'
import { windowSlackMs } from '../../core/window.ts'
import type { Archive } from '../../stores/archive/archive.ts'
import type { States } from '../../stores/states/states.ts'
import type { Stream } from '../../stores/stream/stream.ts'
import type { ShardWindow, WindowStore } from '../../stores/window/window.ts'
import { findMetric } from './metrics.ts'
import { Reach } from './reach.ts'
import { horizonOf, newestOf } from './window-newest.ts'

/** Two parts asked one after the other are answered for before the API gives up (29 s). */
const defaultLimitMs = 8000

export interface StatusSources {
  readonly model: ModelData
  /** The deployed model, where another one is served until the first dataset of it is. */
  readonly building: ModelData | null
  readonly states: Pick<States, 'read'>
  readonly archive: Pick<Archive, 'listRaw'>
  readonly stream: Pick<Stream, 'shards' | 'oldestAfter'>
  readonly windows: Pick<WindowStore, 'shards' | 'read' | 'emptiedBefore'>
  /** How long a part may take to answer, ms. */
  readonly limitMs?: number
}

const inTotal = { per: null, by: [], where: [], layer: null, from: null, to: null, pin: null, limit: 1, offset: 0 }

/**
 * How far each part is in each shard, and what is served. Sequence numbers are padded; null: nothing yet, or a part that
 * `unreachable` names did not answer.
 */
export const status = async (sources: StatusSources) => {
  const { model, states, windows } = sources
  const reach = new Reach(sources.limitMs ?? defaultLimitMs)
  const rejectedMetric = findMetric(model, 'rejected')
  const [answer, listed, held] = await Promise.all([
    reach.ask('warehouse', () => states.read({ ...inTotal, metric: rejectedMetric })),
    reach.ask('stream', () => sources.stream.shards()),
    reach.ask('windows', async () => ({
      shards: await windows.read(await windows.shards(), []),
      emptiedBefore: await windows.emptiedBefore(),
    })),
  ])
  const windowShards = held?.shards ?? []
  const snapshot = answer?.snapshot ?? null
  const known = listed?.map(({ shardId }) => shardId) ?? Object.keys(snapshot?.positions ?? {}).sort()
  const shards = await Promise.all(
    known.map(async (shardId) => {
      const mark = snapshot?.marks[shardId] ?? null
      // Without its mark to start from, a shard's whole history would be listed.
      const archived =
        snapshot === null ? null : await reach.ask('archive', () => archivedTo(sources.archive, shardId, mark))
      const parts = {
        archive: archived ?? mark,
        speedTable: reached(snapshot?.positions[shardId]),
        window: windowShards.find((shard) => shard.shardId === shardId)?.position?.position ?? null,
      }
      return { shardId, ...parts, mark, waitingSince: await waitingSince(sources, reach, shardId, parts) }
    }),
  )
  // A stage without records has lost none.
  const emptiedBefore = shards.some(hasRecords) ? (held?.emptiedBefore ?? null) : null
  const lost = lostWindows(model, windowShards, emptiedBefore)
  const isAnyIn = windowShards.some(({ position }) => position !== null)
  return {
    modelVersion: model.version,
    /** The model that is deployed, where it is not served yet. */
    building: sources.building?.version ?? null,
    live: snapshot === null || snapshot.datasetId === '' ? null : snapshot.datasetId,
    sealedAt: snapshot?.sealedAt ?? null,
    committedAt: snapshot?.committedAt ?? null,
    shards,
    newestEventTime: isoOf(newestOf(windowShards)),
    refilling: lost.length > 0,
    /** The latest of the shards': what arrived from here on is in. null: nothing is in yet. */
    refillingSince: lost.length > 0 && isAnyIn ? isoOf(Math.max(...lost)) : null,
    rejected: Number(answer?.cells[0]?.value ?? 0),
    unreachable: reach.unreachable,
  }
}

interface Parts {
  readonly archive: string | null
  readonly speedTable: string | null
  readonly window: string | null
}

/** When the oldest record arrived that some part has not passed, ISO 8601; null: all have passed all, or it is not known. */
const waitingSince = async (
  { stream }: StatusSources,
  reach: Reach,
  shardId: string,
  parts: Parts,
): Promise<string | null> => {
  const { warehouse, archive, windows } = reach.unreachable
  const asked = [
    ...(warehouse === undefined ? [parts.speedTable] : []),
    ...(warehouse === undefined && archive === undefined ? [parts.archive] : []),
    ...(windows === undefined ? [parts.window] : []),
  ]
  const [furthestBehind] = asked.map((position) => position ?? '').sort()
  if (furthestBehind === undefined) return null
  return isoOf(await reach.ask('stream', () => stream.oldestAfter(shardId, furthestBehind)))
}

const hasRecords = ({ archive, speedTable }: Parts): boolean => archive !== null || speedTable !== null

/** When the windows, all or a shard's, began anew (epoch ms) that are still shorter than the longest one. */
const lostWindows = (model: ModelData, shards: readonly ShardWindow[], emptiedBefore: number | null): number[] => {
  const horizon = horizonOf(shards)
  const longestMs = Math.max(0, ...model.metrics.map(({ liveMs }) => liveMs ?? 0))
  const restarted = shards.flatMap(({ position }) => (position?.restarted === true ? [position.startedAt] : []))
  const begun = emptiedBefore === null ? restarted : [emptiedBefore, ...restarted]
  return begun.filter((since) => horizon === null || horizon - longestMs < since + windowSlackMs(model))
}

const isoOf = (instant: number | null): string | null => (instant === null ? null : new Date(instant).toISOString())

/** A shard's row begins at zero, before its first record. */
const reached = (position: string | undefined): string | null =>
  position === undefined || /^0*$/.test(position) ? null : position

const archivedTo = async (
  archive: Pick<Archive, 'listRaw'>,
  shardId: string,
  mark: string | null,
): Promise<string | null> => {
  let last: string | null = null
  for await (const object of archive.listRaw(shardId, mark)) if (last === null || object.last > last) last = object.last
  return last
}
