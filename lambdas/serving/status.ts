import type { ModelData } from '../../core/model.ts'
import type { Archive } from '../../stores/archive/archive.ts'
import type { States } from '../../stores/states/states.ts'
import type { Stream } from '../../stores/stream/stream.ts'
import type { WindowStore } from '../../stores/window/window.ts'
import { findMetric } from './metrics.ts'

export interface StatusSources {
  readonly model: ModelData
  readonly states: Pick<States, 'read'>
  readonly archive: Pick<Archive, 'listRaw'>
  readonly stream: Pick<Stream, 'shards'>
  readonly windows: Pick<WindowStore, 'shards' | 'read'>
}

const inTotal = { per: null, by: [], where: [], layer: null, from: null, to: null, pin: null, limit: 1, offset: 0 }

/** How far each part is in each shard, and what is served. Sequence numbers are padded; null: nothing yet. */
export const status = async (sources: StatusSources) => {
  const { model, states, windows } = sources
  const rejectedMetric = findMetric(model, 'rejected')
  const [{ snapshot, cells }, shardIds, windowShards] = await Promise.all([
    states.read({ ...inTotal, metric: rejectedMetric }),
    sources.stream.shards(),
    windows.shards().then((known) => windows.read(known, [])),
  ])
  const shards = await Promise.all(
    shardIds.map(async ({ shardId }) => {
      const mark = snapshot.marks[shardId] ?? null
      return {
        shardId,
        archive: (await archivedTo(sources.archive, shardId, mark)) ?? mark,
        speedTable: reached(snapshot.positions[shardId]),
        window: windowShards.find((shard) => shard.shardId === shardId)?.position?.position ?? null,
        mark,
      }
    }),
  )
  const newest = windowShards.map(({ position }) => position?.newestEventTime ?? Number.NEGATIVE_INFINITY)
  const newestEventTime = Math.max(Number.NEGATIVE_INFINITY, ...newest)
  return {
    modelVersion: model.version,
    live: snapshot.datasetId === '' ? null : snapshot.datasetId,
    sealedAt: snapshot.sealedAt,
    committedAt: snapshot.committedAt,
    shards,
    newestEventTime: Number.isFinite(newestEventTime) ? new Date(newestEventTime).toISOString() : null,
    refilling: windowShards.some(({ position }) => position?.restarted === true),
    rejected: Number(cells[0]?.value ?? 0),
  }
}

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
