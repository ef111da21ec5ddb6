import type { RawRecord } from '../../../core/record.ts'
import { arrival, type BatchStage, definitions, shardA, shardB } from './batch-stage.ts'

/** A small generator of numbers in [0, 1), the same for the same seed (mulberry32). */
export const randomOf = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

const shops = ['mitte', '', "it's", null, 'emoji 🛫', '\\N']

/** Whatever happens, in whatever order: the merged answer is the plain recount. */
export const mergedAnswerLaw = (start: () => Promise<BatchStage>, seeds: readonly number[]): void => {
  let stage: BatchStage
  beforeAll(async () => {
    stage = await start()
  })
  afterAll(() => stage.stop())
  let promotions = 0

  it.each(seeds)(
    'the merged answer is the plain recount (seed %i)',
    async (seed) => {
      await stage.reset()
      const story = new Story(stage, randomOf(seed))
      for (let step = 0; step < 24; step++) {
        const what = await story.next()
        for (const name of Object.keys(definitions))
          expect({ what, name, rows: await stage.answered(name) }).toEqual({
            what,
            name,
            rows: await stage.expected(name),
          })
      }
      promotions += story.promotions
    },
    120_000,
  )

  it('that held for promotions, too', () => expect(promotions).toBeGreaterThan(seeds.length))
}

/** Random acts of producers, functions and operators. */
class Story {
  promotions = 0
  readonly log: string[] = []
  readonly #stage: BatchStage
  readonly #random: () => number
  readonly #archived: Record<string, number> = {}
  #arrival = arrival
  #sales = 0
  readonly #zombie: ReturnType<BatchStage['writer']>

