import { eventsVersion, type LineUp, type Running } from '../../core/line-up.ts'
import type { RawRecord } from '../../core/record.ts'
import { metricKey } from '../../core/window.ts'
import { encodeChunk, mergeIntoChunk } from '../../core/window-chunk.ts'
import type { LatestExclusions } from '../../stores/archive/exclusions.ts'
import type { LatestModels, LineUps } from '../../stores/models/line-ups.ts'
import {
  type ChunkWrite,
  commitLimits,
  deletesBeside,
  type WindowPosition,
  type WindowStore,
} from '../../stores/window/window.ts'
import type { DuplicateCheck } from './duplicate-check.ts'
import {
  liveMetrics,
  mergeRecords,
  type PlacedContribution,
  placeRecords,
  prefixWithin,
  type WindowRecord,
} from './window-batch.ts'
import { isSetBack, KnownShard } from './window-shard.ts'

/** What became of one event's records. */
export interface WindowOutcome {
  readonly shardId: string
  /** In by commits of this call. */
  readonly committed: number
  /** At or below the position: in already. */
  readonly repeated: number
  /** Contributions to slices that are in no window any more. */
  readonly late: number
  readonly rejected: number
  readonly excluded: number
  /** Of those committed, what their producer had sent before, and adds nothing. */
  readonly duplicates: number
  /** Chunks written. */
  readonly chunks: number
  readonly conflicts: number
}

export interface WindowWriterOptions {
  readonly models: Pick<LatestModels, 'current'>
  readonly lineUps: Pick<LineUps, 'of'>
  readonly store: WindowStore
  readonly exclusions: Pick<LatestExclusions, 'current'>
  readonly duplicates: DuplicateCheck
  /** A new, unique name for an epoch. */
  readonly newEpoch: () => string
  readonly maxChunks?: number
}

/** What the windows are counted by, at one moment. */
interface Counting {
  readonly lineUp: LineUp
  readonly running: readonly Running[]
  readonly metricKeys: readonly string[]
}

type Tally = { -readonly [K in keyof WindowOutcome]: WindowOutcome[K] }

const maxConflicts = 10
const dayMs = 86_400_000

/** Adds records to their shard's windows, each once, whatever is retried, redelivered or abandoned and still running. */
export class WindowWriter {
  readonly #models: WindowWriterOptions['models']
  readonly #lineUps: WindowWriterOptions['lineUps']
  readonly #store: WindowStore
  readonly #exclusions: WindowWriterOptions['exclusions']
  readonly #duplicates: DuplicateCheck
  readonly #newEpoch: () => string
  readonly #maxChunks: number
  readonly #known = new Map<string, KnownShard>()
  /** How far each shard was seen to be, by its own commits and others'; unlike what is known, it outlives failures. */
  readonly #seen = new Map<string, WindowPosition>()

  constructor({
    models,
    lineUps,
    store,
    exclusions,
    duplicates,
    newEpoch,
    maxChunks = commitLimits.writes,
  }: WindowWriterOptions) {
    this.#models = models
    this.#lineUps = lineUps
    this.#store = store
    this.#exclusions = exclusions
    this.#duplicates = duplicates
    this.#newEpoch = newEpoch
    this.#maxChunks = maxChunks
  }

