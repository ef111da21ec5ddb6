import { Duplicates, type First, type Identity, identityOf } from '../../core/duplicates.ts'
import { type Decoded, placeInShard, type RawRecord } from '../../core/record.ts'
import type { Identities } from '../../stores/identities/identities.ts'
import { ancestorsOf } from '../../stores/stream/ancestors.ts'
import type { Stream } from '../../stores/stream/stream.ts'

export interface DuplicateCheckOptions {
  readonly identities: Identities
  readonly stream: Pick<Stream, 'shards'>
  /** How far apart two records of an identity may arrive for the later to be a duplicate. */
  readonly windowMs: number
}

/** A record as the check sees it; one without an identity is no duplicate. */
export interface Candidate extends First {
  readonly identity: Identity | null
}

export interface Checked {
  /** Of each candidate, in their order. */
  readonly isDuplicate: readonly boolean[]
  /** Candidates that could be compared with each other only. */
  readonly unchecked: number
  /** What kept them from being checked. */
  readonly uncheckedBecause: string | null
}

/**
 * @param decoded null where it is excluded: it has no identity then
 * @param events the version of the events that it was decoded by: others take other records for events
 */
export const candidateOf = (record: RawRecord, decoded: Decoded | null, events: string): Candidate => ({
  identity: decoded === null ? null : identityAmong(events, identityOf(record, decoded)),
  place: placeInShard(record),
  arrivalTime: record.arrivalTime,
})

/** Which records producers sent again. Both speed functions ask the same memory, so that they leave out the same. */
export class DuplicateCheck {
  readonly #options: DuplicateCheckOptions
  readonly #ancestors = new Map<string, readonly string[]>()

  constructor(options: DuplicateCheckOptions) {
    this.#options = options
  }

  /**
   * @param candidates of one shard, in the stream's order
   * @throws where the memory or the stream does not answer
   */
  async check(shardId: string, candidates: readonly Candidate[]): Promise<Checked> {
    const claims = candidates.filter(isClaim)
    if (claims.length === 0) return { isDuplicate: candidates.map(() => false), unchecked: 0, uncheckedBecause: null }
    const ancestors = await this.#ancestorsOf(shardId)
    const answers = (await this.#options.identities.claim(shardId, ancestors, claims)).values()
    const isDuplicate = candidates.map((candidate) => isClaim(candidate) && answers.next().value === true)
    return { isDuplicate, unchecked: 0, uncheckedBecause: null }
  }

  /** The same; where nothing answers, the candidates are compared with each other, and counted as unchecked. */
  async checkIfPossible(shardId: string, candidates: readonly Candidate[]): Promise<Checked> {
    try {
      return await this.check(shardId, candidates)
    } catch (error) {
      const alone = new Duplicates(this.#options.windowMs)
      return {
        isDuplicate: candidates.map(
          (candidate) =>
            isClaim(candidate) && alone.isDuplicate(candidate.identity, candidate.place, candidate.arrivalTime),
        ),
        unchecked: candidates.filter(isClaim).length,
        uncheckedBecause: error instanceof Error ? error.message : String(error),
      }
    }
  }

  /** A shard's parents never change, so the stream is asked once; again where it does not list the shard yet. */
  async #ancestorsOf(shardId: string): Promise<readonly string[]> {
    const known = this.#ancestors.get(shardId)
    if (known !== undefined) return known
    const shards = await this.#options.stream.shards()
    const ancestors = ancestorsOf(shardId, shards)
    if (shards.some((shard) => shard.shardId === shardId)) this.#ancestors.set(shardId, ancestors)
    return ancestors
  }
}

const identityAmong = (events: string, identity: Identity | null): Identity | null =>
  identity === null ? null : `${events} ${identity}`

const isClaim = (candidate: Candidate): candidate is Candidate & { identity: Identity } => candidate.identity !== null
