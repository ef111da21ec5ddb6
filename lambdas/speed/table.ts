import { eventsVersion, type Running } from '../../core/line-up.ts'
import type { Model } from '../../core/model.ts'
import type { Decoded, RawRecord } from '../../core/record.ts'
import { fold } from '../../core/state.ts'
import type { Exclusions } from '../../stores/archive/exclusions.ts'
import { countedCells, type SpeedLedger, type SpeedPosition } from '../../stores/ledger/speed-ledger.ts'
import type { LineUps } from '../../stores/models/line-ups.ts'
import { TransactionFailed, TransactionUnknown } from '../../stores/warehouse/warehouse.ts'
import { candidateOf, type DuplicateCheck } from './duplicate-check.ts'
import { RegisterMemory } from './register-memory.ts'

export interface TableWriterOptions {
  readonly lineUps: Pick<LineUps, 'of'>
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
  /** The models of its line-up. */
  readonly running: readonly Running[]
  registers: RegisterMemory
}

/** How often a micro-batch is tried again within one invocation after the position turned out to have moved. */
const maxAttempts = 3

/** Writes shards' records to the speed table. What it remembers of a shard it committed itself. */
export class TableWriter {
  readonly #options: TableWriterOptions
  readonly #shards = new Map<string, Shard>()

  constructor(options: TableWriterOptions) {
    this.#options = options
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
    const position = await this.#options.ledger.position(shardId)
    const running = await this.#options.lineUps.of(position.lineUp)
    const shard = { position, running, registers: new RegisterMemory() }
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

  /** Each model of the line-up judges for itself, but those that judge alike: they do so once. */
  async #withoutLeftOut(
    shardId: string,
    { position, running }: Shard,
    records: readonly RawRecord[],
  ): Promise<{ events: Event[]; excluded: number; checked: Judgement['checked'] }> {
    const judgements = new Map<string, Judgement>()
    const byModel: (Decoded | null)[][] = []
    for (const { model } of running) {
      const decoded = records.map((record) => model.decode(record))
      const events = eventsVersion(model.data)
      const judgement = judgements.get(events) ?? (await this.#judge(shardId, position, model, { records, decoded }))
      judgements.set(events, judgement)
      byModel.push(decoded.map((one, at) => (judgement.isLeftOut[at] === true ? null : one)))
    }
    const [deployed] = judgements.values()
    if (deployed === undefined) throw new Error(`${shardId} is counted by no model.`)
    const events = records.map(({ sequenceNumber }, at) => ({
      sequenceNumber,
      decoded: byModel.map((decoded) => decoded[at] ?? null),
    }))
    return { events, excluded: deployed.excluded, checked: deployed.checked }
  }

  /**
   * What is excluded, then what its producer had sent before: an excluded event is nobody's twin. Goes on where
   * duplicates can't be told: this table must not wait for the cache.
   */
  async #judge(
    shardId: string,
    position: SpeedPosition,
    model: Model,
    { records, decoded }: { readonly records: readonly RawRecord[]; readonly decoded: readonly Decoded[] },
  ): Promise<Judgement> {
    const { exclusions, duplicates } = this.#options
    const isExcluded = decoded.map(await exclusions.at(position.exclusions, model.data))
    const events = eventsVersion(model.data)
    const candidates = records.map((record, at) =>
      candidateOf(record, isExcluded[at] === true ? null : (decoded[at] ?? null), events),
    )
    const { isDuplicate, unchecked, uncheckedBecause } = await duplicates.checkIfPossible(shardId, candidates)
    return {
      isLeftOut: isExcluded.map((isOut, at) => isOut || isDuplicate[at] === true),
      excluded: isExcluded.filter(Boolean).length,
      checked: { duplicates: isDuplicate.filter(Boolean).length, unchecked, uncheckedBecause },
    }
  }

  /** One micro-batch. @returns its rows */
  async #commit(shardId: string, shard: Shard, { events, edge }: Part): Promise<number> {
    const { ledger, now } = this.#options
    if (cutsPassed(shard.position.cuts, events)) shard.registers = new RegisterMemory()
    const counted = shard.running.flatMap(({ model, counts }, place) => {
      const decoded = events.flatMap((event) => event.decoded[place] ?? [])
      return countedCells(fold(decoded.flatMap((one) => model.contributions(one, 'speed'))), counts)
    })
    const cells = shard.registers.unwritten(counted)
    const { cuts } = shard.position
    shard.position = await ledger.commit(shard.position, { shardId, cells, edge, committedAt: now() })
    shard.registers.remember(cells)
    if (cuts.includes(edge)) shard.registers = new RegisterMemory()
    return cells.reduce((sum, { components }) => sum + components.size, 0)
  }
}

/** Which records one model leaves out, or models that take the same for events. */
interface Judgement {
  readonly isLeftOut: readonly boolean[]
  readonly excluded: number
  readonly checked: Pick<Written, 'duplicates' | 'unchecked' | 'uncheckedBecause'>
}

/**
 * Whether a mark may stand below the next micro-batch that speed passed since: what it counted before a cut, batch may
 * have left out, by another revision of the exclusions. So what it remembers of it may be in no row any more.
 */
const cutsPassed = (cuts: readonly string[], [first]: readonly Event[]): boolean =>
  first !== undefined && cuts.some((cut) => cut < first.sequenceNumber)

interface Event {
  readonly sequenceNumber: string
  /** By each model of the line-up; null: excluded, or a duplicate. It adds nothing, but the position passes it. */
  readonly decoded: readonly (Decoded | null)[]
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
