import type { Hash64 } from '../../core/hash.ts'
import type { MetricData, Model } from '../../core/model.ts'
import { Problem } from '../../core/problem.ts'
import type { RawObject } from '../../core/raw-archive.ts'
import { answerMetric, findMetric } from '../../lambdas/serving/metrics.ts'
import { type MetricQuestion, readQuestion } from '../../lambdas/serving/question.ts'
import { answerWindow } from '../../lambdas/serving/windows.ts'
import type { DatasetState } from '../../stores/ledger/dataset.ts'
import { type Accepted, type Cells, type Counted, cellName, recount, recountWindow, withoutTwins } from './oracle.ts'
import type { World } from './world.ts'

/** An answer that is not what the accepted records give. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

/** How often an answer was compared, and how often it was refused as the rules allow; of how many buckets the reasons were looked at. */
export interface Tally {
  compared: number
  refused: number
  reasons: number
}

export const metricNames = ['sales', 'turnover', 'best', 'customers', 'rejected']

/** @throws WrongAnswer where a metric's merged answer is not the recount of what each side has reached */
export const checkAnswers = async (
  world: World,
  names: readonly string[],
  hash: Hash64,
  tally: Tally,
): Promise<void> => {
  checkPromises(world)
  const reached = reachedBy(world)
  const counted = onlyThose(reached, world.kept.certainly)
  for (const model of new Set([world.served, world.model])) {
    const definitions = world.definitionsOf(model)
    for (const name of names) {
      const answered = await answer(world, model, name)
      if (answered === null && model === world.served)
        throw new WrongAnswer(`${name} is refused, though model ${model.data.version} of it is served`)
      if (answered === null) {
        tally.refused++
        continue
      }
      tally.compared++
      const once = recount(name, counted, definitions, hash)
      compare(name, answered, once, () => {
        const others = possible(world, reached)
        const of = (those: Counted): Cells => recount(name, those, definitions, hash)
        return {
          recounts: others.flatMap((other) => [
            of(other),
            ...(name === 'turnover' ? [wherePartsDiffer(once, counted, other, definitions, hash)] : []),
          ]),
          bounds: growing.has(name) ? [of(inAll([counted, ...others])), of(reached)] : null,
        }
      })
    }
  }
}

/** Which records each side is to count now, retries too: those at or below the live tidemark by batch, those above by speed. */
const reachedBy = (world: World): Counted => {
  const { control, dataset, mark, speedPosition } = world.warehouse.committed
  const live = control[0]?.liveDatasetId ?? ''
  const marks = new Map(mark.filter(({ datasetId }) => datasetId === live).map((row) => [row.shardId, row.mark]))
  const positions = new Map(speedPosition.map(({ shardId, position }) => [shardId, position]))
  const revision = dataset.find(({ datasetId }) => datasetId === live)?.exclusions ?? 0
  const isBelow = ({ shardId, sequenceNumber }: Accepted): boolean => sequenceNumber <= (marks.get(shardId) ?? '')
  const isReached = ({ shardId, sequenceNumber }: Accepted): boolean => sequenceNumber <= (positions.get(shardId) ?? '')
  return {
    batch: withoutTwins(
      world.accepted.filter((record) => isBelow(record) && !world.exclusions.leavesOut(revision, record)),
    ),
    speed: world.accepted.filter((record) => !isBelow(record) && isReached(record) && !world.kept.isLeftOut(record)),
  }
}

const onlyThose = ({ batch, speed }: Counted, isCounted: ReadonlySet<Accepted>): Counted => ({
  batch,
  speed: speed.filter((one) => isCounted.has(one)),
})

/** What else may be counted, where that is not certain. */
const possible = ({ kept, exclusions, isUnsureOfTwins }: World, reached: Counted): Counted[] => [
  ...(isUnsureOfTwins ? [reached, onlyThose(reached, kept.firstsOfOneLine)] : []),
  ...(exclusions.areAny ? [onlyThose(reached, kept.atMost)] : []),
]

