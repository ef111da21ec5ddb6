import { keepers, type Model } from '../../core/model.ts'
import type { Decoded, RawRecord } from '../../core/record.ts'
import { fold } from '../../core/state.ts'
import type { Exclusions } from '../../stores/archive/exclusions.ts'
import type { SpeedLedger, SpeedPosition } from '../../stores/ledger/speed-ledger.ts'
import { TransactionFailed, TransactionUnknown } from '../../stores/warehouse/warehouse.ts'
import { candidateOf, type DuplicateCheck } from './duplicate-check.ts'
import { RegisterMemory } from './register-memory.ts'

export interface TableWriterOptions {
  readonly model: Model
  readonly ledger: SpeedLedger
  readonly exclusions: Pick<Exclusions, 'at'>
  readonly duplicates: DuplicateCheck
  readonly now: () => number
}

export interface Written {
  readonly shardId: string
  /** The shard's position now. */
  readonly position: string
  readonly records: number
  /** Records that an earlier invocation had committed already. */
  readonly alreadyCounted: number
  /** Records left out, by the exclusions of the shard's position. */
  readonly excluded: number
  /** Records that their producer had sent before, and that add nothing. */
  readonly duplicates: number
  /** Events that may be duplicates of earlier invocations' events, which could not be asked about. */
  readonly unchecked: number
  readonly uncheckedBecause: string | null
  readonly rows: number
}

interface Shard {
  position: SpeedPosition
  registers: RegisterMemory
}

/** How often a micro-batch is tried again within one invocation after the position turned out to have moved. */
const maxAttempts = 3

/** Writes shards' records to the speed table. What it remembers of a shard it committed itself. */
export class TableWriter {
  readonly #options: TableWriterOptions
  readonly #versions: ReadonlyMap<string, string>
  readonly #shards = new Map<string, Shard>()

  constructor(options: TableWriterOptions) {
    this.#options = options
    this.#versions = new Map(keepers(options.model.data).map(({ name, version }) => [name, version]))
  }

  /**
   * Counts the records once, whatever was tried before: those at or below the shard's position are left out.
   * @throws what the warehouse said, where the position had not moved: the batch is to be brought again
   */
  async write(shardId: string, records: readonly RawRecord[]): Promise<Written> {
    for (let attempt = 1; ; attempt++) {
      const shard = await this.#shard(shardId)
      try {
        return await this.#writeParts(shardId, shard, records)
      } catch (error) {
        this.#shards.delete(shardId)
        const uncommitted = error instanceof TransactionFailed || error instanceof TransactionUnknown
        if (!uncommitted || attempt === maxAttempts) throw error
        const current = await this.#shard(shardId)
        if (current.position.revision === shard.position.revision) throw error
      }
    }
  }

  async #shard(shardId: string): Promise<Shard> {
    const known = this.#shards.get(shardId)
    if (known !== undefined) return known
    const { ledger, model } = this.#options
    const shard = { position: await ledger.position(shardId, model.data.version), registers: new RegisterMemory() }
    this.#shards.set(shardId, shard)
    return shard
  }

  async #writeParts(shardId: string, shard: Shard, records: readonly RawRecord[]): Promise<Written> {
    const fresh = records.filter(({ sequenceNumber }) => sequenceNumber > shard.position.position)
    const { events, excluded, checked } = await this.#withoutLeftOut(shardId, shard, fresh)
    let rows = 0
    for (const part of partsAt(shard.position.cuts, events)) rows += await this.#commit(shardId, shard, part)
    const alreadyCounted = records.length - fresh.length
    return {
      shardId,
      position: shard.position.position,
      records: records.length,
      alreadyCounted,
      excluded,
      ...checked,
      rows,
    }
  }

  /**
   * Leaves out what is excluded, then what its producer had sent before: an excluded event is nobody's twin. Goes on
   * where duplicates can't be told: this table must not wait for the cache.
   */
  async #withoutLeftOut(
    shardId: string,
    { position }: Shard,
    records: readonly RawRecord[],
  ): Promise<{
    events: Event[]
    excluded: number
    checked: Pick<Written, 'duplicates' | 'unchecked' | 'uncheckedBecause'>
  }> {
    const { model, exclusions, duplicates } = this.#options
    const isExcluded = await exclusions.at(position.exclusions)
    const all = records.map((record) => {
      const decoded = model.decode(record)
      return { record, decoded, isLeftOut: isExcluded(decoded) }
    })
    const candidates = all.map(({ record, decoded, isLeftOut }) => candidateOf(record, isLeftOut ? null : decoded))
    const { isDuplicate, unchecked, uncheckedBecause } = await duplicates.checkIfPossible(shardId, candidates)
    const events = all.map(({ record, decoded, isLeftOut }, at) => ({
      sequenceNumber: record.sequenceNumber,
      decoded: isLeftOut || isDuplicate[at] === true ? null : decoded,
    }))
    const checked = { duplicates: isDuplicate.filter(Boolean).length, unchecked, uncheckedBecause }
    return { events, excluded: all.filter(({ isLeftOut }) => isLeftOut).length, checked }
  }

  /** One micro-batch. @returns its rows */
  async #commit(shardId: string, shard: Shard, { events, edge }: Part): Promise<number> {
    const { model, ledger, now } = this.#options
    const counted = events.flatMap(({ decoded }) => (decoded === null ? [] : [decoded]))
    if (cutsPassed(shard.position.cuts, events)) shard.registers = new RegisterMemory()
    const cells = shard.registers.unwritten(fold(counted.flatMap((one) => model.contributions(one, 'speed'))))
    const { cuts } = shard.position
    shard.position = await ledger.commit(shard.position, {
      shardId,
      cells,
      edge,
      modelVersion: model.data.version,
      versions: this.#versions,
      committedAt: now(),
    })
    shard.registers.remember(cells)
    if (cuts.includes(edge)) shard.registers = new RegisterMemory()
    return cells.reduce((sum, { components }) => sum + components.size, 0)
  }
}

/**
 * Whether a mark may stand below the next micro-batch that speed passed since: what it counted before a cut, batch may
 * have left out, by another revision of the exclusions. So what it remembers of it may be in no row any more.
 */
const cutsPassed = (cuts: readonly string[], [first]: readonly Event[]): boolean =>
  first !== undefined && cuts.some((cut) => cut < first.sequenceNumber)

interface Event {
  readonly sequenceNumber: string
  /** null: excluded, or a duplicate. It adds nothing, but the position passes it. */
  readonly decoded: Decoded | null
}

interface Part {
  readonly events: readonly Event[]
  /** The last one's sequence number. */
  readonly edge: string
}

/** The records in stream order, parted so that none but the last of a part is at a cut: no row then spans one. */
const partsAt = (cuts: readonly string[], events: readonly Event[]): Part[] => {
  const parts: { events: Event[]; edge: string }[] = []
  for (const event of events) {
    const { sequenceNumber } = event
    const part = parts.at(-1)
    const isCutOff = part === undefined || cuts.some((cut) => part.edge <= cut && cut < sequenceNumber)
    if (isCutOff) parts.push({ events: [event], edge: sequenceNumber })
    else {
      part.events.push(event)
      part.edge = sequenceNumber
    }
  }
  return parts
}
