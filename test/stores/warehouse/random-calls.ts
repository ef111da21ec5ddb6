import { type Bucket, buckets, divides } from '../../../core/bucket.ts'
import type { Cell } from '../../../core/state.ts'
import { slots } from '../../../sql/states.ts'
import type { Control, Marks, ReachedState, SlotState } from '../../../stores/ledger/dataset.ts'
import type { SpeedPosition } from '../../../stores/ledger/speed-ledger.ts'
import type { StateRow } from '../../../stores/warehouse/memory-tables.ts'
import {
  arrival,
  type BatchStage,
  changedDefinitions,
  definitions,
  sequence,
  shardA,
  shardB,
} from '../../localstack/tidemark/batch-stage.ts'
import {
  cell,
  day,
  ended,
  freshToken,
  hourMs,
  metricOf,
  microBatch,
  positionIn,
  question,
  serve,
  stageResults,
} from './pieces.ts'

/** One call of a port, its arguments chosen: the same for a warehouse and for its twin. */
export interface RandomCall {
  readonly what: string
  readonly run: (stage: BatchStage) => Promise<unknown>
}

const shards = [shardA, shardB]
const datasets = ['ds-1', 'ds-2', 'ds-3']
const texts = ['mitte', '', "it's", null, 'emoji 🛫', '\\N', '\ue000', 'MITTE', ' ', '%']
const names = Object.keys(definitions)

/**
 * Makes up calls, those that name what was read before too: what an old answer says is tried as often as a new one, so
 * that compare-and-sets fail as often as they go through.
 */
export class RandomCalls {
  readonly #random: () => number
  readonly #positions: { readonly shardId: string; readonly position: SpeedPosition }[] = []
  readonly #controls: Control[] = []
  #edge = 0
  #changed = false

  constructor(random: () => number) {
    this.#random = random
  }

  /** What a call answered, to be named by later ones. */
  learn({ what }: RandomCall, answer: unknown): void {
    if (what.startsWith('control')) this.#controls.push(answer as Control)
    const shardId = shards.find((shard) => what === `position ${shard}`)
    if (shardId !== undefined) this.#positions.push({ shardId, position: answer as SpeedPosition })
  }

