import type { Hash64 } from '../../core/hash.ts'
import { Problem } from '../../core/problem.ts'
import type { RawObject } from '../../core/raw-archive.ts'
import { answerMetric, findMetric } from '../../lambdas/serving/metrics.ts'
import { readQuestion } from '../../lambdas/serving/question.ts'
import { answerWindow } from '../../lambdas/serving/windows.ts'
import { duplicatesWindowMs } from './functions.ts'
import {
  type Accepted,
  type Cells,
  type Counted,
  cellName,
  recount,
  recountWindow,
  withoutRetries,
  withoutTwins,
} from './oracle.ts'
import type { World } from './world.ts'

/** An answer that is not what the accepted records give. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

/** How often an answer was compared, and how often it was refused as the rules allow. */
export interface Tally {
  compared: number
  refused: number
}

export const metricNames = ['sales', 'turnover', 'best', 'customers', 'rejected']

/** @throws WrongAnswer where a metric's merged answer is not the recount of what each side has reached */
export const checkAnswers = async (
  world: World,
  names: readonly string[],
  hash: Hash64,
  tally: Tally,
): Promise<void> => {
  const { batch, speed } = reached(world)
  const kept = withoutRetries(world.accepted, world.ancestorsOf, duplicatesWindowMs)
  const counted = { batch, speed: speed.filter((record) => kept.has(record)) }
  const isChanged = world.deployed === 1
  for (const name of names) {
    const answered = await answer(world, name)
    if (answered === null) {
      tally.refused++
      continue
    }
    tally.compared++
    const once = recount(name, counted, isChanged, hash)
    compare(name, answered, once, world.isUnsureOfTwins ? recount(name, { batch, speed }, isChanged, hash) : once)
  }
}

/** Which records each side is to count now: those at or below the live tidemark by batch, those above by speed. */
const reached = (world: World): Counted => {
  const { control, mark, speedPosition } = world.warehouse.committed
  const live = control[0]?.liveDatasetId ?? ''
  const marks = new Map(mark.filter(({ datasetId }) => datasetId === live).map((row) => [row.shardId, row.mark]))
  const positions = new Map(speedPosition.map(({ shardId, position }) => [shardId, position]))
  const isBelow = ({ shardId, sequenceNumber }: Accepted): boolean => sequenceNumber <= (marks.get(shardId) ?? '')
  const isReached = ({ shardId, sequenceNumber }: Accepted): boolean => sequenceNumber <= (positions.get(shardId) ?? '')
  return {
    batch: withoutTwins(world.accepted.filter(isBelow)),
    speed: world.accepted.filter((record) => !isBelow(record) && isReached(record)),
  }
}

/** null: refused, as it may be while a definition changes. */
const answer = async ({ model, states }: World, name: string): Promise<Cells | null> => {
  const metric = findMetric(model.data, name)
  const names = metric.by.map((dimension) => dimension.name)
  const query = new URLSearchParams(names.length === 0 ? {} : { by: names.join(',') })
  try {
    const { rows } = await answerMetric(model.data, states, readQuestion(metric, query))
    return Object.fromEntries(
      rows.map(({ bucket, by, value, exact }) => [
        cellName(
          Date.parse(bucket ?? ''),
          names.map((dimension) => by[dimension] ?? null),
        ),
        `${value}${exact ? '' : ' or so'}`,
      ]),
    )
  } catch (error) {
    if (error instanceof Problem && error.code === 'definition_changed') return null
    throw error
  }
}

const withTime = (cell: string): string => cell.replace(/^\d+/, (bucket) => new Date(Number(bucket)).toISOString())

/** Cells that twins decide (`once` and `all` differ) are not compared: which twins counted is not known. */
const compare = (name: string, answered: Cells, once: Cells, all: Cells): void => {
  for (const cell of new Set([...Object.keys(answered), ...Object.keys(once), ...Object.keys(all)]))
    if (once[cell] === all[cell] && answered[cell] !== once[cell])
      throw new WrongAnswer(
        `${name}, ${withTime(cell)}: answered ${answered[cell] ?? 'nothing'}, counted ${once[cell] ?? 'nothing'}`,
      )
}

/** @throws WrongAnswer where the newest window, unless it says that it is refilling, is not the recount of its records */
export const checkWindow = async (world: World, tally: Tally): Promise<void> => {
  const { rows, receipt } = await answerWindow({
    model: world.model.data,
    store: world.windows,
    metric: 'sales',
    lastMs: 600_000,
    asOf: 'latest',
    by: ['shop'],
    now: world.now,
  })
  if (receipt.refilling) {
    tally.refused++
    return
  }
  const { positions, from, to } = receipt
  const records = world.accepted.filter(({ shardId, sequenceNumber }) => sequenceNumber <= (positions[shardId] ?? ''))
  const kept = withoutRetries(world.accepted, world.ancestorsOf, duplicatesWindowMs)
  const isChanged = world.deployed === 1
  const once = recountWindow(
    records.filter((record) => kept.has(record)),
    from,
    to,
    isChanged,
  )
  const all = world.isUnsureOfTwins ? recountWindow(records, from, to, isChanged) : once
  const answered = Object.fromEntries(rows.map(({ by, value }) => [JSON.stringify([by.shop ?? null]), String(value)]))
  tally.compared++
  compare('window of sales', answered, once, all)
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

/** @throws WrongAnswer where, with nothing left to do, anything but all accepted records is what is answered */
export const checkQuiet = async (world: World, hash: Hash64, tally: Tally): Promise<void> => {
  const counted = { batch: withoutTwins(world.accepted), speed: [] }
  for (const name of metricNames) {
    const answered = await answer(world, name)
    if (answered === null) throw new WrongAnswer(`${name} is still refused after the last recompute.`)
    tally.compared++
    const expected = recount(name, counted, world.deployed === 1, hash)
    compare(`${name}, at rest`, answered, expected, expected)
  }
}
