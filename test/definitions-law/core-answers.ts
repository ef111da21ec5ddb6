import { answerOf } from '../../core/answer.ts'
import type { Contribution, MergeOp } from '../../core/contribution.ts'
import { mergeWide } from '../../core/merge.ts'
import type { MetricData, Model } from '../../core/model.ts'
import type { RawRecord } from '../../core/record.ts'
import { fold } from '../../core/state.ts'
import { winnersOf } from '../../stores/jobs/winners.ts'
import { firstsOf } from '../localstack/tidemark/naive.ts'
import type { Given } from './answers.ts'
import type { Story } from './random-events.ts'
import { cellKey } from './recount.ts'

/** What the answers are made with: the product's own, unless a fault is planted. */
export interface Engine {
  readonly model: Model
  readonly isBelow: (place: number, mark: number) => boolean
  readonly merge: (op: MergeOp, a: bigint, b: bigint) => bigint
  readonly winners: (model: Model, records: readonly RawRecord[]) => RawRecord[]
  readonly answer: typeof answerOf
}

export const soundEngine = (model: Model): Engine => ({
  model,
  isBelow: (place, mark) => place <= mark,
  merge: mergeWide,
  winners: winnersOf,
  answer: answerOf,
})

const rememberedMs = 600_000
/** A micro-batch holds this many records. */
const batchRecords = 7

interface Merged {
  readonly components: Map<string, bigint>
  readonly distinct: Set<string>
  readonly bucket: number
  readonly dims: readonly (string | null)[]
  ofSpeed: boolean
}

/**
 * Every metric's answer by its own buckets and dimensions, made in this process of what core makes of each record:
 * contributions folded by micro-batch above the marks and all at once below them, then merged.
 */
export const coreAnswers = (engine: Engine, { lines, below }: Story): Map<string, Map<string, Given>> => {
  const { model } = engine
  const linesOf = [...lines].map(([shardId, line]) => ({
    records: line.map(({ record }) => record),
    mark: below.get(shardId) ?? 0,
  }))
  const batch = linesOf.flatMap(({ records, mark }) => records.filter((_, place) => engine.isBelow(place + 1, mark)))
  const speed = linesOf.flatMap(({ records, mark }) =>
    firstsOf(model, records, rememberedMs).filter(({ sequenceNumber }) => Number(sequenceNumber) > mark),
  )
  const contributionsOf = (records: readonly RawRecord[], layer: 'batch' | 'speed'): Contribution[] =>
    records.flatMap((record) => model.contributions(model.decode(record), layer))
  const merged = new Map<string, Map<string, Merged>>()
  const byName = new Map(model.data.metrics.map((metric) => [metric.name, metric]))
  const add = (contributions: readonly Contribution[], isSpeed: boolean): void => {
    for (const cell of fold(contributions.filter(({ distinct }) => distinct !== true))) {
      const metric = byName.get(cell.metric)
      if (metric !== undefined)
        mergeCell(engine, placeIn(merged, metric, cell.bucket, cell.dims), cell.components, isSpeed)
    }
    for (const one of contributions) {
      const metric = byName.get(one.metric)
      if (one.distinct === true && metric !== undefined)
        placeIn(merged, metric, one.bucket, one.dims).distinct.add(one.component)
    }
  }
  add(contributionsOf(engine.winners(model, batch), 'batch'), false)
  for (let from = 0; from < speed.length; from += batchRecords)
    add(contributionsOf(speed.slice(from, from + batchRecords), 'speed'), true)
  return new Map([...merged].map(([name, cells]) => [name, answersOf(engine, byName.get(name), cells)]))
}

const placeIn = (
  merged: Map<string, Map<string, Merged>>,
  { name, by }: MetricData,
  bucket: number,
  stored: readonly (string | null)[],
): Merged => {
  const cells = merged.get(name) ?? new Map<string, Merged>()
  merged.set(name, cells)
  const dims = stored.slice(0, by.length)
  const key = cellKey(bucket, dims)
  const cell = cells.get(key) ?? { components: new Map(), distinct: new Set(), bucket, dims, ofSpeed: false }
  cells.set(key, cell)
  return cell
}

type Folded = ReturnType<typeof fold>[number]['components']

const mergeCell = (engine: Engine, into: Merged, components: Folded, isSpeed: boolean): void => {
  into.ofSpeed ||= isSpeed
  for (const [component, { op, value }] of components) {
    const held = into.components.get(component)
    into.components.set(component, held === undefined ? BigInt(value) : engine.merge(op, held, BigInt(value)))
  }
}

const answersOf = (
  { answer }: Engine,
  metric: MetricData | undefined,
  cells: ReadonlyMap<string, Merged>,
): Map<string, Given> =>
  new Map(
    [...cells].map(([key, { components, distinct, ofSpeed }]) => {
      if (metric === undefined) throw new Error('A cell is of no metric.')
      const isCounted = metric.measure.kind === 'countDistinct' && !ofSpeed
      return [key, isCounted ? { value: BigInt(distinct.size), exact: true } : answer(metric.measure, components)]
    }),
  )