  next(): RandomCall {
    const makers: readonly (() => RandomCall)[] = [
      () => this.#position(),
      () => this.#commit(),
      () => this.#commit(),
      () => this.#cut(),
      () => ({ what: 'control', run: ({ ledger }) => ledger.control() }),
      () => this.#register(),
      () => this.#changeDataset(),
      () => this.#changeControl(),
      () => this.#changeControl(),
      () => this.#load(),
      () => this.#load(),
      () => this.#read(),
      () => this.#read(),
      () => this.#read(),
      () => this.#compare(),
      () => this.#look(),
    ]
    return this.#below(60) === 0 ? this.#deploy() : this.#one(makers)()
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound)
  }

  #one<Item>(items: readonly Item[]): Item {
    const item = items[this.#below(items.length)]
    if (item === undefined) throw new Error('There is nothing to choose from.')
    return item
  }

  #some<Item>(items: readonly Item[]): Item[] {
    return items.filter(() => this.#random() < 0.5)
  }

  /** What was read before; null: what stands when the call is made. */
  #known<Item>(items: readonly Item[]): Item | null {
    return items.length === 0 || this.#random() < 0.6 ? null : this.#one(items)
  }

  #marks(): Marks {
    return Object.fromEntries(this.#some(shards).map((shard) => [shard, sequence(1 + this.#below(this.#edge + 2))]))
  }

  #position(): RandomCall {
    const shardId = this.#one(shards)
    return { what: `position ${shardId}`, run: (stage) => positionIn(stage, shardId) }
  }

  #commit(): RandomCall {
    const known = this.#known(this.#positions)
    const shardId = known?.shardId ?? this.#one(shards)
    const edge = ++this.#edge
    const cells = Array.from({ length: 1 + this.#below(6) }, () => this.#cell())
    return {
      what: `commit ${shardId} ${edge} onto ${known?.position.revision}`,
      run: async (stage) => {
        const position = known?.position ?? (await positionIn(stage, shardId))
        return stage.speedLedger().commit(position, microBatch(stage, edge, cells, shardId))
      },
    }
  }

  #cut(): RandomCall {
    const known = this.#known(this.#positions)
    const [shardId, cut] = [known?.shardId ?? this.#one(shards), sequence(this.#below(this.#edge + 5))]
    return {
      what: `cut ${shardId} onto ${known?.position.revision}`,
      run: async (stage) => {
        const position = known?.position ?? (await positionIn(stage, shardId))
        return stage.speedLedger().addCut(shardId, position, cut)
      },
    }
  }

  #register(): RandomCall {
    const [datasetId, marks] = [this.#one(datasets), { [shardA]: sequence(this.#below(5)), ...this.#marks() }]
    const sealedAt = arrival + this.#below(3) * 1250
    return {
      what: `register ${datasetId}`,
      run: ({ ledger, model }) =>
        ledger.register({
          datasetId,
          exclusions: 0,
          baseDatasetId: '',
          kind: 'full',
          modelVersion: model.data.version,
          marks,
          metrics: model.data.metrics,
          sealedAt,
        }),
    }
  }

  #changeDataset(): RandomCall {
    const datasetId = this.#one(datasets)
    const now = arrival + this.#below(5000)
    const reason = this.#one(texts) ?? ''
    const state = this.#one(['recomputed', 'loaded'] as const satisfies readonly ReachedState[])
    const rows = { rowsMissing: 3, rowsExtra: 4, rowsChanged: this.#below(9) }
    const values = { servedValue: BigInt(this.#below(9)) * 10n ** 30n, builtValue: this.#random() < 0.5 ? null : -1n }
    const buckets = [{ bucket: arrival, ...rows, ...values, reasons: ['duplicate', 'unknown'] as const }]
    const parity = { rowsServed: 1, rowsBuilt: 2, ...rows, bucketsDiffering: 1 + this.#below(3), buckets }
    return this.#one<RandomCall>([
      { what: `state ${datasetId}`, run: ({ ledger }) => ledger.setState(datasetId, state, 'load', now) },
      { what: `failure ${datasetId}`, run: ({ ledger }) => ledger.noteFailure(datasetId, 'load', reason, now, null) },
      {
        what: `failed ${datasetId}`,
        run: ({ ledger }) => ledger.noteFailure(datasetId, 'load', reason, now, 'failed'),
      },
      {
        what: `parity of ${datasetId}`,
        run: ({ ledger }) => ledger.recordParity(datasetId, [{ metric: 'sales', ...parity }]),
      },
    ])
  }

  #changeControl(): RandomCall {
    const known = this.#known(this.#controls)
    const [slot, datasetId] = [this.#one(slots), this.#one(datasets)]
    // Most often little is pruned, or there would be nothing left to answer.
    const marks = this.#random() < 0.2 ? this.#marks() : { [shardA]: sequence(1) }
    const state = this.#one(['loading', 'loaded'] as const satisfies readonly SlotState[])
    const on = `${slot} ${datasetId} onto ${known?.revision}`
    const control = async ({ ledger }: BatchStage): Promise<Control> => known ?? (await ledger.control())
    return this.#one<RandomCall>([
      {
        what: `set slot ${on} ${state}`,
        run: async (stage) => stage.ledger.setSlot(await control(stage), slot, datasetId, state),
      },
      {
        what: `take slot ${on}`,
        run: async (stage) => stage.ledger.takeSlot(await control(stage), slot, datasetId, 'load', arrival),
      },
      {
        what: `serve ${on}`,
        run: async (stage) => serve(stage, await control(stage), datasetId),
      },
      {
        what: `prune ${JSON.stringify(marks)} ${on}`,
        run: async (stage) => stage.ledger.prune(await control(stage), marks),
      },
    ])
  }

  /** Into a slot that is taken for it, most often; else it is refused. What stands there is served now and then. */
  #load(): RandomCall {
    const [slot, datasetId, name] = [this.#one(slots), this.#one(datasets), this.#one(names)]
    const [takes, serves] = [this.#random() < 0.8, this.#random() < 0.5]
    const rows = Array.from({ length: this.#below(9) }, () => this.#rows(name)).flat()
    return {
      what: `load ${name} of ${datasetId} into ${slot}`,
      run: async (stage) => {
        const { ledger, states } = stage
        if (takes) await ledger.takeSlot(await ledger.control(), slot, datasetId, 'load', arrival)
        const metric = metricOf(stage, name)
        const manifestUri = rows.length === 0 ? null : await stageResults(stage, metric, rows)
        await ended(stage, await states.startLoad({ metric, slot, datasetId, manifestUri }, freshToken()))
        if (serves) await serve(stage, await ledger.control(), datasetId)
        return states.rowsLoaded(metric, slot, datasetId)
      },
    }
  }

  #read(): RandomCall {
    const name = this.#one(names)
    const dimensions = dimensionsOf(name)
    const own = name === 'sales' ? 'hour' : 'day'
    const per = this.#one<Bucket | null>([own, null, ...buckets.filter((bucket) => divides(own, bucket))])
    const by = this.#some(dimensions)
    const where = this.#random() < 0.15 ? this.#some(dimensions).map((dimension) => this.#condition(dimension)) : []
    const pin = this.#random() < 0.2 ? { datasetId: this.#one(['', ...datasets]), positions: this.#marks() } : null
    const [from, to] = [this.#below(3) - 1, this.#below(50)].map(
      (hours) => day + hours * hourMs * (own === 'hour' ? 1 : 24),
    )
    const asked = {
      per,
      by,
      where,
      pin,
      layer: this.#one(['batch', 'speed', null, null, null, null] as const),
      from: this.#random() < 0.1 ? (from ?? null) : null,
      to: this.#random() < 0.1 ? (to ?? null) : null,
      limit: this.#one([1000, 1000, 1000, 3]),
      offset: this.#one([0, 0, 0, 0, 1]),
    }
    return {
      what: `read ${name} ${JSON.stringify(asked)}`,
      run: (stage) => stage.states.read(question(metricOf(stage, name), asked)),
    }
  }

  #condition(dimension: string): { dimension: string; value: string | boolean } {
    return { dimension, value: dimension === 'express' ? this.#random() < 0.5 : (this.#one(texts) ?? 'none') }
  }

  #compare(): RandomCall {
    const [name, slot, datasetId] = [this.#one(names), this.#one(slots), this.#one(datasets)]
    const pin = { datasetId: this.#one(['', ...datasets]), positions: this.#marks() }
    return {
      what: `compare ${name} of ${datasetId} in ${slot} with ${JSON.stringify(pin)}`,
      run: async (stage) => ({
        parity: await stage.states.compare(metricOf(stage, name), slot, datasetId, pin),
        gaps: await stage.states.gaps(metricOf(stage, name)),
      }),
    }
  }

  /** Everything else that can be read. */
  #look(): RandomCall {
    const [datasetId, bounds, before] = [this.#one(datasets), this.#marks(), arrival + this.#below(this.#edge + 2)]
    return {
      what: `look at ${datasetId}`,
      run: async ({ ledger, model }) => ({
        datasets: await ledger.datasets(),
        dataset: await ledger.dataset(datasetId),
        marks: await ledger.marks(datasetId),
        parity: await ledger.parity(datasetId),
        positions: await ledger.speedPositions(),
        edges: await ledger.newestEdges(bounds),
        earlier: await ledger.edgesCommittedBefore(bounds, before),
        besides: await ledger.shardsBesides(model.data.version),
        versions: await ledger.versionEdges(model.data.version),
        pruned: await ledger.prunedTo(),
      }),
    }
  }

  #deploy(): RandomCall {
    this.#changed = !this.#changed
    const exported = this.#changed ? changedDefinitions : definitions
    return { what: 'deploy', run: (stage) => stage.deploy(exported) }
  }

  #cell(): Cell {
    const name = this.#one(names)
    const [row, ...others] = this.#rows(name)
    const components = [row, ...others].flatMap((each) =>
      each === undefined || each.component.startsWith('exact') ? [] : [[each.component, each.value] as const],
    )
    return cell(name, row?.bucket ?? day, row?.dims ?? [], Object.fromEntries(components))
  }

  /** What a dataset may hold of one bucket and one combination of dimensions. */
  #rows(name: string): StateRow[] {
    const hours = name === 'sales' ? this.#below(50) : 24 * this.#below(40)
    const bucket = day + hours * hourMs
    const dims = dimensionsOf(name).map((dimension) =>
      dimension === 'express' ? String(this.#random() < 0.5) : this.#one(texts),
    )
    const row = (component: string, value: number): StateRow => ({ bucket, dims, component, value })
    const value = this.#one([1, 2, -5, 0, Number.MAX_SAFE_INTEGER, this.#below(1000)])
    if (name !== 'shops') return [row(componentOf(name), value)]
    const registers = this.#some(['r0', 'r1', 'r77', 'r16383']).map((register) => row(register, 1 + this.#below(51)))
    const exact = [row('exact', this.#below(9)), { ...row('exact_total', this.#below(9)), dims: dims.map(() => null) }]
    return [row('seen', 1), ...registers, ...this.#some(exact)]
  }
}

const componentOf = (name: string): string =>
  name === 'sales' ? 'count' : name === 'turnover' ? 'sum' : name === 'smallest' ? 'min' : 'max'

const dimensionsOf = (name: string): readonly string[] =>
  name === 'sales' ? ['shop', 'express'] : name === 'turnover' ? ['shop'] : name === 'largest' ? [] : ['express']