/** What speed counts in each of these cases. */
const inAll = (cases: readonly Counted[]): Counted => {
  const [{ batch, speed } = { batch: [], speed: [] }, ...others] = cases
  const isInOthers = (record: Accepted): boolean => others.every((other) => other.speed.includes(record))
  return { batch, speed: speed.filter(isInOthers) }
}

/** The turnover, but for the cells that another number of sales has a part in: their sums may be alike by chance. */
const wherePartsDiffer = (once: Cells, counted: Counted, other: Counted, definitions: number, hash: Hash64): Cells => {
  const [ours, theirs] = [counted, other].map((each) => recount('sales of a turnover', each, definitions, hash))
  return new Map([...once].filter(([cell]) => ours?.get(cell) === theirs?.get(cell)))
}

/** @throws WrongAnswer where a shard counts records by an older revision than an operator was told */
const checkPromises = ({ exclusions, accepted, warehouse }: World): void => {
  if (!exclusions.areAny) return
  const positions = new Map(warehouse.committed.speedPosition.map(({ shardId, position }) => [shardId, position]))
  for (const record of accepted) {
    if (record.sequenceNumber > (positions.get(record.shardId) ?? '')) continue
    const [told, held] = [exclusions.promisedTo(record), exclusions.revisionOf(record)]
    if (held < told)
      throw new WrongAnswer(
        `${record.shardId}, ${BigInt(record.sequenceNumber)}: is counted by revision ${held} of the exclusions, ${told} was said to be in force`,
      )
  }
}

/** null: refused, as it may be while a definition changes, by the new one alone. */
const answer = async ({ states }: World, model: Model, name: string): Promise<Cells | null> => {
  const question = questionOf(model, name)
  try {
    const { rows } = await answerMetric(model.data, states, question)
    return new Map(
      rows.map(({ bucket, by, value, exact }) => [
        cellName(
          Date.parse(bucket ?? ''),
          question.by.map((dimension) => by[dimension] ?? null),
        ),
        `${value}${exact ? '' : ' or so'}`,
      ]),
    )
  } catch (error) {
    if (error instanceof Problem && error.code === 'definition_changed') return null
    throw error
  }
}

const questions = new WeakMap<Model, Map<string, MetricQuestion>>()

/** Of all that is there, by all dimensions: the same question at every step, and so read once. */
const questionOf = (model: Model, name: string): MetricQuestion => {
  const known = questions.get(model) ?? new Map<string, MetricQuestion>()
  questions.set(model, known)
  const question = known.get(name) ?? readWhole(findMetric(model.data, name))
  known.set(name, question)
  return question
}

const readWhole = (metric: MetricData): MetricQuestion => {
  const names = metric.by.map((dimension) => dimension.name)
  return readQuestion(metric, new URLSearchParams(names.length === 0 ? {} : { by: names.join(',') }))
}

const withTime = (cell: string): string => cell.replace(/^\d+/, (bucket) => new Date(Number(bucket)).toISOString())

/** What else a cell may hold. */
interface Leeway {
  /** Recounts of what may have counted instead: a cell that these differ in is not certain. */
  readonly recounts: readonly Cells[]
  /** The least and the most that may have counted: what is not certain lies between. null: more records don't make more. */
  readonly bounds: readonly [least: Cells, most: Cells] | null
}

const noLeeway: Leeway = { recounts: [], bounds: null }

/** Metrics whose cells never get less by a record more. */
const growing = new Set(['sales', 'best', 'rejected'])

/** @param leeway asked for only where a cell differs, which is seldom */
const compare = (name: string, answered: Cells, once: Cells, leeway: () => Leeway): void => {
  const differing = [...answered.keys()].filter((cell) => answered.get(cell) !== once.get(cell))
  for (const cell of once.keys()) if (!answered.has(cell)) differing.push(cell)
  if (differing.length === 0) return
  const { recounts, bounds } = leeway()
  for (const cell of differing) {
    const isCertain = recounts.every((other) => other.get(cell) === once.get(cell))
    if (isCertain || (bounds !== null && !isWithin(cell, answered, bounds)))
      throw new WrongAnswer(
        `${name}, ${withTime(cell)}: answered ${answered.get(cell) ?? 'nothing'}, counted ${once.get(cell) ?? 'nothing'}${isCertain ? '' : `, which may be ${bounds?.map((each) => each.get(cell) ?? 'nothing').join(' to ')}`}`,
      )
  }
}

