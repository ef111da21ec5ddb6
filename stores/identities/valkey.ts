import { createHash } from 'node:crypto'
import { spansAround } from '../../core/duplicates.ts'
import { ValkeyClient } from '../window/client.ts'
import { type Claim, forgottenAfterMs, type Identities } from './identities.ts'
import { claimScript, lookScript, widths } from './script.ts'

/**
 * One script takes at most 39,999 arguments and 5 s (ElastiCache Serverless), and while it runs Valkey answers nobody
 * else: a claim takes some 10 to 25 µs, and brings up to three keys and spans.
 */
const maxClaims = 2000

export interface ValkeyIdentitiesOptions {
  /** host:port */
  readonly endpoint: string
  readonly tls: boolean
  readonly windowMs: number
  /** The longest that one request may take. */
  readonly answerWithinMs: number
}

/**
 * Identities in Valkey: of each shard and span of arrival time one hash, from an identity's hash to its firsts. All of
 * a shard's lie in one hash slot, so that one script claims for a micro-batch, whole.
 */
export class ValkeyIdentities implements Identities {
  readonly #client: ValkeyClient
  readonly #windowMs: number

  constructor({ endpoint, tls, windowMs, answerWithinMs }: ValkeyIdentitiesOptions) {
    this.#client = new ValkeyClient(endpoint, tls, answerWithinMs)
    this.#windowMs = windowMs
  }

  async claim(shardId: string, ancestors: readonly string[], claims: readonly Claim[]): Promise<boolean[]> {
    if (claims.length === 0) return []
    await this.#client.ready()
    const answers: boolean[] = []
    for (let from = 0; from < claims.length; from += maxClaims)
      answers.push(...(await this.#claimSome(shardId, ancestors, claims.slice(from, from + maxClaims))))
    return answers
  }

  async close(): Promise<void> {
    this.#client.close()
  }

  async #claimSome(shardId: string, ancestors: readonly string[], claims: readonly Claim[]): Promise<boolean[]> {
    const spans = [...new Set(claims.flatMap(({ arrivalTime }) => spansAround(arrivalTime, this.#windowMs)))]
    const earlier = await Promise.all(ancestors.map((ancestor) => this.#look(ancestor, spans, claims)))
    const isEarlier = claims.map((_, at) => earlier.some((answers) => answers?.[at] === true))
    const open = claims.filter((_, at) => isEarlier[at] === false)
    const claimed = (await this.#ask(claimScript, shardId, spans, open)).values()
    return isEarlier.map((known) => known || claimed.next().value === true)
  }

  /** null: the ancestor holds nothing near, as any does once its last records are some minutes old. */
  async #look(shardId: string, spans: readonly number[], claims: readonly Claim[]): Promise<boolean[] | null> {
    const keys = spans.map((span) => this.#key(shardId, span))
    const held = await this.#client.within(this.#client.cluster.exists(...keys))
    return held === 0 ? null : await this.#ask(lookScript, shardId, spans, claims)
  }

  async #ask(script: string, shardId: string, spans: readonly number[], claims: readonly Claim[]): Promise<boolean[]> {
    if (claims.length === 0) return []
    const keys = spans.map((span) => this.#key(shardId, span))
    const args = [this.#windowMs, forgottenAfterMs(this.#windowMs), ...spans, ...claims.map(encodeClaim)]
    const answer = await this.#client.within(
      this.#client.cluster.eval(script, keys.length, ...keys, ...args) as Promise<unknown>,
    )
    if (typeof answer !== 'string' || answer.length !== claims.length)
      throw new Error(`The cache answered ${JSON.stringify(answer)} to ${claims.length} claims of ${shardId}.`)
    return Array.from(answer, (digit) => digit === '1')
  }

  /** By the window's length too: spans of another are others. */
  #key(shardId: string, span: number): string {
    return `{${shardId}}:firsts:${this.#windowMs}:${span}`
  }
}

/** Fixed widths, binary: a shard at its full rate has some millions of firsts. */
const encodeClaim = ({ identity, place, arrivalTime }: Claim): Buffer => {
  const [sequenceNumber = '', subSequence = '0'] = place.split('.')
  const claim = Buffer.alloc(widths.identity + widths.place + widths.arrivalTime)
  createHash('sha256').update(identity).digest().copy(claim, 0, 0, widths.identity)
  // 64 decimal digits fit 27 bytes, 6 fit 3.
  const bytes =
    BigInt(sequenceNumber).toString(16).padStart(54, '0') + Number(subSequence).toString(16).padStart(6, '0')
  claim.write(bytes, widths.identity, 'hex')
  claim.writeUIntBE(arrivalTime, widths.identity + widths.place, widths.arrivalTime)
  return claim
}