  /**
   * @param records one shard's, in the stream's order
   * @throws where the store or the check for duplicates fails, or the shard moves under every try; nothing is counted twice if all come again.
   */
  async write(shardId: string, records: readonly RawRecord[]): Promise<WindowOutcome> {
    const tally: Tally = {
      shardId,
      committed: 0,
      repeated: 0,
      late: 0,
      rejected: 0,
      excluded: 0,
      duplicates: 0,
      chunks: 0,
      conflicts: 0,
    }
    const counting = await this.#counting()
    const placed = await this.#place(shardId, counting.running, records)
    tally.excluded = placed.filter(({ isExcluded }) => isExcluded).length
    tally.rejected = placed.filter(({ eventTime }) => eventTime === null).length - tally.excluded
    let known = await this.#take(shardId)
    for (;;) {
      const position = known.position?.position ?? ''
      const rest = placed.filter(({ sequenceNumber }) => sequenceNumber > position)
      if (rest.length === 0 && known.isConfirmed) {
        tally.repeated = records.length - tally.committed
        known.isConfirmed = false
        this.#known.set(shardId, known)
        return tally
      }
      const part = prefixWithin(rest, this.#maxChunks)
      if (part.length > 0 && (await this.#commit(shardId, known, { part, counting }, tally))) continue
      if (part.length > 0) tally.conflicts += 1
      if (tally.conflicts > maxConflicts)
        throw new Error(`The window of ${shardId} moved ${tally.conflicts} times under this writer; try again.`)
      known = await this.#open(shardId)
    }
  }

  /** Asks about all records, those already in too: the window may turn out to be emptied, and begin with them anew. */
  async #place(shardId: string, running: readonly Running[], records: readonly RawRecord[]): Promise<WindowRecord[]> {
    const told = new Map<string, readonly boolean[]>()
    const byModel: WindowRecord[][] = []
    for (const one of running) {
      const placed = placeRecords(one, records, await this.#exclusions.current(one.model.data))
      // Models that take the same for events tell the same twins.
      const events = eventsVersion(one.model.data)
      const candidates = placed.map(({ candidate }) => candidate)
      const isDuplicate = told.get(events) ?? (await this.#duplicates.check(shardId, candidates)).isDuplicate
      told.set(events, isDuplicate)
      byModel.push(
        placed.map((record, at) =>
          isDuplicate[at] === true ? { ...record, isDuplicate: true, contributions: [] } : record,
        ),
      )
    }
    return mergeRecords(byModel)
  }

  async #counting(): Promise<Counting> {
    const { lineUp } = await this.#models.current()
    const running = await this.#lineUps.of(lineUp)
    const metricKeys = running.flatMap((one) => Array.from(liveMetrics(one).values(), metricKey))
    return { lineUp, running, metricKeys }
  }

  /** Takes what is known out of memory: it comes back only once it is confirmed. */
  async #take(shardId: string): Promise<KnownShard> {
    const known = this.#known.get(shardId)
    this.#known.delete(shardId)
    return known ?? (await this.#open(shardId))
  }

  async #open(shardId: string): Promise<KnownShard> {
    const { position, index } = await this.#store.open(shardId)
    // One that was set back is measured by what was seen before, until it is begun anew.
    if (position !== null && !isSetBack(position, this.#seen.get(shardId))) this.#seen.set(shardId, position)
    return new KnownShard(position, index)
  }

  /** One commit of some records. Changes `known` at once, so it must be dropped unless this returns true. */
  async #commit(
    shardId: string,
    known: KnownShard,
    { part, counting }: { readonly part: readonly WindowRecord[]; readonly counting: Counting },
    tally: Tally,
  ): Promise<boolean> {
    const next = await this.#nextPosition(shardId, known.position, { part, counting })
    const horizon = next.horizon ?? Number.NEGATIVE_INFINITY
    const byChunk = new Map<string, PlacedContribution[]>()
    let late = 0
    for (const { contributions } of part)
      for (const placed of contributions) {
        if (placed.goneAt <= horizon) late += 1
        else append(byChunk, placed)
      }
    const writes = await this.#merge(shardId, known, byChunk, horizon)
    const deletes = Array.from(known.index)
      // What an older version of this code wrote may be listed as gone earlier.
      .filter(([name, goneAt]) => goneAt <= horizon && !byChunk.has(name))
      .map(([name]) => name)
      .slice(0, deletesBeside(writes.length))
    const expected = known.position
    if ((await this.#store.commit({ shardId, expected, next, writes, deletes })) === 'conflict') return false
    known.position = next
    this.#seen.set(shardId, next)
    known.isConfirmed = true
    for (const { name, goneAt } of writes) known.index.set(name, goneAt)
    known.forget(deletes)
    tally.committed += part.length
    tally.late += late
    tally.duplicates += part.filter(({ isDuplicate }) => isDuplicate).length
    tally.chunks += writes.length
    return true
  }

  async #merge(
    shardId: string,
    known: KnownShard,
    byChunk: ReadonlyMap<string, readonly PlacedContribution[]>,
    horizon: number,
  ): Promise<ChunkWrite[]> {
    const writes: ChunkWrite[] = []
    for (const [name, chunk] of await known.chunks(this.#store, shardId, [...byChunk.keys()])) {
      const contributions = byChunk.get(name) ?? []
      for (const { start, metric, contribution } of contributions) mergeIntoChunk(chunk, start, metric, contribution)
      const [first] = contributions
      if (first === undefined) continue
      // A slice of the future is needed for longer than its window.
      const ttlMs = Math.max(first.metric.liveMs, first.goneAt - horizon) + dayMs
      writes.push({ name, value: encodeChunk(chunk), goneAt: first.goneAt, ttlMs })
    }
    return writes
  }

  async #nextPosition(
    shardId: string,
    held: WindowPosition | null,
    { part, counting: { lineUp, metricKeys } }: { readonly part: readonly WindowRecord[]; readonly counting: Counting },
  ): Promise<WindowPosition> {
    const [first, last] = [part[0], part[part.length - 1]]
    if (first === undefined || last === undefined) throw new Error('A window commit holds no record.')
    let newestEventTime = held?.newestEventTime ?? null
    for (const { eventTime } of part)
      if (eventTime !== null && (newestEventTime === null || eventTime > newestEventTime)) newestEventTime = eventTime
    const wasSetBack = isSetBack(held, this.#seen.get(shardId))
    const wasEmptied = held === null && (await this.#store.emptiedBefore()) !== null
    // Whoever goes on from what was lost shall find another epoch, and all that was lost had arrived before these records.
    const epoch = held === null || wasSetBack ? null : held
    const newSince = held === null ? 0 : first.arrivalTime
    return {
      position: last.sequenceNumber,
      revision: (epoch?.revision ?? 0) + 1,
      lineUp,
      epoch: epoch?.epoch ?? this.#newEpoch(),
      newestEventTime,
      horizon: horizonOf(held, newestEventTime, part),
      startedAt: epoch?.startedAt ?? Math.max(first.arrivalTime, held?.startedAt ?? first.arrivalTime),
      restarted: epoch?.restarted ?? (wasSetBack || wasEmptied),
      since: Object.fromEntries(metricKeys.map((key) => [key, held?.since[key] ?? newSince])),
    }
  }
}

/** As far as the shard's newest event is, but never ahead of what has arrived; it never goes back. */
const horizonOf = (
  held: WindowPosition | null,
  newestEventTime: number | null,
  part: readonly WindowRecord[],
): number | null => {
  if (newestEventTime === null) return null
  const newestArrival = part.reduce(
    (newest, { arrivalTime }) => Math.max(newest, arrivalTime),
    Number.NEGATIVE_INFINITY,
  )
  return Math.max(held?.horizon ?? Number.NEGATIVE_INFINITY, Math.min(newestEventTime, newestArrival))
}

const append = (byChunk: Map<string, PlacedContribution[]>, placed: PlacedContribution): void => {
  const group = byChunk.get(placed.name)
  if (group === undefined) byChunk.set(placed.name, [placed])
  else group.push(placed)
}