const isWithin = (cell: string, answered: Cells, [least, most]: readonly [Cells, Cells]): boolean => {
  const [low, value, high] = [least, answered, most].map((cells) => Number(cells.get(cell) ?? Number.NEGATIVE_INFINITY))
  return (low ?? 0) <= (value ?? 0) && (value ?? 0) <= (high ?? 0)
}

/** @throws WrongAnswer where the newest window, by a model that is counted by, is not the recount of its records, unless it says that it is refilling */
export const checkWindows = async (world: World, tally: Tally): Promise<void> => {
  for (const model of new Set([world.served, world.model])) await checkWindow(world, model, tally)
}

const checkWindow = async (world: World, model: Model, tally: Tally): Promise<void> => {
  const { rows, receipt } = await answerWindow({
    model: model.data,
    store: world.windows,
    metric: 'sales',
    lastMs: 600_000,
    asOf: 'latest',
    by: ['shop'],
    now: world.now,
  })
  // An emptied store has no positions: what was reached once must still be there, unless it says otherwise.
  for (const [shardId, position] of Object.entries(receipt.positions))
    if (position > (world.windowReached.get(shardId) ?? '')) world.windowReached.set(shardId, position)
  if (receipt.refilling && !world.wasEmptied && !world.hasDeployed)
    throw new WrongAnswer('The window is told to be refilling, though nothing was ever taken from it.')
  const { from, to } = receipt
  const { windowReached } = world
  const records = world.accepted.filter((one) => one.sequenceNumber <= (windowReached.get(one.shardId) ?? ''))
  const { exclusions, kept } = world
  const isCertain = (record: Accepted): boolean => exclusions.isInWindow(record) === true
  const isPossible = (record: Accepted): boolean => exclusions.isInWindow(record) !== false
  const counted = (isCounted: (record: Accepted) => boolean): Cells =>
    recountWindow(records.filter(isCounted), from, to, world.definitionsOf(model))
  const among = (those: ReadonlySet<Accepted>, isCounted: (record: Accepted) => boolean): Cells =>
    counted((record) => those.has(record) && isCounted(record))
  const answered = new Map(rows.map(({ by, value }) => [JSON.stringify([by.shop ?? null]), String(value)]))
  const most = counted(isPossible)
  if (receipt.refilling) {
    tally.refused++
    const cell = [...answered.keys()].find((each) => !isWithin(each, answered, [new Map(), most]))
    if (cell !== undefined)
      throw new WrongAnswer(
        `window of sales, refilling, ${cell}: answered ${answered.get(cell)}, of ${most.get(cell) ?? 'nothing'} at most`,
      )
    return
  }
  tally.compared++
  compare('window of sales', answered, among(kept.certainly, isCertain), () => {
    const { certainly, atMost, firstsOfOneLine } = kept
    const { isUnsureOfTwins } = world
    const isInAll = (record: Accepted): boolean =>
      certainly.has(record) && atMost.has(record) && (!isUnsureOfTwins || firstsOfOneLine.has(record))
    return {
      recounts: [
        ...(isUnsureOfTwins ? [counted(isCertain), most, among(firstsOfOneLine, isCertain)] : []),
        ...(exclusions.areAny
          ? [among(certainly, isPossible), among(atMost, isCertain), among(atMost, isPossible)]
          : []),
      ],
      bounds: [counted((record) => isInAll(record) && isCertain(record)), most],
    }
  })
}

/** @throws WrongAnswer where a dataset that has ended is taken back by a step that came late, or what is served is not promoted */
export const checkStates = ({ warehouse }: World, before: ReadonlyMap<string, DatasetState>): void => {
  const { control, dataset } = warehouse.committed
  const live = control[0]?.liveDatasetId ?? ''
  for (const { datasetId, state } of dataset) {
    const was = before.get(datasetId)
    const isTakenBack = (was === 'promoted' || was === 'failed') && state !== was && state !== 'promoted'
    if (isTakenBack || (datasetId === live && state !== 'promoted'))
      throw new WrongAnswer(
        `${datasetId} is ${state}${datasetId === live ? ', and served' : ''}; it was ${was ?? 'not there'}`,
      )
  }
}