  constructor(stage: BatchStage, random: () => number) {
    this.#stage = stage
    this.#random = random
    this.#zombie = stage.writer()
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound)
  }

  /** @returns all acts so far, the newest last */
  async next(): Promise<string> {
    const acts: [number, string, () => Promise<unknown>][] = [
      [5, 'write', () => this.#write()],
      [4, 'archive', () => this.#archive()],
      [5, 'recompute', () => this.#recompute()],
      [1, 'rollback', () => this.#stage.step({ step: 'rollback' })],
      [1, 'reload', () => this.#reload()],
      [2, 'replay', () => this.#replay()],
      [1, 'rebuild', () => this.#rebuild()],
      [2, 'exclude', () => this.#exclude()],
    ]
    let at = this.#random() * acts.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, name, act] of acts) {
      at -= weight
      if (at >= 0) continue
      this.log.push(`${name}: ${JSON.stringify(await act())}`)
      break
    }
    return this.log.join('\n')
  }

  #shard(): string {
    return this.#random() < 0.6 ? shardA : shardB
  }

  #records(shardId: string): readonly RawRecord[] {
    for (let more = this.#below(8); more >= 0; more--) {
      const twin = this.#random() < 0.4 ? this.#below(6) : null
      const place = twin ?? this.#below(36)
      // Some minutes on, now and then back: producers try again within the time that duplicates are left out, and after.
      this.#arrival += (this.#below(9) - 1) * 60_000
      const fields = {
        id: twin === null ? `sale-${this.#sales++}` : `twin-${twin}`,
        // Twins differ in what is summed, never in what is counted distinct: a register that only a dropped twin
        // raised is one that the speed side may not write again.
        at: `2026-01-0${1 + (place % 2)}T0${place % 3}:00:00Z`,
        shop: shops[place % shops.length] ?? null,
        express: place < 18,
        amount: this.#random() < 0.05 ? 'junk' : `${this.#below(2000) - 1000}.25`,
        items: this.#random() < 0.2 ? null : this.#below(9) - 4,
      }
      this.#stage.produce(shardId, fields, this.#arrival)
      // A producer that had no answer sends the same once more.
      if (this.#random() < 0.15) this.#stage.produce(shardId, fields, this.#arrival + 900)
    }
    return this.#stage.stream.get(shardId) ?? []
  }

  /** New records, now and then brought again from further back, or by two functions at once. */
  async #write(): Promise<unknown> {
    const shardId = this.#shard()
    const all = this.#records(shardId)
    const position = Number((await this.#stage.positions())[shardId] ?? 0)
    const from = Math.max(0, position - this.#below(4))
    const records = all.slice(from, position + 1 + this.#below(all.length - position))
    const writers = this.#random() < 0.4 ? [this.#stage.writer(), this.#zombie] : [this.#zombie]
    const written = await Promise.allSettled(writers.map((writer) => writer.write(shardId, records)))
    return [shardId, from, records.length, written.map(({ status }) => status)]
  }

  async #archive(shardId = this.#shard()): Promise<unknown> {
    const all = this.#stage.stream.get(shardId) ?? []
    const reached = this.#archived[shardId] ?? 0
    const from = Math.max(0, reached - this.#below(3))
    const to = this.#random() < 0.6 ? all.length : reached + this.#below(all.length - reached + 1)
    await this.#stage.archiveRecords(all.slice(from, to))
    this.#archived[shardId] = Math.max(reached, to)
    return [shardId, from, to]
  }

  async #recompute(): Promise<unknown> {
    if (this.#random() < 0.8) await this.#archive(shardA)
    if (this.#random() < 0.8) await this.#archive(shardB)
    const options = { full: this.#random() < 0.3, promote: this.#random() < 0.8 }
    const busy = this.#random() < 0.5
    const run = await this.#unlessBehind(() =>
      this.#stage.recompute(options, async () => {
        if (busy) await this.#write()
      }),
    )
    if (run === null) return [options, 'the archive is behind an exclusion']
    if (run.next === 'promote') this.promotions++
    if (run.next !== 'hold' || this.#random() < 0.5) return [options, run.next]
    const { datasetId } = run
    return this.#stage.step({ step: 'promoteDataset', datasetId, acceptDrift: true })
  }

  /** Leaves out a shop, some ids, or a span of time; or takes an older exclusion back. */
  async #exclude(): Promise<unknown> {
    const { exclusions } = await this.#stage.step<{ exclusions: { id: number }[] }>({ step: 'exclusions' })
    const id = exclusions[this.#below(2 * exclusions.length + 1)]?.id
    if (id !== undefined) return this.#stage.step({ step: 'undoExclusion', id, reason: 'no', by: 'story' })
    // Twins are express: were one of them left out and the other not, speed may have dropped the other before.
    const wanted = [
      { fields: { shop: shops[this.#below(3)] ?? '', express: 'false' } },
      { eventIds: Array.from({ length: 9 }, () => `sale-${this.#below(60)}`) },
      {
        from: Date.parse('2026-01-01T01:00:00Z'),
        to: Date.parse('2026-01-02T01:00:00Z'),
        fields: { express: 'false' },
      },
    ][this.#below(3)]
    const exclusion = { eventType: 'sale', from: null, to: null, fields: {}, eventIds: null, ...wanted }
    const requestId = `request-${exclusions.length}`
    return this.#stage.step({ step: 'exclude', requestId, exclusion, reason: 'wrong', by: 'story' })
  }

  async #unlessBehind<Answer>(work: () => Promise<Answer>): Promise<Answer | null> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof Error && error.message.includes('counts under other exclusions from')) return null
      throw error
    }
  }

  /** Back to any dataset there ever was: to what stands loaded at once, else by way of a reload. */
  async #reload(): Promise<unknown> {
    const datasets = await this.#stage.ledger.datasets()
    const datasetId = datasets[this.#below(datasets.length)]?.datasetId
    if (datasetId === undefined) return 'none'
    const answer = await this.#stage.step<{ reload?: string }>({ step: 'rollback', datasetId })
    if (answer.reload === undefined) return answer
    await this.#stage.recompute({ reloadDatasetId: answer.reload })
    return ['reloaded', datasetId]
  }

  /** Speed rows counted again, now and then while others write, or in two replays at once, or given up half way. */
  async #replay(): Promise<unknown> {
    const shardId = this.#shard()
    if ((await this.#stage.positions())[shardId] === undefined) return 'none'
    const maxRecords = 1 + this.#below(12)
    const busy = this.#random() < 0.4
    const replays = [this.#stage.replay(shardId, maxRecords, async () => (busy ? this.#write() : null))]
    if (this.#random() < 0.3) replays.push(this.#stage.replay(shardId, maxRecords + 1))
    if (this.#random() < 0.3) await this.#stage.step({ step: 'replay', shardId, reached: null, maxRecords: 1 })
    const ended = await Promise.allSettled(replays)
    return [shardId, maxRecords, busy, ended.map(({ status }) => status)]
  }

  /** Back to any dataset that was ever served, by way of rebuilding what was pruned above it. */
  async #rebuild(): Promise<unknown> {
    const datasets = (await this.#stage.ledger.datasets()).filter(({ state }) => state === 'promoted')
    const datasetId = datasets[this.#below(datasets.length)]?.datasetId
    if (datasetId === undefined) return 'none'
    return this.#stage.rollbackRebuilding(datasetId, 1 + this.#below(12))
  }
}