/**
 * @param servedInSlots the datasets that were served, and have stood in their slots since: they can be gone back to at once
 * @returns the same as of now
 * @throws WrongAnswer where what is served stands in no slot, or speed rows are pruned that one of them needs above its mark
 */
export const checkSlots = ({ warehouse }: World, servedInSlots: ReadonlySet<string>): ReadonlySet<string> => {
  const { control, mark, pruned } = warehouse.committed
  const [{ liveDatasetId = '', slots = null } = {}] = control
  const loaded = Object.values(slots ?? {}).flatMap(({ datasetId, state }) => (state === 'loaded' ? [datasetId] : []))
  if (liveDatasetId !== '' && !loaded.includes(liveDatasetId))
    throw new WrongAnswer(`${liveDatasetId} is served, and stands loaded in no slot`)
  const standing = loaded.filter((datasetId) => datasetId === liveDatasetId || servedInSlots.has(datasetId))
  for (const { shardId, prunedTo } of pruned)
    for (const datasetId of standing) {
      const own = mark.find((row) => row.datasetId === datasetId && row.shardId === shardId)?.mark ?? ''
      if (prunedTo > own)
        throw new WrongAnswer(
          `${shardId} is pruned up to ${prunedTo}; ${datasetId} needs all above ${own || 'its start'}`,
        )
    }
  return new Set(standing)
}

/** @throws WrongAnswer where the archive misses a record at or below its position: a tidemark could pass it */
export const checkArchive = async ({ archive, accepted }: World): Promise<void> => {
  for (const shardId of await archive.listRawShards()) {
    const objects: RawObject[] = []
    for await (const object of archive.listRaw(shardId, null)) objects.push(object)
    const position =
      objects
        .map(({ last }) => last)
        .sort()
        .at(-1) ?? ''
    const isHeld = (sequenceNumber: string): boolean =>
      objects.some(({ first, last }) => first <= sequenceNumber && sequenceNumber <= last)
    for (const record of accepted)
      if (record.shardId === shardId && record.sequenceNumber <= position && !isHeld(record.sequenceNumber))
        throw new WrongAnswer(`The archive is at ${position} in ${shardId}, but lacks ${record.sequenceNumber}.`)
  }
}

/** @throws WrongAnswer where a part was given all records, and has not taken the last of a shard; a window that was emptied begins anew */
export const checkReached = async ({ stream, archive, warehouse, windows, wasEmptied }: World): Promise<void> => {
  const table = new Map(warehouse.committed.speedPosition.map(({ shardId, position }) => [shardId, position]))
  for (const { shardId, records } of stream.all) {
    const last = records.at(-1)?.sequenceNumber
    if (last === undefined) continue
    const raw: RawObject[] = []
    for await (const object of archive.listRaw(shardId, null)) raw.push(object)
    const window = wasEmptied ? last : (await windows.open(shardId)).position?.position
    const reached = { archive: raw.at(-1)?.last, 'speed table': table.get(shardId), window }
    for (const [part, position] of Object.entries(reached))
      if (position !== last)
        throw new WrongAnswer(`The ${part} was given all of ${shardId} up to ${last}, and is at ${position}`)
  }
}

/** @throws WrongAnswer where, with nothing left to do, anything but all accepted records is what is answered */
export const checkQuiet = async (world: World, hash: Hash64, tally: Tally): Promise<void> => {
  const { newest } = world.exclusions
  const all = world.accepted.filter((record) => !world.exclusions.leavesOut(newest, record))
  const counted = { batch: withoutTwins(all), speed: [] }
  for (const name of metricNames) {
    const answered = await answer(world, world.model, name)
    if (answered === null) throw new WrongAnswer(`${name} is still refused after the last recompute.`)
    tally.compared++
    const expected = recount(name, counted, world.deployed, hash)
    compare(`${name}, at rest`, answered, expected, () => noLeeway)
  }
}
